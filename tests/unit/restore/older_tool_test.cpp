// Backups of the older Python tool. [R1]
#include "restore/older_tool.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/error.hpp"
#include "chaindb/chain_tables.hpp"
#include "chaindb/sqlite/connection.hpp"
#include "sample/append_blocks.hpp"
#include "sample/create_chain.hpp"
#include "support/temporary_folder.hpp"

namespace bt2c::restore {
namespace {

namespace fs = std::filesystem;
using base::Error;
using chaindb::sqlite::Connection;

/// All rows of a table as text, in their order.
std::string rows_of(Connection& database, const std::string& table) {
    std::string text;
    const auto columns = database.query_integer("SELECT count(*) FROM pragma_table_info('" + table + "')");
    auto rows = database.prepare("SELECT * FROM " + table + " ORDER BY rowid");
    while (rows.next()) {
        for (int i = 0; i < columns; ++i)
            text += std::to_string(static_cast<int>(rows.type(i))) + rows.string(i) + "|";
        text += "\n";
    }
    return text;
}

/// A backup folder as the older tool makes it, from a chain that grows by 5 blocks between its backups.
class OlderTool : public testing::Test {
 protected:
    void make_folder(bool wal = false) {
        fs::create_directories(backups);
        sample::ChainOptions options;
        options.layout = sample::Layout::orm;
        options.networks = {"testnet"};
        options.blocks = 40;
        options.wal = wal;
        sample::create_chain(live, options);
        auto node = Connection::open(live, Connection::Mode::read_write);
        node.execute("CREATE TABLE notes (text TEXT, number); INSERT INTO notes VALUES ('old', 1)");
        node.execute("PRAGMA wal_checkpoint(TRUNCATE)");
        fs::copy_file(live, backups / "bt2c_backup_full_A.db");
        write_manifest("A", R"({"timestamp":"A","type":"full",)"
                            R"("database":"/home/v/.bt2c/backups/bt2c_backup_full_A.db",)"
                            R"("config":"/home/v/.bt2c/backups/config_backup_A",)"
                            R"("keys":"/home/v/.bt2c/backups/keys_backup_A","blockchain_height":39})");
        folder.write("backups/config_backup_A/validator.json", "{}");
        folder.write("backups/config_backup_A/sub/peers.json", "[]");
        folder.write("backups/keys_backup_A/validator.pem", std::string(1'500'000, 'k'));
        fs::permissions(backups / "config_backup_A/validator.json", fs::perms(0640));
        fs::permissions(backups / "keys_backup_A/validator.pem", fs::perms(0644));
    }
    void write_manifest(const std::string& stamp, const std::string& json) const {
        folder.write("backups/backup_manifest_" + stamp + ".json", json);
    }
    /// Blocks `first` on, as the older tool copies them; with a manifest that tells `start` and `end`.
    void make_incremental(const std::string& stamp, int first, int start, int end,
                          const std::string& base = "bt2c_backup_full_A.db") const {
        const fs::path file = backups / ("bt2c_backup_incremental_" + stamp + ".db");
        fs::copy_file(live, file);
        auto layer = Connection::open(file, Connection::Mode::read_write);
        layer.execute(
            "DELETE FROM transactions WHERE block_hash IN (SELECT hash FROM blocks WHERE height < " +
            std::to_string(first) + ")");
        layer.execute("DELETE FROM blocks WHERE height < " + std::to_string(first));
        layer.execute("DELETE FROM validators; VACUUM");
        write_manifest(stamp, R"({"timestamp":"x","type":"incremental","database":"/h/)" +
                                  file.filename().native() + R"(","base_backup":"/h/)" + base +
                                  R"(","start_height":)" + std::to_string(start) + R"(,"end_height":)" +
                                  std::to_string(end) + "}");
    }
    void grow(int blocks) const {
        auto node = Connection::open(live, Connection::Mode::read_write);
        sample::append_blocks(node, blocks);
        node.execute("PRAGMA wal_checkpoint(TRUNCATE)");
    }
    /// The database that a source gives.
    fs::path write(const RestoreSource& source) const {
        base::SilentProgress progress;
        const fs::path target = folder / "restored.db";
        platform::DurableFile file(target, 0600);
        source.database->write(file, progress);
        file.sync();
        file.commit(platform::DurableFile::Existing::replace);
        return target;
    }
    Error error_of(const fs::path& path) const {
        try {
            const auto source = source_of_older_backup(path);
            if (source) write(*source);
        } catch (const Error& error) {
            EXPECT_NE(error.message().find("cannot restore"), std::string::npos) << error.message();
            EXPECT_NE(error.cause(), "");
            return error;
        }
        ADD_FAILURE() << "nothing was thrown";
        return {base::ErrorKind::failed, ""};
    }
    /// The restored database has the chain of the live one.
    void expect_live_chain(const fs::path& restored) const {
        auto expected = Connection::open(live, Connection::Mode::read_write);
        auto got = Connection::open(restored, Connection::Mode::read_write);
        for (const char* table : {"blocks", "transactions", "notes"})
            EXPECT_EQ(rows_of(got, table), rows_of(expected, table)) << table;
        EXPECT_EQ(got.query_text("PRAGMA integrity_check"), "ok");
    }

