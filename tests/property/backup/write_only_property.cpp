// [B5] Random pages, backed up by a node that cannot read its backups, with kills between manifest and state,
// lost states and other page sizes: each backup that exists is what was there, byte for byte, for the team
// that opens it.

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <map>
#include <optional>

#include "backup/backup.hpp"
#include "backup/writer_state.hpp"
#include "base/error.hpp"
#include "chaindb/sqlite/connection.hpp"
#include "repository/check.hpp"
#include "repository/image_reader.hpp"
#include "storage/memory/memory_location.hpp"
#include "support/temporary_folder.hpp"

namespace bt2c::backup {
namespace {

namespace fs = std::filesystem;
using chaindb::sqlite::Connection;
using repository::BackupType;
using repository::Manifest;
using repository::Repository;

int upto(int end) {
    return *rc::gen::inRange(0, end);
}

class Node {
 public:
    Node() {
        fs::create_directories(home.database().parent_path());
        Connection database = open_database();
        database.execute(base_sql);
        folder.write("home/config/node.json", "{}");
    }

    void change() {
        Connection database = open_database();
        const int what = upto(8);
        if (what < 3)
            insert(database, 1 + upto(40));
        else if (what < 5)
            database.execute("UPDATE t SET b = randomblob(length(b)) WHERE id % 7 = " +
                             std::to_string(upto(7)));
        else if (what == 5)
            database.execute("DELETE FROM t WHERE id % 3 = " + std::to_string(upto(3)));
        else if (what == 6)
            database.execute("VACUUM");
        else
            folder.write("home/config/node.json", std::string(static_cast<std::size_t>(upto(5000)), 'n'));
    }

    void change_page_size() {
        Connection database = open_database();
        page_size_ = page_size_ == 1024 ? 4096 : 1024;
        database.execute("PRAGMA page_size = " + std::to_string(page_size_) + "; VACUUM");
        other_page_size = !other_page_size;
    }

    /// nullopt where it is refused since there is nothing to build on.
    std::optional<Manifest> back_up(BackupType type) {
        BackupRequest request;
        request.type = type;
        request.program = "test";
        base::SilentProgress silent;
        try {
            const Repository node = Repository::open_to_write(location, team.keys().write_key());
            const BackupResult made = make_backup(home, node, request, silent);
            images[made.manifest.id.hex()] = support::file_text(home.database());
            if (made.manifest.type == BackupType::full) other_page_size = false;
            return made.manifest;
        } catch (const base::Error& error) {
            RC_ASSERT(error.kind() == base::ErrorKind::failed);
            RC_ASSERT(!error.hint().empty());
            return std::nullopt;
        }
    }

    void expect_all_restorable() const {
        base::SilentProgress silent;
        const repository::CheckReport report = repository::check_repository(team, true, silent);
        RC_ASSERT(report.ok && report.findings.empty());
        const repository::BackupList list = team.list();
        RC_ASSERT(list.damaged.empty());
        RC_ASSERT(list.backups.size() == images.size());
        for (const Manifest& manifest : list.backups) {
            const repository::ImageReader reader(team, manifest);
            base::Bytes image(reader.image().bytes());
            reader.read_groups(0, reader.group_count(), image);
            RC_ASSERT(base::as_text(image) == images.at(manifest.id.hex()));
            RC_ASSERT(manifest.write_only);
        }
    }

    support::TemporaryFolder folder;
    config::Home home{folder / "home"};
    std::shared_ptr<storage::memory::MemoryLocation> location =
        std::make_shared<storage::memory::MemoryLocation>();
    Repository team = make();
    std::map<std::string, std::string> images;  ///< by backup
    bool other_page_size = false;               ///< than that of the latest full backup

    fs::path state() const { return WriterState::file(home, team.id()); }

 private:
    static constexpr const char* base_sql =
        "PRAGMA page_size = 1024; CREATE TABLE t (id INTEGER PRIMARY KEY, b BLOB);"
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200)"
        " INSERT INTO t (b) SELECT randomblob(600) FROM n";

    Repository make() const {
        std::vector<Repository::LabelledSecret> secrets;
        secrets.push_back(
            {{repository::SlotKind::key_file, crypto::SecretBytes::copy_of(base::Bytes(32, 7))}, "team"});
        return Repository::init(location, secrets);
    }
    static void insert(Connection& database, int rows) {
        database.execute("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < " +
                         std::to_string(rows) + ") INSERT INTO t (b) SELECT randomblob(900) FROM n");
    }
    Connection open_database() const {
        Connection database = Connection::open(home.database(), Connection::Mode::create);
        database.execute("PRAGMA synchronous = OFF");  // no power fails here
        return database;
    }

    int page_size_ = 1024;
};

TEST(WriteOnlyProperty, EveryBackupIsWhatWasThere) {
    const bool held = rc::check([] {
        Node node;
        std::string older_state;  // before the latest backup
        bool has_state = false;
        const auto steps = *rc::gen::container<std::vector<int>>(14, rc::gen::inRange(0, 16));
        for (const int step : steps) {
            if (step < 4) {
                node.change();
            } else if (step < 11) {
                const std::string before = support::file_text(node.state());
                const bool other = node.other_page_size;
                const auto made = node.back_up(BackupType::incremental);
                RC_ASSERT(made.has_value() == has_state);
                if (!made) continue;
                if (other) RC_ASSERT(made->type == BackupType::full);  // nothing to build on
                older_state = before;
            } else if (step < 13) {
                older_state = support::file_text(node.state());
                const bool other = node.other_page_size;
                RC_ASSERT(node.back_up(BackupType::full));
                // As after a kill between manifest and state: the node has what it had.
                if (step == 12 && has_state) {
                    fs::remove(node.state());
                    node.folder.write(node.state(), older_state);
                    node.other_page_size = other;
                } else {
                    has_state = true;
                }
            } else if (step == 13) {
                RC_ASSERT(node.back_up(BackupType::safety));
            } else if (step == 14 && has_state && !older_state.empty() && !node.other_page_size) {
                // A backup whose state was not written any more; of a full one it is the case above.
                const auto before = support::file_text(node.state());
                node.change();
                RC_ASSERT(node.back_up(BackupType::incremental));
                fs::remove(node.state());
                node.folder.write(node.state(), before);
            } else if (step == 15) {
                if (upto(2) == 0) {
                    fs::remove(node.state());
                    has_state = false;
                } else {
                    node.change_page_size();
                }
            }
        }
        node.expect_all_restorable();
    });
    EXPECT_TRUE(held);
}

}  // namespace
}  // namespace bt2c::backup
