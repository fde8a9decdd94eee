#pragma once
// Nodes that back up, and processes that die, pause and prune, in a world whose clock jumps about.

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <type_traits>

#include "backup/backup.hpp"
#include "base/test_clock.hpp"
#include "base/text.hpp"
#include "chaindb/sqlite/connection.hpp"
#include "repository/image_reader.hpp"
#include "repository/pack_set.hpp"
#include "storage/memory/memory_location.hpp"
#include "support/temporary_folder.hpp"

namespace bt2c::backup::test {

using base::UnixMs;
using repository::BackupType;
using repository::Manifest;
using repository::ObjectId;
using repository::Repository;
using storage::memory::MemoryLocation;

constexpr UnixMs minute_ms = 60'000, hour_ms = 60 * minute_ms, day_ms = 24 * hour_ms;

class Random {
 public:
    explicit Random(std::uint64_t seed) : engine_(seed) {}
    /// 0 to end - 1.
    int upto(int end) { return static_cast<int>(engine_() % static_cast<std::uint64_t>(end)); }
    bool one_in(int times) { return upto(times) == 0; }

 private:
    std::mt19937_64 engine_;
};

/// The clock of all processes. Moved back to the real one at the end.
class Clock {
 public:
    ~Clock() { base::shift_clock(0); }
    void move(UnixMs by) {
        base::shift_clock(shift_ += std::min(by, std::max<UnixMs>(0, latest_ - base::now_unix_ms())));
    }
    /// Of those that are held up inside of each other, each goes on in time.
    void hold_up(UnixMs at_most, const std::function<void()>& meanwhile) {
        const UnixMs latest = latest_;
        latest_ = std::min(latest_, base::now_unix_ms() + at_most);
        meanwhile();
        latest_ = latest;
    }

 private:
    UnixMs shift_ = 0;
    UnixMs latest_ = std::numeric_limits<UnixMs>::max();
};

/// One process's way to a location: it dies at a call, or is held up there while others run.
class ProcessView final : public storage::Location {
 public:
    ProcessView(std::shared_ptr<MemoryLocation> memory) : memory_(std::move(memory)) {}

    int dies_at = -1;          ///< number of the call; -1: never
    bool dies_behind = false;  ///< the call is done and nobody hears of it
    int pauses_at = -1;
    std::string pauses_on;  ///< how the call begins, instead of its number; the first such call
    std::function<void(const std::string& call)> pause;

    std::string describe() const override { return "view"; }
    bool put(const std::string& name, base::ByteView contents) override {
        return step("put " + name, [&] { return memory_->put(name, contents); });
    }
    std::optional<base::Bytes> get(const std::string& name) override {
        return step("get", [&] { return memory_->get(name); });
    }
    std::optional<base::Bytes> get_range(const std::string& name, std::uint64_t offset,
                                         std::uint64_t size) override {
        return step("get", [&] { return memory_->get_range(name, offset, size); });
    }
    std::optional<std::uint64_t> size_of(const std::string& name) override {
        return step("get", [&] { return memory_->size_of(name); });
    }
    std::vector<storage::ObjectInfo> list(const std::string& folder) override {
        return step("list", [&] { return memory_->list(folder); });
    }
    bool remove(const std::string& name) override {
        return step("remove " + name, [&] { return memory_->remove(name); });
    }
    bool dead() const { return dead_; }

 private:
    static base::Error killed() {
        return base::Error(base::ErrorKind::failed, "cannot go on").cause("the process was killed");
    }
    template <typename Call>
    std::invoke_result_t<Call> step(const std::string& call, Call run) {
        // A process has threads; while it is held up none of them goes on.
        const std::lock_guard lock(mutex_);
        const int number = calls_++;
        if (dead_) throw killed();
        const bool named = !pauses_on.empty() && call.starts_with(pauses_on);
        if (named) pauses_on.clear();
        if ((named || number == pauses_at) && pause) pause(call);
        if (number == dies_at) {
            dead_ = true;
            if (dies_behind) run();
            throw killed();
        }
        return run();
    }