    support::TemporaryFolder folder;
    fs::path backups = folder / "backups";
    fs::path live = folder / "live.db";
};

const FileSource* find(const RestoreSource& source, const std::string& path) {
    for (const FileSource& file : source.files)
        if (file.entry.path == path) return &file;
    return nullptr;
}

TEST_F(OlderTool, FullOnesComeWithTheirConfigurationAndKeys) {
    make_folder();
    for (const char* name : {"bt2c_backup_full_A.db", "backup_manifest_A.json"}) {
        const auto source = source_of_older_backup(backups / name);
        ASSERT_TRUE(source) << name;
        EXPECT_EQ(source->networks.at(0).height, 39);
        expect_live_chain(write(*source));
        ASSERT_NE(find(*source, "config/validator.json"), nullptr);
        EXPECT_EQ(find(*source, "config/validator.json")->entry.mode, 0640U);
        ASSERT_NE(find(*source, "config/sub"), nullptr);
        EXPECT_EQ(find(*source, "config/sub")->entry.kind, repository::FileKind::folder);
        ASSERT_NE(find(*source, "config/sub/peers.json"), nullptr);
        const FileSource* key = find(*source, "keys/validator.pem");
        ASSERT_NE(key, nullptr);
        EXPECT_EQ(key->entry.mode, 0600U);
        ASSERT_EQ(key->entry.pieces.size(), 2U);
        EXPECT_EQ(key->read_piece(0).size() + key->read_piece(1).size(), 1'500'000U);
        EXPECT_EQ(source->files.size(), 4U);
    }
}

TEST_F(OlderTool, IncrementalsAreLaidOverTheirBase) {
    for (const bool wal : {false, true}) {
        fs::remove_all(backups);
        fs::remove(live);
        make_folder(wal);
        grow(5);
        make_incremental("B", 40, 40, 44);
        const auto source = source_of_older_backup(backups / "bt2c_backup_incremental_B.db");
        ASSERT_TRUE(source);
        EXPECT_EQ(source->networks.at(0).height, 44);
        EXPECT_NE(find(*source, "keys/validator.pem"), nullptr);
        const fs::path restored = write(*source);
        // The journal mode of the base is kept, and nothing is left beside.
        EXPECT_EQ(support::file_text(restored).substr(18, 2), wal ? "\2\2" : "\1\1");
        for (const auto& entry : fs::directory_iterator(folder.path()))
            EXPECT_FALSE(entry.path().filename().native().starts_with(".bt2c-tmp-")) << entry.path();
        auto got = Connection::open(restored, Connection::Mode::read_write);
        EXPECT_EQ(chaindb::network_tips(got).at(0).tip_hash, source->networks.at(0).tip_hash);
        expect_live_chain(restored);
    }
}

