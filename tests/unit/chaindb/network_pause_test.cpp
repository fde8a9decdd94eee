// [N1] [N2] A network is paused and resumed in a chain database.

#include "chaindb/network_pause.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "base/text.hpp"
#include "chaindb/key_rotations.hpp"
#include "support/temporary_folder.hpp"

namespace bt2c::chaindb {
namespace {

using base::Error;
using base::ErrorKind;
using sqlite::Connection;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr const char* tables =
    "CREATE TABLE blocks (hash VARCHAR(64) PRIMARY KEY, previous_hash, height INTEGER, network_type VARCHAR "
    "NOT "
    "NULL, UNIQUE (height, network_type));"
    "CREATE TABLE validators (address VARCHAR(40), stake FLOAT, last_validation FLOAT, is_active BOOLEAN, "
    "joined_at DATETIME, last_block DATETIME, network_type VARCHAR NOT NULL, status VARCHAR, "
    "unstake_requested_at DATETIME, PRIMARY KEY (address, network_type));"
    "CREATE TABLE unstake_requests (id INTEGER PRIMARY KEY, validator_address, requested_at, status, "
    "network_type);"
    "INSERT INTO blocks VALUES ('b0', '', 0, 'devnet'), ('b1', 'b0', 1, 'devnet'), ('m1', '', 1, 'mainnet');"
    "INSERT INTO validators VALUES ('a', 10, 1000.5, 1, 'j', '2025-04-05 10:00:00.250000', 'devnet', "
    "'ACTIVE', "
    "NULL), ('b', 10, NULL, 1, 'j', '2025-04-05T10:00:00Z', 'devnet', 'active', NULL), ('c', 1, 7, 0, 'j', "
    "NULL, "
    "'devnet', 'JAILED', NULL), ('d', 1, 8, 0, 'j', NULL, 'devnet', 'TOMBSTONED', 'odd'), ('e', 1, 9, 0, "
    "'j', "
    "NULL, 'devnet', 'UNSTAKING', '2025-04-05 09:00:00'), ('f', 1, 9, 0, 'j', NULL, 'devnet', 'INACTIVE', "
    "NULL), "
    "('a', 5, 5, 1, 'j', NULL, 'mainnet', 'ACTIVE', NULL);"
    "INSERT INTO unstake_requests VALUES (1, 'e', '2025-04-05 09:00:00', 'pending', 'devnet'), (2, 'e', "
    "50.5, "
    "'completed', 'devnet'), (3, 'a', 50.5, 'processing', 'devnet'), (4, 'a', 60.5, 'pending', 'mainnet');";

constexpr double paused_at = 1.8e9;

class NetworkPause : public testing::Test {
 protected:
    NetworkPause() { database_.execute(tables); }

    PauseOrder order(std::int64_t sequence, double at) const {
        return {.network = "devnet",
                .sequence = sequence,
                .issued_at = at,
                .reason = "drill",
                .authority = "root on node-1"};
    }
    PauseOutcome pause(std::int64_t sequence = 1, double at = paused_at) {
        return apply_pause(database_, order(sequence, at));
    }
    PauseOutcome resume(std::int64_t sequence = 2, double at = paused_at + 60, bool force = false) {
        return apply_resume(database_, order(sequence, at), force);
    }
    std::string text(const std::string& sql) { return database_.query_text(sql).value_or("none"); }
    std::string states() {
        return text(
            "SELECT group_concat(address || ':' || status || ':' || is_active, ' ') FROM (SELECT * FROM "
            "validators "
            "ORDER BY network_type, address)");
    }
    std::string whole() {
        std::string all;
        auto names = database_.prepare("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name");
        while (names.next()) {
            std::string columns;
            auto info =
                database_.prepare(base::format("SELECT name FROM pragma_table_info('{}')", names.text(0)));
            while (info.next())
                columns += base::format("{}quote({})", columns.empty() ? "" : "||','||", info.text(0));
            auto rows = database_.prepare(base::format("SELECT {} FROM {}", columns, names.text(0)));
            while (rows.next()) all += base::format("{}: {}\n", names.text(0), rows.text(0));
        }
        return all + text("SELECT group_concat(name) FROM sqlite_master WHERE type = 'trigger'");
    }
    bool can_insert(const char* network, const char* verb = "INSERT") {
        try {
            database_.execute(base::format("{} INTO blocks VALUES ('new', 'b1', 2, '{}')", verb, network));
            database_.execute("DELETE FROM blocks WHERE hash = 'new'");
            return true;
        } catch (const Error&) {
            return false;
        }
    }
    ErrorKind kind_of_resume(bool force = false) {
        try {
            resume(2, paused_at + 60, force);
        } catch (const Error& error) {
            return error.kind();
        }
        return ErrorKind::usage;
    }

