// What an upgrade of the node's software must leave as it was. [I2]

#include "chaindb/database_facts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "base/text.hpp"
#include "chaindb/chain_schema.hpp"
#include "chaindb/key_rotations.hpp"
#include "chaindb/network_pause.hpp"
#include "chaindb/pause_tables.hpp"
#include "support/temporary_folder.hpp"

namespace bt2c::chaindb {
namespace {

using sqlite::Connection;
using testing::Contains;
using testing::IsEmpty;
using testing::Not;

/// A chain of ten blocks on mainnet with two validators.
class DatabaseFactsOf : public testing::TestWithParam<Layout> {
 protected:
    DatabaseFactsOf() : database(Connection::open(folder / "a.db", Connection::Mode::create)) {
        database.execute(std::string(schema_sql(GetParam())));
        for (int height = 0; height < 10; ++height) add_block(height);
        add_validator("bt2c_a", "ACTIVE", 100);
        add_validator("bt2c_b", "JAILED", 2.5);
        before = read_database_facts(database);
    }
    void add_block(int height) {
        database.execute(
            base::format("INSERT INTO blocks (hash, height, network_type) VALUES ('hash{}', {}, 'mainnet')",
                         height, height));
        database.execute(
            base::format("INSERT INTO transactions (hash, amount, type, network_type, block_hash) VALUES "
                         "('reward{}', 21, 'reward', 'mainnet', 'hash{}')",
                         height, height));
    }
    void add_validator(const char* address, const char* status, double stake) {
        database.execute(
            base::format("INSERT INTO validators (address, stake, joined_at, network_type, status) "
                         "VALUES ('{}', {}, '2025-01-01', 'mainnet', '{}')",
                         address, stake, status));
    }
    void add_evidence(const char* address, int height, std::optional<int> id = {}) {
        database.execute(base::format(
            "INSERT INTO slashing_evidence (id, validator_address, evidence_type, height, timestamp, "
            "network_type) VALUES ({}, '{}', 'double_sign', {}, 1.5, 'mainnet')",
            id ? std::to_string(*id) : "NULL", address, height));
    }
    /// Two validators, who signed twice before.
    void make_evidence() {
        if (!database.has_table("slashing_evidence"))
            database.execute(
                "CREATE TABLE slashing_evidence (id INTEGER PRIMARY KEY, validator_address TEXT, "
                "evidence_type TEXT, height INTEGER, timestamp REAL, network_type TEXT, processed INTEGER "
                "DEFAULT 0)");
        add_evidence("bt2c_a", 3);
        add_evidence("bt2c_b", 4);
        before = read_database_facts(database);
    }
    std::vector<FactDifference> all_differences() {
        const DatabaseFacts kept = DatabaseFacts::from_json(base::Json::parse(before.to_json().dump()));
        return compare_facts(
            kept, read_database_facts(database, &kept),
            [&](std::string_view network, std::int64_t height) {
                return block_hash_at(database, network, height);
            },
            [&](const KeyRotation&) { return are_signed; });
    }
    std::vector<std::string> differences(bool serious) {
        std::vector<std::string> texts;
        for (const FactDifference& difference : all_differences())
            if (difference.serious == serious) texts.push_back(difference.text);
        return texts;
    }

    /// One place in the exit queue, of the validator bt2c_a.
    void make_queue() {
        database.execute(
            "INSERT INTO unstake_requests (validator_address, amount, requested_at, status, network_type) "
            "VALUES ('bt2c_a', 1, '2025-01-01 00:00:00', 'pending', 'mainnet')");
        before = read_database_facts(database);
    }
    void pause(std::int64_t sequence) { apply_pause(database, order(sequence)); }
    void resume(std::int64_t sequence) { apply_resume(database, order(sequence), false); }
    PauseOrder order(std::int64_t sequence) const {
        return {.network = "mainnet",
                .sequence = sequence,
                .issued_at = 1.8e9 + 60 * static_cast<double>(sequence),
                .reason = "upgrade",
                .authority = "root"};
    }
    void rotate(bool compromised, const char* from = "bt2c_a", const char* to = "bt2c_new") {
        const KeyRotation rotation{"mainnet", from, to, compromised, "a year", 1, "record"};
        apply_rotations(database, {&rotation, 1});
    }