    std::shared_ptr<MemoryLocation> memory_;
    std::recursive_mutex mutex_;
    int calls_ = 0;
    bool dead_ = false;
};

/// A home with a small database. Its backups bear names, by which it is known what must be in them.
class Node {
 public:
    explicit Node(std::map<std::string, std::string>& images) : images_(images) {
        std::filesystem::create_directories(home_.database().parent_path());
        auto database = open_database();
        database.execute(
            "PRAGMA page_size = 1024; CREATE TABLE t (id INTEGER PRIMARY KEY, b BLOB);"
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40)"
            " INSERT INTO t (b) SELECT randomblob(600) FROM n");
        folder_.write("home/config/node.json", "{}");
    }

    void change(Random& random) {
        auto database = open_database();
        const std::string which = std::to_string(random.upto(7));
        if (random.one_in(3))
            database.execute("INSERT INTO t (b) SELECT randomblob(900) FROM t WHERE id % 7 = " + which +
                             " LIMIT 5; DELETE FROM t WHERE id > 90");
        else
            database.execute("UPDATE t SET b = randomblob(length(b)) WHERE id % 7 = " + which);
        if (random.one_in(4))
            folder_.write("home/config/node.json",
                          std::string(static_cast<std::size_t>(random.upto(3000)), 'n'));
    }

    /// Throws Error where it is killed, refused, or has nothing to build on.
    void back_up(const Repository& repository, BackupType type) {
        const std::string name = "backup " + std::to_string(images_.size());
        images_[name] = support::file_text(home_.database());
        base::SilentProgress silent;
        BackupRequest request{
            .type = type, .program = "test", .node = repository::NodeIdentity{name, ""}, .takeover = true};
        make_backup(home_, repository, request, silent);
    }

 private:
    chaindb::sqlite::Connection open_database() const {
        auto database =
            chaindb::sqlite::Connection::open(home_.database(), chaindb::sqlite::Connection::Mode::create);
        database.execute("PRAGMA synchronous = OFF");  // no power fails here
        return database;
    }

    std::map<std::string, std::string>& images_;
    support::TemporaryFolder folder_;
    config::Home home_{folder_ / "home"};
};

/// Every listed backup is what was there, byte for byte.
inline void require_restorable(const Repository& repository,
                               const std::map<std::string, std::string>& images) {
    const repository::BackupList list = repository.list();
    for (const auto& damaged : list.damaged) ADD_FAILURE() << damaged.id << ": " << damaged.reason;
    for (const Manifest& manifest : list.backups) try {
            const repository::ImageReader reader(repository, manifest);
            base::Bytes image(reader.image().bytes());
            reader.read_groups(0, reader.group_count(), image);
            const std::string& expected = images.at(manifest.node->name);
            const auto differs = std::ranges::mismatch(expected, base::as_text(image));
            ASSERT_TRUE(base::as_text(image) == expected)
                << manifest.id.hex() << " " << manifest.node->name << " differs at "
                << differs.in1 - expected.begin() << " of " << expected.size() << ", read " << image.size();
            const repository::PackSet packs(repository, manifest);
            for (const repository::FileEntry& file : manifest.files)
                for (const repository::BlobReference& piece : file.pieces) packs.contents(piece);
        } catch (const base::Error& error) {
            FAIL() << manifest.id.hex() << ": " << error.message() << ": " << error.cause();
        }
}

inline Repository make_repository(const std::shared_ptr<storage::Location>& location) {
    std::vector<Repository::LabelledSecret> secrets;
    secrets.push_back(
        {{repository::SlotKind::key_file, crypto::SecretBytes::copy_of(base::Bytes(32, 7))}, "x"});
    return Repository::init(location, secrets);
}

inline std::uint64_t test_number(const char* variable, std::uint64_t usual) {
    const char* text = std::getenv(variable);
    return text ? std::stoull(text) : usual;
}

}  // namespace bt2c::backup::test
