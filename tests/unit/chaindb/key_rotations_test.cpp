// [K3] A validator goes on under the address of a new key.

#include "chaindb/key_rotations.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "base/text.hpp"
#include "support/temporary_folder.hpp"

namespace bt2c::chaindb {
namespace {

using sqlite::Connection;

constexpr const char* tables =
    "CREATE TABLE validators (address VARCHAR(40), stake FLOAT NOT NULL, reputation FLOAT, is_active "
    "BOOLEAN, "
    "joined_at DATETIME NOT NULL, network_type VARCHAR NOT NULL, status VARCHAR, rewards_earned FLOAT, "
    "unstake_position INTEGER, \"an odd \"\"name\" TEXT NOT NULL, PRIMARY KEY (address, network_type));"
    "CREATE TABLE unstake_requests (id INTEGER PRIMARY KEY, validator_address, amount, status, network_type, "
    "queue_position);"
    "CREATE TABLE slashing_evidence (id INTEGER PRIMARY KEY, validator_address, network_type, processed);"
    "INSERT INTO validators VALUES ('old', 12.5, 0.75, 1, '2025-04-06', 'mainnet', 'UNSTAKING', 3.5, 2, 'x');"
    "INSERT INTO validators VALUES ('old', 1.5, 1, 1, '2025-04-07', 'testnet', 'active', 0, NULL, 'y');"
    "INSERT INTO validators VALUES ('other', 2, 1, 1, '2025-04-07', 'mainnet', 'ACTIVE', 0, NULL, 'z');"
    "INSERT INTO validators VALUES ('banned', 2, 1, 0, '2025-04-07', 'mainnet', 'tombstoned', 0, NULL, 'z');"
    "INSERT INTO unstake_requests VALUES (1, 'other', 1, 'pending', 'mainnet', 1);"
    "INSERT INTO unstake_requests VALUES (2, 'old', 1, 'pending', 'mainnet', 2);"
    "INSERT INTO unstake_requests VALUES (3, 'old', 1, 'pending', 'testnet', 1);"
    "INSERT INTO slashing_evidence VALUES (1, 'old', 'mainnet', 1);"
    "INSERT INTO slashing_evidence VALUES (2, 'old', 'mainnet', 0);"
    "INSERT INTO slashing_evidence VALUES (3, 'old', 'testnet', 0);";

class KeyRotations : public testing::Test {
 protected:
    KeyRotations() { database_.execute(tables); }

    KeyRotation rotation(bool compromised = false) const {
        return {.network = "mainnet",
                .old_address = "old",
                .new_address = "new",
                .compromised = compromised,
                .reason = "half a year",
                .rotated_at = 1743811500.5,
                .record = "{}"};
    }
    RotationChanges apply(const KeyRotation& rotation) { return apply_rotations(database_, {&rotation, 1}); }
    std::string text(const std::string& sql) { return database_.query_text(sql).value_or("none"); }
    std::string whole() {
        return text(
                   "SELECT group_concat(quote(address) || stake || quote(status) || network_type) FROM "
                   "validators") +
               text(
                   "SELECT group_concat(id || validator_address || coalesce(queue_position, '')) FROM "
                   "unstake_requests") +
               text("SELECT group_concat(id || validator_address) FROM slashing_evidence") +
               text("SELECT count(*) FROM sqlite_master");
    }

