#pragma once
// A repository in memory under a clock that moves, to be pruned.

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/test_clock.hpp"
#include "repository/check.hpp"
#include "repository/prune.hpp"
#include "support/unruly_location.hpp"
#include "unit/repository/fixture.hpp"

namespace bt2c::repository::test {

constexpr base::UnixMs hour_ms = 3'600'000, day_ms = 24 * hour_ms;

class PruneFixture : public testing::Test {
 protected:
    void TearDown() override { base::shift_clock(0); }
    void pass(base::UnixMs time) { base::shift_clock(shift_ += time); }

    static Repository make(const std::shared_ptr<storage::Location>& location) {
        std::vector<Repository::LabelledSecret> secrets;
        secrets.push_back({key_secret(), "test"});
        return Repository::init(location, secrets);
    }
    /// A backup of one pack, and those of its parent.
    Manifest back_up(const Repository& where, BackupType type = BackupType::full,
                     const Manifest* parent = nullptr) {
        Manifest manifest;
        manifest.id = ObjectId::random();
        manifest.type = type;
        manifest.sequence = ++sequence_;
        manifest.finished_at = base::now_unix_ms();
        manifest.image = ImageInfo{4096, 1, 64, 0, std::string(64, '0'), "delete"};
        if (parent) {
            manifest.parent = parent->id;
            manifest.packs = parent->packs;
        }
        PackWriter writer(where.location(), where.keys(), manifest.id, 4096);
        writer.add(BlobKind::file_piece, base::Bytes(1000, 7), 1000);
        const auto own = writer.finish();
        manifest.packs.push_back({own[0].id, manifest.id, own[0].bytes});
        where.store_backup(manifest, own);
        writer.commit();
        return manifest;
    }
    PruneReport prune(PruneRequest request = {}) {
        base::SilentProgress silent;
        return repository::prune(*repository, places, request, silent);
    }
    /// Daily, for so long.
    void prune_for(int days) {
        for (int day = 0; day < days; ++day) {
            pass(25 * hour_ms);
            prune();
        }
    }
    bool has(const std::string& name) { return memory->memory.size_of(name).has_value(); }
    bool has(const Manifest& manifest) { return has(object_name(ObjectType::manifest, manifest.id)); }
    bool has_pack(const Manifest& manifest) {
        return has(object_name(ObjectType::pack, manifest.packs.back().id));
    }
    std::set<std::string> listed() {
        std::set<std::string> ids;
        for (const Manifest& manifest : repository->list().backups) ids.insert(manifest.id.hex());
        return ids;
    }
    /// What 'repository check' says, by object. These backups have no pages, which it finds too.
    std::map<std::string, FindingKind> findings() {
        base::SilentProgress silent;
        std::map<std::string, FindingKind> found;
        for (const CheckFinding& finding : check_repository(*repository, false, silent).findings)
            found[finding.object] = finding.kind;
        return found;
    }
    /// Two backups of which the first goes by the rules.
    std::pair<Manifest, Manifest> old_and_new() {
        const Manifest old = back_up(*repository);
        pass(400 * day_ms);
        return {old, back_up(*repository)};
    }

    std::shared_ptr<support::UnrulyLocation> memory = std::make_shared<support::UnrulyLocation>();
    std::optional<Repository> repository = make(memory);
    std::vector<PrunePlace> places{{"local", memory, 1}};

 private:
    base::UnixMs shift_ = 0;
    std::uint64_t sequence_ = 0;
};

}  // namespace bt2c::repository::test