    const support::TemporaryFolder folder_;
    Connection database_ = Connection::open(folder_ / "chain.db", Connection::Mode::create);
};

constexpr const char* before_states =
    "a:ACTIVE:1 b:active:1 c:JAILED:0 d:TOMBSTONED:0 e:UNSTAKING:0 f:INACTIVE:0 a:ACTIVE:1";
constexpr const char* paused_states =
    "a:INACTIVE:0 b:INACTIVE:0 c:INACTIVE:0 d:INACTIVE:0 e:INACTIVE:0 f:INACTIVE:0 a:ACTIVE:1";

TEST_F(NetworkPause, StopsAllValidatorsOfTheNetworkAndNoOther) {
    const PauseOutcome outcome = pause();
    EXPECT_TRUE(outcome.changed);
    EXPECT_EQ(outcome.validators_changed, 5);
    EXPECT_EQ(outcome.height, 1);
    EXPECT_EQ(outcome.tip_hash, "b1");
    EXPECT_EQ(states(), paused_states);
    EXPECT_EQ(text("SELECT status || reason || network_type FROM network_status ORDER BY id DESC LIMIT 1"),
              "PAUSEDdrilldevnet");
    EXPECT_TRUE(is_paused(database_, "devnet"));
    EXPECT_FALSE(is_paused(database_, "mainnet"));
    const PauseState state = read_pause_state(database_, "devnet");
    EXPECT_TRUE(state.paused && state.recorded && state.guarded && state.sound);
    EXPECT_EQ(state.saved_validators, 6);
    EXPECT_EQ(state.active_validators, 0);
    EXPECT_EQ(state.genesis_hash, "b0");
    EXPECT_EQ(state.authority, "root on node-1");
}

TEST_F(NetworkPause, NewBlocksAreRefusedWhateverTheStatement) {
    pause();
    for (const char* verb : {"INSERT", "INSERT OR REPLACE", "INSERT OR IGNORE", "REPLACE"})
        EXPECT_FALSE(can_insert("devnet", verb)) << verb;
    EXPECT_FALSE(can_insert("DevNet"));
    EXPECT_THROW(database_.execute("INSERT INTO blocks VALUES ('new', 'b1', 2, x'6465766e6574')"), Error);
    EXPECT_THROW(database_.execute("UPDATE blocks SET network_type = x'6465766e6574' WHERE hash = 'm1'"),
                 Error);
    EXPECT_TRUE(can_insert("mainnet"));
    EXPECT_TRUE(can_insert("devnet2"));
    EXPECT_THROW(database_.execute("UPDATE blocks SET network_type = 'devnet', height = 9 WHERE hash = 'm1'"),
                 Error);
    EXPECT_THROW(database_.execute("UPDATE blocks SET height = 2 WHERE hash = 'b1'"), Error);
    EXPECT_THROW(database_.execute("UPDATE blocks SET hash = 'other' WHERE hash = 'b1'"), Error);
    database_.execute("UPDATE blocks SET previous_hash = 'repaired' WHERE hash = 'b1'");
    resume();
    EXPECT_TRUE(can_insert("devnet"));
}

TEST_F(NetworkPause, ResumeGivesEveryStateBackExactly) {
    pause();
    const PauseOutcome outcome = resume();
    EXPECT_TRUE(outcome.changed);
    EXPECT_EQ(outcome.validators_changed, 5);
    EXPECT_EQ(states(), before_states);
    EXPECT_FALSE(is_paused(database_, "devnet"));
    EXPECT_EQ(text("SELECT group_concat(status) FROM network_status"), "PAUSED,ACTIVE");
    EXPECT_EQ(text("SELECT count(*) FROM network_pause_state"), "0");
    EXPECT_EQ(text("SELECT count(*) FROM sqlite_master WHERE type = 'trigger'"), "0");
    EXPECT_EQ(read_pause_state(database_, "devnet").action, "resume");
}

TEST_F(NetworkPause, TimersStoodStill) {
    pause();
    const std::string history = text("SELECT group_concat(quote(last_block) || joined_at) FROM validators");
    const PauseOutcome outcome = resume(2, paused_at + 90.5);
    EXPECT_EQ(text("SELECT group_concat(quote(last_block) || joined_at) FROM validators"), history);
    EXPECT_DOUBLE_EQ(outcome.paused_seconds, 90.5);
    EXPECT_EQ(
        text("SELECT group_concat(quote(last_validation)) FROM validators WHERE network_type = 'devnet'"),
        "1091.0,NULL,97.5,98.5,99.5,99.5");
    EXPECT_EQ(text("SELECT unstake_requested_at FROM validators WHERE address = 'e'"), "2025-04-05 09:01:31");
    EXPECT_EQ(text("SELECT group_concat(requested_at) FROM unstake_requests"),
              "2025-04-05 09:01:31,50.5,141.0,60.5");
    EXPECT_THAT(outcome.left_alone, ElementsAre(HasSubstr("d: unstake_requested_at is no time")));
}

TEST_F(NetworkPause, WhatWasChangedMeanwhileIsToldAndLeft) {
    pause();
    database_.execute(
        "UPDATE validators SET status = 'TOMBSTONED' WHERE address = 'a' AND network_type = 'devnet';"
        "UPDATE validators SET last_validation = 3 WHERE address = 'c';"
        "DELETE FROM validators WHERE address = 'f';"
        "INSERT INTO validators VALUES ('g', 1, 1, 1, 'j', NULL, 'devnet', 'ACTIVE', NULL)");
    const PauseOutcome outcome = resume();
    EXPECT_EQ(outcome.validators_changed, 4);
    EXPECT_EQ(states(),
              "a:TOMBSTONED:0 b:active:1 c:JAILED:0 d:TOMBSTONED:0 e:UNSTAKING:0 g:ACTIVE:1 a:ACTIVE:1");
    EXPECT_EQ(text("SELECT last_validation FROM validators WHERE address = 'c'"), "3.0");
    EXPECT_THAT(
        outcome.left_alone,
        ElementsAre(HasSubstr("a: its state was changed during the pause to TOMBSTONED, and was ACTIVE"),
                    HasSubstr("c: last_validation was changed"), HasSubstr("d: unstake_requested_at"),
                    HasSubstr("f: it was INACTIVE and is no validator"), HasSubstr("g: it was added")));
}

TEST_F(NetworkPause, TheSameOrderTwiceChangesNothing) {
    pause();
    const std::string once = whole();
    EXPECT_FALSE(pause().changed);
    EXPECT_EQ(whole(), once);
    resume();
    const std::string resumed = whole();
    EXPECT_FALSE(resume().changed);
    EXPECT_EQ(whole(), resumed);
}

TEST_F(NetworkPause, ALaterOrderMovesTheEndAndKeepsTheStates) {
    pause();
    PauseOrder longer = order(2, paused_at + 30);
    longer.until = paused_at + 3600;
    const PauseOutcome outcome = apply_pause(database_, longer);
    EXPECT_TRUE(outcome.changed);
    EXPECT_EQ(outcome.validators_changed, 0);
    const PauseState state = read_pause_state(database_, "devnet");
    EXPECT_EQ(state.until, longer.until);
    EXPECT_EQ(state.since, paused_at);
    EXPECT_TRUE(state.sound);
    EXPECT_EQ(text("SELECT count(*) FROM network_status"), "1");
    resume(3);
    EXPECT_EQ(states(), before_states);
}

TEST_F(NetworkPause, APauseEndsInItsTimeAndItsOrderDoesNotBeginItAgain) {
    PauseOrder timed = order(1, paused_at);
    timed.until = paused_at + 100;
    apply_pause(database_, timed);
    EXPECT_FALSE(end_pause_in_time(database_, "devnet", paused_at + 99).changed);
    EXPECT_FALSE(end_pause_in_time(database_, "mainnet", paused_at + 200).changed);
    EXPECT_TRUE(is_paused(database_, "devnet"));
    const PauseOutcome outcome = end_pause_in_time(database_, "devnet", paused_at + 5000);
    EXPECT_TRUE(outcome.changed);
    EXPECT_DOUBLE_EQ(outcome.paused_seconds, 100);
    EXPECT_EQ(states(), before_states);
    const std::string ended = whole();
    EXPECT_FALSE(apply_pause(database_, timed).changed);
    EXPECT_FALSE(end_pause_in_time(database_, "devnet", paused_at + 5001).changed);
    EXPECT_EQ(whole(), ended);
}

TEST_F(NetworkPause, APauseWithoutAnEndStays) {
    pause();
    EXPECT_FALSE(end_pause_in_time(database_, "devnet", paused_at * 2).changed);
    EXPECT_TRUE(is_paused(database_, "devnet"));
}

TEST_F(NetworkPause, WhatWokeUpDuringAPauseIsStoppedAgain) {
    pause();
    database_.execute(
        "UPDATE validators SET status = 'ACTIVE', is_active = 1 WHERE address = 'b';"
        "UPDATE validators SET status = 'TOMBSTONED' WHERE address = 'c';"
        "INSERT INTO validators VALUES ('g', 1, 1, 1, 'j', NULL, 'devnet', 'ACTIVE', NULL);"
        "DROP TRIGGER network_pause_guard_insert_devnet");
    EXPECT_FALSE(read_pause_state(database_, "devnet").guarded);
    const PauseOutcome outcome = pause();
    EXPECT_TRUE(outcome.changed);
    EXPECT_EQ(outcome.validators_changed, 2);
    EXPECT_FALSE(can_insert("devnet"));
    EXPECT_EQ(text("SELECT status FROM validators WHERE address = 'c'"), "TOMBSTONED");
    resume();
    EXPECT_EQ(states(),
              "a:ACTIVE:1 b:active:1 c:TOMBSTONED:0 d:TOMBSTONED:0 e:UNSTAKING:0 f:INACTIVE:0 g:ACTIVE:1 "
              "a:ACTIVE:1");
}

TEST_F(NetworkPause, AValidatorThatWokeByItsFlagAloneIsStoppedAgain) {
    pause();
    database_.execute("UPDATE validators SET is_active = 1 WHERE address IN ('b', 'f')");
    EXPECT_EQ(read_pause_state(database_, "devnet").active_validators, 2);
    EXPECT_EQ(pause().validators_changed, 2);
    EXPECT_EQ(read_pause_state(database_, "devnet").active_validators, 0);
    database_.execute("UPDATE validators SET is_active = 1 WHERE address = 'f'");
    EXPECT_THAT(
        resume().left_alone,
        Contains(HasSubstr("f: its state was changed during the pause to INACTIVE with is_active set")));
}

TEST_F(NetworkPause, OlderOrdersAndOthersOfTheSameNumberAreRefused) {
    pause(5);
    const std::string before = whole();
    EXPECT_THROW(pause(4), Error);
    EXPECT_THROW(resume(4), Error);
    EXPECT_THROW(resume(5), Error);
    EXPECT_EQ(whole(), before);
}

TEST_F(NetworkPause, ForgedStatesAreNotGivenBack) {
    pause();
    database_.execute("UPDATE network_pause_state SET status = 'ACTIVE' WHERE address = 'd'");
    EXPECT_FALSE(read_pause_state(database_, "devnet").sound);
    const std::string before = whole();
    EXPECT_EQ(kind_of_resume(), ErrorKind::findings);
    EXPECT_EQ(whole(), before);
    resume(2, paused_at + 60, true);
    EXPECT_FALSE(is_paused(database_, "devnet"));
}

TEST_F(NetworkPause, APauseOfOtherSoftwareIsSeenAndNotGuessedAt) {
    database_.execute(
        "CREATE TABLE network_status (id INTEGER PRIMARY KEY, status TEXT NOT NULL, reason TEXT, timestamp "
        "REAL NOT "
        "NULL, network_type TEXT NOT NULL);"
        "INSERT INTO network_status VALUES (1, 'PAUSED', 'by hand', 7, 'devnet');"
        "UPDATE validators SET status = 'INACTIVE', is_active = 0 WHERE network_type = 'devnet'");
    EXPECT_TRUE(is_paused(database_, "devnet"));
    EXPECT_EQ(read_pause_state(database_, "devnet").reason, "by hand");
    EXPECT_EQ(kind_of_resume(), ErrorKind::findings);
    resume(1, paused_at, true);
    EXPECT_FALSE(is_paused(database_, "devnet"));
    EXPECT_EQ(text("SELECT count(*) FROM validators WHERE status = 'ACTIVE' AND network_type = 'devnet'"),
              "0");
}

TEST_F(NetworkPause, SavedStatesGoWithARotatedKey) {
    database_.execute("ALTER TABLE validators ADD COLUMN reputation FLOAT");
    pause();
    const KeyRotation rotation{.network = "devnet",
                               .old_address = "a",
                               .new_address = "z",
                               .compromised = true,
                               .reason = "stolen",
                               .record = "{}"};
    apply_rotations(database_, {&rotation, 1});
    EXPECT_TRUE(read_pause_state(database_, "devnet").sound);
    resume();
    EXPECT_EQ(text("SELECT status FROM validators WHERE address = 'z'"), "ACTIVE");
    EXPECT_EQ(text("SELECT status FROM validators WHERE address = 'a' AND network_type = 'devnet'"),
              "TOMBSTONED");
}

TEST_F(NetworkPause, RowsWithoutAnAddressOfTheirOwnGetTheirStatesBack) {
    database_.execute(
        "CREATE TABLE v AS SELECT * FROM validators; DROP TABLE validators; ALTER TABLE v RENAME TO "
        "validators;"
        "INSERT INTO validators SELECT * FROM validators WHERE address = 'b';"
        "UPDATE validators SET status = 'JAILED' WHERE _rowid_ = (SELECT max(_rowid_) FROM validators);"
        "UPDATE validators SET address = NULL WHERE address IN ('c', 'd')");
    const std::string rows = "SELECT group_concat(quote(address) || status || is_active) FROM validators";
    const std::string before = text(rows);
    pause();
    EXPECT_NE(text(rows), before);
    const auto outcome = resume();
    EXPECT_THAT(outcome.left_alone, testing::Each(HasSubstr("is no time that can be read")));
    EXPECT_EQ(text(rows), before);
    // With one of them gone nobody can tell which state was whose.
    pause(3, paused_at + 100);
    database_.execute(
        "DELETE FROM validators WHERE _rowid_ = (SELECT min(_rowid_) FROM validators WHERE address = 'b')");
    EXPECT_THAT(resume(4, paused_at + 200).left_alone, testing::Contains(HasSubstr("b: more or fewer rows")));
}

TEST_F(NetworkPause, WhatDoesNotHoldItIsSeenAndMended) {
    pause();
    database_.execute(
        "DROP TRIGGER network_pause_guard_insert_devnet; CREATE TRIGGER network_pause_guard_insert_devnet "
        "BEFORE "
        "INSERT ON blocks WHEN 0 BEGIN SELECT 1; END");
    EXPECT_FALSE(read_pause_state(database_, "devnet").guarded) << "a name guards nothing";
    EXPECT_TRUE(can_insert("devnet"));
    EXPECT_TRUE(pause().changed);
    EXPECT_TRUE(read_pause_state(database_, "devnet").guarded);
    EXPECT_FALSE(can_insert("devnet"));

    database_.execute("INSERT INTO network_status VALUES (NULL, 'ACTIVE', 'other software', 1, 'devnet')");
    EXPECT_TRUE(read_pause_state(database_, "devnet").denied);
    EXPECT_TRUE(pause().changed);
    EXPECT_FALSE(read_pause_state(database_, "devnet").denied);
    EXPECT_FALSE(pause().changed);
}

TEST_F(NetworkPause, BlocksThatCameInAllTheSameAreTold) {
    pause();
    database_.disable_triggers();
    database_.execute("INSERT INTO blocks VALUES ('b2', 'b1', 2, 'devnet'), ('b3', 'b2', 3, 'devnet')");
    const PauseState state = read_pause_state(database_, "devnet");
    EXPECT_EQ(state.height, 3);
    EXPECT_EQ(state.recorded_height, 1);
    EXPECT_THAT(resume().left_alone,
                testing::Contains("blocks 2 to 3 were added during the pause; they are left as they are"));
}

TEST_F(NetworkPause, WhatIsNoTimeStaysAsItIs) {
    database_.execute(
        "UPDATE validators SET last_validation = x'00ff10' WHERE address = 'a'; UPDATE validators SET "
        "last_validation = 0 WHERE address = 'c'");
    pause();
    EXPECT_THAT(resume().left_alone, testing::Contains(HasSubstr("a: last_validation is no time")));
    EXPECT_EQ(
        text("SELECT quote(last_validation) FROM validators WHERE address = 'a' AND network_type = 'devnet'"),
        "X'00FF10'");
    EXPECT_EQ(text("SELECT quote(last_validation) FROM validators WHERE address = 'c'"), "0.0");
}

TEST_F(NetworkPause, TablesWithFewColumnsAndOddNames) {
    database_.execute(
        "DROP TABLE validators; DROP TABLE unstake_requests; CREATE TABLE validators (address, status, "
        "network_type); INSERT INTO validators VALUES ('a', 'ACTIVE', 'it''s \"x\"')");
    PauseOrder odd = order(1, paused_at);
    odd.network = "it's \"x\"";
    EXPECT_EQ(apply_pause(database_, odd).validators_changed, 1);
    EXPECT_FALSE(can_insert("it''s \"x\""));
    odd.sequence = 2;
    EXPECT_EQ(apply_resume(database_, odd, false).validators_changed, 1);
    EXPECT_TRUE(can_insert("it''s \"x\""));
}

TEST_F(NetworkPause, NoTableIsAnErrorAndNothingIsMade) {
    database_.execute("DROP TABLE blocks");
    const std::string before = whole();
    EXPECT_THROW(pause(), Error);
    EXPECT_EQ(whole(), before);
}

TEST_F(NetworkPause, ALockedDatabaseIsBusyAndUnchanged) {
    Connection other = Connection::open(folder_ / "chain.db", Connection::Mode::read_write, 0);
    database_.execute("BEGIN IMMEDIATE");
    try {
        apply_pause(other, order(1, paused_at));
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::busy);
    }
    database_.execute("ROLLBACK");
    EXPECT_EQ(states(), before_states);
}

}  // namespace
}  // namespace bt2c::chaindb