    support::TemporaryFolder folder;
    Connection database;
    DatabaseFacts before;
    bool are_signed = true;  ///< the records of rotations
};

TEST_P(DatabaseFactsOf, UnchangedIsUnchanged) {
    EXPECT_THAT(differences(true), IsEmpty());
    EXPECT_THAT(differences(false), IsEmpty());
    ASSERT_EQ(before.networks.size(), 1U);
    EXPECT_EQ(before.networks[0].height, 9);
    EXPECT_EQ(before.paid.at(0).coins, 210);
}

TEST_P(DatabaseFactsOf, GrowthIsToldAndSound) {
    add_block(10);
    database.execute("UPDATE validators SET stake = 121 WHERE address = 'bt2c_a'");
    EXPECT_THAT(differences(true), IsEmpty());
    EXPECT_THAT(differences(false), Contains("network mainnet has grown from height 9 to 10"));
    EXPECT_THAT(
        differences(false),
        Contains("validator bt2c_a of mainnet is ACTIVE with a stake of 121, it was ACTIVE with 100"));
}

TEST_P(DatabaseFactsOf, AnotherHistoryIsSerious) {
    const char* text = "network mainnet has another history: block 9 is not the one that it was";
    database.execute("UPDATE blocks SET hash = 'other' WHERE height = 9");
    EXPECT_THAT(differences(true), Contains(text)) << "nothing came that could be better";
    add_block(10);
    database.execute("UPDATE blocks SET hash = 'another' WHERE height = 3");
    EXPECT_THAT(differences(true), Contains(text));
}

TEST_P(DatabaseFactsOf, ABetterChainMayReplaceTheLastBlocks) {
    database.execute("DELETE FROM transactions WHERE block_hash IN ('hash8', 'hash9')");
    database.execute("DELETE FROM blocks WHERE height > 7");
    for (const int height : {8, 9, 10, 11}) {
        add_block(height);
        database.execute(base::format("UPDATE blocks SET hash = 'better{0}' WHERE height = {0}", height));
        database.execute(base::format(
            "UPDATE transactions SET block_hash = 'better{0}' WHERE block_hash = 'hash{0}'", height));
    }
    EXPECT_THAT(differences(true), IsEmpty());
    EXPECT_THAT(differences(false),
                Contains("network mainnet went over to a better chain, which replaced some of its last 6 "
                         "blocks up to height 9, and has grown to 11"));
    for (const char* change : {"UPDATE blocks SET nonce = 7 WHERE height = 2",
                               "UPDATE transactions SET recipient = 'bt2c_thief' WHERE hash = 'reward3'"}) {
        database.execute(change);
        EXPECT_THAT(differences(true),
                    Contains(testing::HasSubstr("up to height 3 that are not as they were")))
            << change;
        database.execute("UPDATE blocks SET nonce = NULL");
        database.execute("UPDATE transactions SET recipient = NULL");
        EXPECT_THAT(differences(true), IsEmpty());
    }
}

TEST_P(DatabaseFactsOf, ALowerHeightIsSerious) {
    database.execute("DELETE FROM blocks WHERE height = 9");
    EXPECT_THAT(differences(true), Contains("network mainnet ends at height 8, it was 9"));
    database.execute("DELETE FROM blocks");
    EXPECT_THAT(differences(true), Contains("network mainnet has no blocks any more"));
}

TEST_P(DatabaseFactsOf, AnotherGenesisIsSerious) {
    database.execute("UPDATE blocks SET hash = 'other' WHERE height = 0");
    EXPECT_THAT(differences(true), Contains("network mainnet begins with another block"));
}

TEST_P(DatabaseFactsOf, TablesAndColumnsThatWentAreSeriousNewOnesAreTold) {
    database.execute("DROP TABLE unstake_requests");
    database.execute("ALTER TABLE validators DROP COLUMN commission_rate");
    database.execute("ALTER TABLE validators ADD COLUMN colour TEXT");
    database.execute("CREATE TABLE notes (text TEXT)");
    EXPECT_THAT(differences(true), Contains("table unstake_requests is gone"));
    EXPECT_THAT(differences(true), Contains("table validators lost its column commission_rate FLOAT"));
    EXPECT_THAT(differences(false), Contains("table validators has a new column colour TEXT"));
    EXPECT_THAT(differences(false), Contains("table notes is new"));
}

TEST_P(DatabaseFactsOf, ValidatorsChangeByBlocksOnly) {
    database.execute("UPDATE validators SET status = 'ACTIVE' WHERE address = 'bt2c_b'");
    EXPECT_THAT(
        differences(true),
        Contains("validator bt2c_b of mainnet is ACTIVE with a stake of 2.5, it was JAILED with 2.5"));
    add_block(10);
    EXPECT_THAT(differences(true), IsEmpty());
    database.execute("DELETE FROM validators WHERE address = 'bt2c_b'");
    EXPECT_THAT(differences(true), Contains("validator bt2c_b of mainnet is gone"));
}

TEST_P(DatabaseFactsOf, AnotherDeclaredTypeIsTold) {
    database.execute("CREATE TABLE notes (height INTEGER, \"two words\" VARCHAR(64))");
    before = read_database_facts(database);
    database.execute("DROP TABLE notes");
    database.execute("CREATE TABLE notes (height BIGINT, \"two words\" varchar(64))");
    EXPECT_THAT(differences(true), IsEmpty());
    EXPECT_THAT(differences(false),
                testing::UnorderedElementsAre(
                    "table notes declares its column height as BIGINT, it was INTEGER",
                    "table notes declares its column two words as varchar(64), it was VARCHAR(64)"));
}

TEST_P(DatabaseFactsOf, NoBlockLiftsABan) {
    database.execute("UPDATE validators SET status = 'tombstoned' WHERE address = 'bt2c_b'");
    before = read_database_facts(database);
    add_block(10);
    pause(1);
    EXPECT_THAT(differences(true), IsEmpty());
    resume(2);
    EXPECT_THAT(differences(true), IsEmpty());
    database.execute("UPDATE validators SET stake = 1 WHERE address = 'bt2c_b'");
    EXPECT_THAT(differences(true), IsEmpty()) << "blocks may change all else";
    database.execute("UPDATE validators SET status = 'ACTIVE' WHERE address = 'bt2c_b'");
    EXPECT_THAT(
        differences(true),
        Contains("validator bt2c_b of mainnet is ACTIVE with a stake of 1, it was TOMBSTONED with 2.5"));
}

TEST_P(DatabaseFactsOf, APauseAndItsEndAreNoOtherState) {
    make_queue();
    pause(1);
    EXPECT_THAT(differences(true), IsEmpty());
    EXPECT_THAT(differences(false), Contains("network mainnet is paused: its validators count as what they "
                                             "are when it goes on"));
    resume(2);
    EXPECT_THAT(differences(true), IsEmpty());
    EXPECT_THAT(differences(false),
                Contains("requests to leave network mainnet wait from later on: a pause lies between"));
    database.execute("UPDATE unstake_requests SET amount = 2");
    EXPECT_THAT(differences(true), Not(IsEmpty())) << "a pause changes no amount";

    pause(3);
    before = read_database_facts(database);
    resume(4);
    EXPECT_THAT(differences(true), IsEmpty());
    EXPECT_THAT(differences(false), Contains("network mainnet is not paused any more"));
    database.execute("UPDATE validators SET status = 'ACTIVE' WHERE address = 'bt2c_b'");
    EXPECT_THAT(
        differences(true),
        Contains("validator bt2c_b of mainnet is ACTIVE with a stake of 2.5, it was JAILED with 2.5"));
}

TEST_P(DatabaseFactsOf, WhatElseChangesDuringAPauseIsSerious) {
    make_queue();
    pause(1);
    for (const auto& [change, back] :
         {std::pair("UPDATE unstake_requests SET requested_at = '2024-01-01 00:00:00'",
                    "UPDATE unstake_requests SET requested_at = '2025-01-01 00:00:00'"),
          std::pair("UPDATE validators SET status = 'ACTIVE' WHERE address = 'bt2c_b'",
                    "UPDATE validators SET status = 'INACTIVE'"),
          std::pair("UPDATE validators SET is_active = 1 WHERE address = 'bt2c_b'",
                    "UPDATE validators SET is_active = 0"),
          std::pair("UPDATE validators SET stake = 7 WHERE address = 'bt2c_b'",
                    "UPDATE validators SET stake = 2.5 WHERE address = 'bt2c_b'"),
          std::pair("UPDATE network_pause_state SET status = 'ACTIVE' WHERE address = 'bt2c_b'",
                    "UPDATE network_pause_state SET status = 'JAILED' WHERE address = 'bt2c_b'")}) {
        EXPECT_THAT(differences(true), IsEmpty());
        database.execute(change);
        EXPECT_THAT(differences(true), Not(IsEmpty())) << change;
        database.execute(back);
    }
    database.execute("DELETE FROM network_pauses");
    EXPECT_THAT(differences(true), Not(IsEmpty())) << "nobody gives the states back";
}

TEST_P(DatabaseFactsOf, AValidatorGoesOnUnderARotatedKey) {
    make_queue();
    rotate(false);
    rotate(false, "bt2c_new", "bt2c_newer");
    EXPECT_THAT(differences(true), IsEmpty());
    EXPECT_THAT(differences(false),
                testing::IsSupersetOf({"validator bt2c_a of mainnet rotated its key to bt2c_new",
                                       "validator bt2c_new of mainnet rotated its key to bt2c_newer"}));
    for (const auto& [change, back] :
         {std::pair("UPDATE unstake_requests SET validator_address = 'bt2c_a'",
                    "UPDATE unstake_requests SET validator_address = 'bt2c_newer'"),
          std::pair("UPDATE validators SET stake = 7 WHERE address = 'bt2c_newer'",
                    "UPDATE validators SET stake = 100 WHERE address = 'bt2c_newer'")}) {
        database.execute(change);
        EXPECT_THAT(differences(true), Not(IsEmpty())) << change;
        database.execute(back);
        EXPECT_THAT(differences(true), IsEmpty());
    }
    add_block(10);
    EXPECT_THAT(differences(true), IsEmpty());
    are_signed = false;
    EXPECT_THAT(differences(true),
                testing::IsSupersetOf({"validator bt2c_a of mainnet rotated its key to bt2c_new, as table "
                                       "key_rotations has it, without the signatures of both keys",
                                       "validator bt2c_a of mainnet is gone"}));
    before = read_database_facts(database);
    EXPECT_THAT(differences(true), IsEmpty()) << "it was so before";
    database.execute("DELETE FROM key_rotations WHERE new_address = 'bt2c_new'");
    EXPECT_THAT(differences(true), Contains("validator bt2c_a of mainnet rotated its key to bt2c_new, and "
                                            "table key_rotations has forgotten it"));
}

TEST_P(DatabaseFactsOf, AStolenKeyStaysBanned) {
    make_queue();
    rotate(true);
    EXPECT_THAT(differences(true), IsEmpty());
    add_block(10);
    database.execute("UPDATE validators SET status = 'ACTIVE' WHERE address = 'bt2c_a'");
    const std::string text = "validator bt2c_a of mainnet was given up as stolen, and is not banned";
    EXPECT_THAT(differences(true), Contains(text));
    database.execute("DELETE FROM validators WHERE address = 'bt2c_a'");
    EXPECT_THAT(differences(true), Contains(text));
}

TEST_P(DatabaseFactsOf, ABanGoesToNoOtherAddress) {
    database.execute("UPDATE validators SET status = 'TOMBSTONED' WHERE address = 'bt2c_b'");
    rotate(false);  // so that there is the table
    before = read_database_facts(database);
    add_block(10);
    database.execute("UPDATE validators SET address = 'bt2c_c' WHERE address = 'bt2c_b'");
    database.execute(
        "INSERT INTO key_rotations (network_type, old_address, new_address, compromised, reason, rotated_at, "
        "record) VALUES ('mainnet', 'bt2c_b', 'bt2c_c', 0, '', 2, '')");
    EXPECT_THAT(differences(true), Contains("validator bt2c_b of mainnet is gone"));
}

TEST_P(DatabaseFactsOf, AKeyIsRotatedDuringAPause) {
    make_queue();
    pause(1);
    rotate(false);
    EXPECT_THAT(differences(true), IsEmpty());
    resume(2);
    EXPECT_THAT(differences(true), IsEmpty());
}

TEST_P(DatabaseFactsOf, CoinsFromNowhereAreSerious) {
    database.execute("UPDATE transactions SET amount = 22 WHERE hash = 'reward3'");
    EXPECT_THAT(differences(true),
                Contains("network mainnet has paid 211.00000000 coins, it had 210.00000000"));
}

TEST_P(DatabaseFactsOf, WhatBlocksHoldMustStayAsItIs) {
    constexpr const char* text = "network mainnet has transactions up to height 9 that are not as they were";
    database.execute(
        "INSERT INTO transactions (hash, amount, type, network_type, is_pending) VALUES "
        "('pending', 1, 'transfer', 'mainnet', 1)");
    EXPECT_THAT(differences(true), IsEmpty()) << "what waits is no history";
    add_block(10);
    EXPECT_THAT(differences(true), IsEmpty());
    for (const char* change : {"UPDATE transactions SET amount = 20 WHERE hash = 'reward3'",
                               "UPDATE transactions SET recipient = 'bt2c_thief' WHERE hash = 'reward9'",
                               "DELETE FROM transactions WHERE hash = 'reward0'",
                               "UPDATE transactions SET block_hash = 'hash4' WHERE hash = 'reward5'",
                               "UPDATE transactions SET is_pending = 1 WHERE hash = 'reward2'",
                               "UPDATE transactions SET network_type = 'other' WHERE hash = 'reward2'"}) {
        database.execute("CREATE TEMP TABLE sound AS SELECT * FROM transactions ORDER BY hash DESC");
        database.execute(change);
        EXPECT_THAT(differences(true), Contains(text)) << change;
        database.execute("DELETE FROM transactions");
        database.execute("INSERT INTO transactions SELECT * FROM sound");
        database.execute("DROP TABLE sound");
        EXPECT_THAT(differences(true), IsEmpty()) << "the order of rows tells nothing";
    }
    database.execute("UPDATE transactions SET amount = 21 WHERE hash = 'reward3'");  // a real, or an integer
    EXPECT_THAT(differences(true), IsEmpty());
    database.execute("UPDATE blocks SET timestamp = 7 WHERE height = 2");
    EXPECT_THAT(differences(true),
                Contains("network mainnet has blocks up to height 9 that are not as they were"));
}

TEST_P(DatabaseFactsOf, WhatWaitedMayComeIntoABlock) {
    database.execute(
        "INSERT INTO transactions (hash, amount, type, network_type, is_pending) VALUES "
        "('pending', 1, 'transfer', 'mainnet', 1)");
    before = read_database_facts(database);
    add_block(10);
    database.execute("UPDATE transactions SET is_pending = 0, block_hash = 'hash10' WHERE hash = 'pending'");
    EXPECT_THAT(differences(true), IsEmpty());
}

TEST_P(DatabaseFactsOf, ColumnsThatNobodyHereKnowsAreHistoryToo) {
    database.execute("ALTER TABLE blocks ADD COLUMN \"size in \"\"bytes\" INTEGER DEFAULT 7");
    before = read_database_facts(database);
    EXPECT_THAT(differences(true), IsEmpty());
    database.execute("UPDATE blocks SET \"size in \"\"bytes\" = 8 WHERE height = 3");
    EXPECT_THAT(differences(true),
                Contains("network mainnet has blocks up to height 9 that are not as they were"));
}

TEST_P(DatabaseFactsOf, WhoSignedTwiceIsNotForgotten) {
    make_evidence();
    const std::string forgotten =
        "table slashing_evidence has rows that are not as they were: who signed twice may be forgotten";
    EXPECT_THAT(differences(true), IsEmpty());
    add_evidence("bt2c_b", 7);
    add_block(10);
    database.execute("UPDATE slashing_evidence SET processed = 1");
    EXPECT_THAT(differences(true), IsEmpty()) << "more of it, and blocks that acted upon it";
    for (const char* change :
         {"UPDATE slashing_evidence SET validator_address = 'x' WHERE id = 1",
          "UPDATE slashing_evidence SET height = 5 WHERE id = 2",
          "UPDATE slashing_evidence SET id = 9 WHERE id = 2", "DELETE FROM slashing_evidence WHERE id = 1"}) {
        database.execute(change);
        EXPECT_THAT(differences(true), Contains(forgotten)) << change;
        database.execute("DELETE FROM slashing_evidence");
        add_evidence("bt2c_a", 3, 1);
        add_evidence("bt2c_b", 4, 2);
        add_evidence("bt2c_b", 7, 3);
        EXPECT_THAT(differences(true), IsEmpty());
    }
    database.execute("DELETE FROM slashing_evidence WHERE id > 1");
    EXPECT_THAT(differences(true), Contains("table slashing_evidence has 1 rows, it had 2"));
}

TEST_P(DatabaseFactsOf, EvidenceGoesOnUnderARotatedKey) {
    make_evidence();
    const KeyRotation rotation{"mainnet", "bt2c_a", "bt2c_new", true, "stolen", 1, "record"};
    apply_rotations(database, {&rotation, 1});
    ASSERT_EQ(database.query_text("SELECT validator_address FROM slashing_evidence WHERE id = 1"),
              "bt2c_new");
    add_block(10);
    EXPECT_THAT(differences(true), IsEmpty());
    database.execute("UPDATE slashing_evidence SET validator_address = 'bt2c_b' WHERE id = 1");
    EXPECT_THAT(differences(true), Not(IsEmpty()));
}

TEST_P(DatabaseFactsOf, IndexesViewsAndTriggersAreTold) {
    database.execute(
        "CREATE INDEX gone ON blocks (timestamp); CREATE INDEX other ON blocks (nonce);"
        "CREATE TRIGGER watcher AFTER INSERT ON blocks BEGIN SELECT 1; END");
    before = read_database_facts(database);
    EXPECT_THAT(all_differences(), IsEmpty());
    database.execute(
        "DROP INDEX gone; DROP INDEX other; CREATE INDEX other ON blocks (difficulty);"
        "CREATE VIEW heights AS SELECT height FROM blocks; DROP TRIGGER watcher;"
        "CREATE TRIGGER watcher AFTER INSERT ON blocks BEGIN SELECT 2; END;"
        "CREATE TRIGGER thief AFTER INSERT ON blocks BEGIN DELETE FROM validators; END");
    add_block(10);
    database.execute("DELETE FROM transactions WHERE hash = 'reward3'");
    const auto all = all_differences();
    std::vector<std::string> triggers, others;
    bool triggers_are_over = false;
    for (const FactDifference& one : all) {
        if (one.serious) continue;
        EXPECT_FALSE(one.is_trigger && triggers_are_over) << "triggers come first";
        triggers_are_over = !one.is_trigger;
        (one.is_trigger ? triggers : others).push_back(one.text);
    }
    EXPECT_THAT(triggers,
                testing::UnorderedElementsAre(
                    "trigger thief of blocks is new: CREATE TRIGGER thief AFTER INSERT ON blocks BEGIN "
                    "DELETE FROM validators; END",
                    "trigger watcher of blocks is another one than before: CREATE TRIGGER watcher AFTER "
                    "INSERT ON blocks BEGIN SELECT 2; END"));
    EXPECT_THAT(others, testing::IsSupersetOf({"index gone is gone", "index other is another one than before",
                                               "view heights is new"}));
    EXPECT_TRUE(all.front().serious);
}

TEST_P(DatabaseFactsOf, APauseIsNoTrigger) {
    add_guard(database, "mainnet", 9);
    EXPECT_THAT(all_differences(), IsEmpty());
    database.execute(
        "DROP TRIGGER network_pause_guard_insert_mainnet; CREATE TRIGGER network_pause_guard_insert_mainnet "
        "AFTER INSERT ON blocks BEGIN DELETE FROM validators; END");
    EXPECT_THAT(all_differences(), Contains(testing::Field(&FactDifference::is_trigger, true)));
}

TEST_P(DatabaseFactsOf, ATipThatThereIsTwiceIsNoChainThatChanges) {
    database.execute("CREATE TABLE copy AS SELECT * FROM blocks");
    database.execute("DROP TABLE blocks");
    database.execute("ALTER TABLE copy RENAME TO blocks");
    database.execute("INSERT INTO blocks (hash, height, network_type) VALUES ('twin', 9, 'mainnet')");
    EXPECT_THAT(differences(true),
                Contains("network mainnet has another history: block 9 is not the one that it was"));
}

TEST_P(DatabaseFactsOf, ATipWithAHashThatIsFarTooLongIsToldFromOthers) {
    const auto set_tip = [&](const char* end) {
        database.execute(base::format(
            "UPDATE blocks SET hash = printf('%.*c', 100000, 'z') || '{}' WHERE height = 9", end));
    };
    set_tip("a");
    before = read_database_facts(database);
    EXPECT_LE(before.networks.at(0).tip_hash.size(), 100U);
    EXPECT_THAT(differences(true), IsEmpty());
    set_tip("b");
    EXPECT_THAT(differences(true),
                Contains("network mainnet has another history: block 9 is not the one that it was"));
}

TEST_P(DatabaseFactsOf, AnEndlessViewEndsNothing) {
    database.execute("DROP TABLE blocks");
    database.execute(
        "CREATE VIEW blocks AS WITH RECURSIVE n(rowid) AS (SELECT 1 UNION ALL SELECT rowid + 1 FROM n) "
        "SELECT "
        "rowid, 'mainnet' AS network_type, rowid AS height, 'x' AS hash FROM n");
    EXPECT_THAT(differences(true), Contains("network mainnet has no blocks any more"));
}

TEST_P(DatabaseFactsOf, ANewColumnIsNoOtherHistory) {
    database.execute("ALTER TABLE transactions DROP COLUMN payload");
    before = read_database_facts(database);
    database.execute("ALTER TABLE transactions ADD COLUMN payload JSON DEFAULT '{}'");
    EXPECT_THAT(differences(true), IsEmpty());
}

TEST_P(DatabaseFactsOf, OtherTablesChangeByBlocksOnly) {
    database.execute("UPDATE validators SET reputation = 7 WHERE address = 'bt2c_a'");
    EXPECT_THAT(differences(false),
                Contains("table validators holds something else than before, though there is no new block"));
    EXPECT_THAT(differences(true), IsEmpty());
    database.execute(
        "INSERT INTO unstake_requests (validator_address, amount, requested_at, network_type) VALUES "
        "('bt2c_a', 1, '2025-01-01', 'mainnet')");
    EXPECT_THAT(
        differences(true),
        Contains("table unstake_requests holds something else than before, though there is no new block"));
    add_block(10);
    EXPECT_THAT(differences(true), IsEmpty());
}

TEST_P(DatabaseFactsOf, HostileRecordsAreRefused) {
    for (const char* text : {"{}", "[]", R"({"networks":7})", R"({"networks":[{}]})",
                             R"({"networks":[],"tables":[{"name":"a","rows":1,"columns":[7]}]})"})
        EXPECT_THROW(DatabaseFacts::from_json(base::Json::parse(text)), base::Error) << text;
}

INSTANTIATE_TEST_SUITE_P(Layouts, DatabaseFactsOf, testing::Values(Layout::orm, Layout::fresh));

TEST(DatabaseFactsWithout, AChainIsEmptyAndNoError) {
    const support::TemporaryFolder folder;
    Connection database = Connection::open(folder / "a.db", Connection::Mode::create);
    database.execute("CREATE TABLE \"odd \"\"name\" (a)");
    const DatabaseFacts facts = read_database_facts(database);
    EXPECT_TRUE(facts.networks.empty());
    ASSERT_EQ(facts.tables.size(), 1U);
    EXPECT_EQ(facts.tables[0].name, "odd \"name");
}

}  // namespace
}  // namespace bt2c::chaindb