TEST_F(OlderTool, EarlierIncrementalsOfTheSameBaseFillTheGap) {
    make_folder();
    grow(5);
    make_incremental("B", 40, 40, 44);
    grow(5);
    make_incremental("C", 45, 45, 49);
    grow(5);
    make_incremental("D", 50, 50, 54);
    const auto source = source_of_older_backup(backups / "backup_manifest_D.json");
    ASSERT_TRUE(source);
    EXPECT_EQ(source->networks.at(0).height, 54);
    expect_live_chain(write(*source));

    fs::remove(backups / "backup_manifest_C.json");
    EXPECT_NE(error_of(backups / "backup_manifest_D.json").cause().find("from height 45 to 49"),
              std::string::npos);
}

TEST_F(OlderTool, IncrementalsOfIncrementalsAreLaidInTurn) {
    make_folder();
    grow(5);
    make_incremental("B", 40, 40, 44);
    grow(5);
    make_incremental("C", 45, 45, 49, "bt2c_backup_incremental_B.db");
    expect_live_chain(write(source_of_older_backup(backups / "bt2c_backup_incremental_C.db").value()));
    make_incremental("E", 45, 45, 49, "bt2c_backup_incremental_E.db");
    EXPECT_NE(error_of(backups / "bt2c_backup_incremental_E.db").cause().find("each other"),
              std::string::npos);
}

TEST_F(OlderTool, RowsThatAreThereAreReplacedByKeyAndNeverDoubled) {
    make_folder();
    grow(5);
    make_incremental("B", 38, 40, 44);  // reaches back into the base
    {
        auto layer = Connection::open(backups / "bt2c_backup_incremental_B.db", Connection::Mode::read_write);
        layer.execute("UPDATE blocks SET nonce = 777 WHERE height = 39");
        // Rows without a primary key: 'old' is there already, NULL and 'new' are not.
        layer.execute("INSERT INTO notes VALUES (NULL, 2.5), ('new', x'00ff'), ('new', x'00ff')");
    }
    const fs::path restored = write(source_of_older_backup(backups / "bt2c_backup_incremental_B.db").value());
    auto got = Connection::open(restored, Connection::Mode::read_write);
    EXPECT_EQ(got.query_integer("SELECT count(*) FROM blocks"), 45);
    EXPECT_EQ(got.query_integer("SELECT nonce FROM blocks WHERE height = 39"), 777);
    EXPECT_EQ(got.query_integer("SELECT count(*) FROM notes"), 4);
    EXPECT_EQ(got.query_integer("SELECT count(*) FROM notes WHERE text = 'old'"), 1);
    EXPECT_EQ(got.query_text("SELECT typeof(number) FROM notes WHERE text IS NULL"), "real");
    EXPECT_EQ(got.query_text("SELECT hex(number) FROM notes WHERE text = 'new' LIMIT 1"), "00FF");
    // Validators were not in the incremental backup, so those of the base stay.
    EXPECT_GT(got.query_integer("SELECT count(*) FROM validators"), 0);
}