    const support::TemporaryFolder folder_;
    Connection database_ = Connection::open(folder_ / "chain.db", Connection::Mode::create);
};

TEST_F(KeyRotations, TheRowLivesOnWithAllThatIsInIt) {
    const std::string before = text(
        "SELECT rowid || '|' || stake || '|' || reputation || '|' || is_active || '|' || "
        "joined_at || '|' || status || '|' || rewards_earned || '|' || unstake_position || "
        "\"an odd \"\"name\" FROM validators WHERE address = 'old' AND network_type = 'mainnet'");
    const RotationChanges changes = apply(rotation());
    EXPECT_EQ(before, text("SELECT rowid || '|' || stake || '|' || reputation || '|' || is_active || '|' || "
                           "joined_at || '|' || "
                           "status || '|' || rewards_earned || '|' || unstake_position || \"an odd "
                           "\"\"name\" FROM validators "
                           "WHERE address = 'new'"));
    EXPECT_EQ(text("SELECT count(*) FROM validators"), "4");
    EXPECT_EQ(text("SELECT group_concat(address || network_type) FROM validators WHERE address = 'old'"),
              "oldtestnet");
    EXPECT_EQ(changes.unstake_requests, 1);
    EXPECT_EQ(changes.open_evidence, 1);
    EXPECT_EQ(text("SELECT group_concat(validator_address || queue_position) FROM unstake_requests"),
              "other1,new2,old1");
    EXPECT_EQ(text("SELECT group_concat(validator_address) FROM slashing_evidence"), "old,new,old");
}

TEST_F(KeyRotations, TheRecordIsKept) {
    apply(rotation());
    const auto rotations = read_rotations(database_);
    ASSERT_EQ(rotations.size(), 1U);
    EXPECT_EQ(rotations[0].network, "mainnet");
    EXPECT_EQ(rotations[0].old_address, "old");
    EXPECT_EQ(rotations[0].new_address, "new");
    EXPECT_FALSE(rotations[0].compromised);
    EXPECT_EQ(rotations[0].reason, "half a year");
    EXPECT_DOUBLE_EQ(rotations[0].rotated_at, 1743811500.5);
}

TEST_F(KeyRotations, ACompromisedAddressEndsTombstonedWithNothingLeft) {
    apply(rotation(true));
    EXPECT_EQ(
        text("SELECT status || stake || is_active || rewards_earned || coalesce(unstake_position, 'null') || "
             "joined_at || \"an odd \"\"name\" FROM validators WHERE address = 'old' AND network_type = "
             "'mainnet'"),
        "TOMBSTONED0.000.0null2025-04-06x");
    EXPECT_EQ(text("SELECT status || stake FROM validators WHERE address = 'new'"), "UNSTAKING12.5");
}

TEST_F(KeyRotations, WhatCannotBeRotatedChangesNothing) {
    const std::string before = whole();
    KeyRotation wrong = rotation();
    wrong.old_address = "nobody";
    EXPECT_THROW(apply(wrong), base::Error);
    wrong = rotation();
    wrong.old_address = "banned";
    EXPECT_THROW(apply(wrong), base::Error);
    wrong = rotation();
    wrong.new_address = "other";
    EXPECT_THROW(apply(wrong), base::Error);
    wrong = rotation();
    wrong.network = "devnet";
    EXPECT_THROW(apply(wrong), base::Error);
    EXPECT_EQ(whole(), before);
    // The first of two that belong together is taken back with the second.
    const KeyRotation both[] = {rotation(), rotation()};
    EXPECT_THROW(apply_rotations(database_, both), base::Error);
    EXPECT_EQ(whole(), before);
}

TEST_F(KeyRotations, AKeyIsGivenUpOnceOnly) {
    apply(rotation());
    KeyRotation back = rotation();
    back.old_address = "new";
    back.new_address = "newer";
    apply(back);
    database_.execute(
        "INSERT INTO validators SELECT 'old', stake, reputation, is_active, joined_at, network_type, status, "
        "rewards_earned, unstake_position, 'q' FROM validators WHERE address = 'newer'");
    EXPECT_THROW(apply(rotation()), base::Error);
    EXPECT_EQ(read_rotations(database_).size(), 2U);
}

TEST_F(KeyRotations, TablesThatAreNotThereAreNotNeeded) {
    database_.execute("DROP TABLE unstake_requests; DROP TABLE slashing_evidence;");
    EXPECT_EQ(apply(rotation()).unstake_requests, 0);
    database_.execute("DROP TABLE key_rotations");
    EXPECT_TRUE(read_rotations(database_).empty());
}

}  // namespace
}  // namespace bt2c::chaindb