TEST_F(OlderTool, OtherColumnsTablesAndTriggersDoNoHarm) {
    make_folder();
    grow(5);
    make_incremental("B", 40, 40, 44);
    {
        auto base = Connection::open(backups / "bt2c_backup_full_A.db", Connection::Mode::read_write);
        base.execute("CREATE TRIGGER pause BEFORE INSERT ON blocks BEGIN SELECT RAISE(ABORT, 'paused'); END");
        base.execute("ALTER TABLE blocks ADD COLUMN \"odd \"\" name\" DEFAULT 5");
        auto layer = Connection::open(backups / "bt2c_backup_incremental_B.db", Connection::Mode::read_write);
        layer.execute("CREATE TABLE elsewhere (x); INSERT INTO elsewhere VALUES (1)");
        layer.execute("ALTER TABLE blocks ADD COLUMN newer");
        layer.execute(
            "CREATE TABLE pairs (a, b, PRIMARY KEY (a, b)) WITHOUT ROWID; INSERT INTO pairs VALUES (1, 2)");
        base.execute(
            "CREATE TABLE pairs (a, b, PRIMARY KEY (a, b)) WITHOUT ROWID; INSERT INTO pairs VALUES (1, 2)");
    }
    const fs::path restored = write(source_of_older_backup(backups / "bt2c_backup_incremental_B.db").value());
    auto got = Connection::open(restored, Connection::Mode::read_write);
    EXPECT_EQ(got.query_integer("SELECT count(*) FROM blocks WHERE \"odd \"\" name\" = 5"), 45);
    EXPECT_FALSE(got.has_table("elsewhere"));
    EXPECT_FALSE(got.has_column("blocks", "newer"));
    EXPECT_EQ(got.query_integer("SELECT count(*) FROM pairs"), 1);
    EXPECT_EQ(got.query_integer("SELECT count(*) FROM sqlite_master WHERE type = 'trigger'"), 1);
}

TEST_F(OlderTool, WhatIsMissingIsNamed) {
    make_folder();
    grow(5);
    make_incremental("B", 40, 40, 44);
    const fs::path incremental = backups / "bt2c_backup_incremental_B.db";
    fs::rename(backups / "bt2c_backup_full_A.db", folder / "away");
    EXPECT_NE(error_of(incremental).cause().find("bt2c_backup_full_A.db, is not beside it"),
              std::string::npos);
    EXPECT_NE(error_of(backups / "backup_manifest_A.json").cause().find("not beside it"), std::string::npos);
    fs::rename(folder / "away", backups / "bt2c_backup_full_A.db");

    fs::rename(incremental, folder / "away");
    EXPECT_NE(error_of(backups / "backup_manifest_B.json").cause().find("not beside it"), std::string::npos);
    fs::rename(folder / "away", incremental);

    fs::remove(backups / "backup_manifest_A.json");  // the database alone can be had
    const auto source = source_of_older_backup(incremental);
    ASSERT_TRUE(source);
    EXPECT_TRUE(source->files.empty());
    expect_live_chain(write(*source));

    fs::remove(backups / "backup_manifest_B.json");
    EXPECT_NE(error_of(incremental).cause().find("manifest is not beside it"), std::string::npos);
    EXPECT_FALSE(source_of_older_backup(backups / "bt2c_backup_full_A.db"));  // a plain database
}

TEST_F(OlderTool, ManifestsThatLieAreToldSo) {
    make_folder();
    grow(5);
    make_incremental("B", 40, 39, 44);
    EXPECT_NE(error_of(backups / "backup_manifest_B.json").cause().find("heights 39 to 44"),
              std::string::npos);
    fs::remove(backups / "bt2c_backup_incremental_B.db");
    make_incremental("B", 40, 40, 45);
    EXPECT_NE(error_of(backups / "backup_manifest_B.json").cause().find("holds 40 to 44"), std::string::npos);
    fs::remove(backups / "bt2c_backup_incremental_B.db");
    make_incremental("B", 42, 40, 44);
    EXPECT_NE(error_of(backups / "backup_manifest_B.json").cause(), "");
    fs::remove(backups / "bt2c_backup_incremental_B.db");
    make_incremental("B", 40, 40, 44);
    Connection::open(backups / "bt2c_backup_incremental_B.db", Connection::Mode::read_write)
        .execute("DELETE FROM blocks WHERE height = 42");
    EXPECT_NE(error_of(backups / "backup_manifest_B.json").cause().find("4 blocks"), std::string::npos);
}

TEST_F(OlderTool, DamagedManifestsAndDatabasesAreErrors) {
    make_folder();
    grow(5);
    make_incremental("B", 40, 40, 44);
    for (const char* json :
         {"", "{", "[]", R"({"type":"full"})", R"({"type":"other","database":"/x"})",
          R"({"type":"full","database":"/h/.."})", R"({"type":"full","database":""})",
          R"({"type":"incremental","database":"x","base_backup":"y"})",
          R"({"type":"incremental","database":"x","base_backup":"y","start_height":5,"end_height":3})",
          R"({"type":"full","database":7})"}) {
        write_manifest("Z", json);
        EXPECT_NE(error_of(backups / "backup_manifest_Z.json").message().find("is damaged"),
                  std::string::npos)
            << json;
    }
    // One that is damaged does not turn its backup into a plain database without keys.
    write_manifest("A", "{");
    EXPECT_NE(error_of(backups / "bt2c_backup_full_A.db").message().find("is damaged"), std::string::npos);
    fs::resize_file(backups / "bt2c_backup_incremental_B.db", 5000);
    EXPECT_THROW(
        {
            const auto source = source_of_older_backup(backups / "backup_manifest_B.json");
            write(source.value());
        },
        Error);
}

TEST_F(OlderTool, LinksAreNeverFollowed) {
    make_folder();
    folder.write("secret/outside.txt", "outside");
    fs::create_directory_symlink(folder / "secret", backups / "config_backup_A/link");
    const auto source = source_of_older_backup(backups / "bt2c_backup_full_A.db").value();
    const FileSource* link = find(source, "config/link");
    ASSERT_NE(link, nullptr);
    EXPECT_EQ(link->entry.kind, repository::FileKind::link);
    EXPECT_EQ(link->entry.target, (folder / "secret").native());
    EXPECT_EQ(find(source, "config/link/outside.txt"), nullptr);

    fs::remove_all(backups / "keys_backup_A");
    fs::create_directory_symlink(folder / "secret", backups / "keys_backup_A");
    EXPECT_THROW(source_of_older_backup(backups / "bt2c_backup_full_A.db"), Error);
}

TEST_F(OlderTool, OtherFilesAreNoneOfItsBackups) {
    make_folder();
    EXPECT_FALSE(source_of_older_backup(live));
    EXPECT_FALSE(source_of_older_backup(folder / "absent"));
    EXPECT_FALSE(source_of_older_backup(backups));
    fs::copy_file(live, backups / "pre_restore_backup_A.db");
    EXPECT_FALSE(source_of_older_backup(backups / "pre_restore_backup_A.db"));
}

TEST(OlderToolReference, TheSampleFolderIsRestored) {
    const fs::path sample =
        fs::path(BT2C_SOURCE_DIR) / "../shared/reference/vectors/chains/older-tool-backups";
    if (!fs::exists(sample)) GTEST_SKIP() << "no reference data at " << sample;
    const auto full = source_of_older_backup(sample / "bt2c_backup_full_20250406_020000.db");
    ASSERT_TRUE(full);
    EXPECT_EQ(full->networks.at(0).height, 39);
    ASSERT_NE(find(*full, "config/validator.json"), nullptr);
    ASSERT_NE(find(*full, "keys/validator.pem"), nullptr);
    const auto later = source_of_older_backup(sample / "bt2c_backup_incremental_20250406_030000.db");
    ASSERT_TRUE(later);
    EXPECT_EQ(later->networks.at(0).height, 44);
    support::TemporaryFolder folder;
    base::SilentProgress progress;
    platform::DurableFile file(folder / "restored.db", 0600);
    later->database->write(file, progress);
    file.commit(platform::DurableFile::Existing::refuse);
    auto restored = Connection::open(folder / "restored.db", Connection::Mode::read_write);
    EXPECT_EQ(restored.query_integer("SELECT count(*) FROM blocks"), 45);
    EXPECT_EQ(restored.query_integer("SELECT count(*) FROM transactions"), 135);
    EXPECT_EQ(restored.query_integer("SELECT count(*) FROM validators"), 8);
    EXPECT_EQ(restored.query_text("PRAGMA integrity_check"), "ok");
}

}  // namespace
}  // namespace bt2c::restore
