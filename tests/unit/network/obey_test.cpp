// [N1] [N2] [N3] A node obeys what its policy lets count, once, and writes it down first.

#include "network/obey.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.hpp"
#include "crypto/ed25519.hpp"
#include "network/audit_log.hpp"
#include "support/temporary_folder.hpp"

namespace bt2c::network {
namespace {

using chaindb::sqlite::Connection;
using testing::ElementsAre;
using testing::HasSubstr;

class Obey : public testing::Test {
 protected:
    Obey() {
        node_.home = {folder_.path()};
        std::filesystem::create_directories(node_.home.database().parent_path());
        Connection database = Connection::open(node_.home.database(), Connection::Mode::create);
        database.execute(base::format(
            "CREATE TABLE blocks (hash, height INTEGER, network_type);"
            "CREATE TABLE validators (address PRIMARY KEY, status, is_active, stake, network_type);"
            "INSERT INTO blocks VALUES ('{}', 0, 'devnet');"
            "INSERT INTO validators VALUES ('a', 'ACTIVE', 1, 5, 'devnet'), ('b', 'JAILED', 0, 5, 'devnet')",
            genesis_));
        node_.network = "devnet";
        config::EmergencyPolicy policy;
        policy.network = "devnet";
        policy.resume_threshold = 1;
        policy.members = {{"alice", public_key_, {Action::pause, Action::resume}, 3}};
        node_.policy = policy;
    }

    Order order(Action action, std::int64_t sequence) const {
        Order order;
        order.network = "devnet";
        order.genesis_hash = genesis_;
        order.action = action;
        order.sequence = sequence;
        order.issued_at = base::now_unix_ms();
        order.expires_at = order.issued_at + 60'000;
        if (action == Action::pause) order.pause_until = order.issued_at + 3'600'000;
        if (action == Action::resume) order.resumes = sequence - 1;
        sign_order(
            order,
            {"alice", public_key_, [this](base::ByteView text) { return crypto::sign_ed25519(seed_, text); }},
            order.issued_at);
        return order;
    }
    std::string statuses() const {
        return Connection::open(node_.home.database(), Connection::Mode::read_write)
            .query_text("SELECT group_concat(status) FROM validators")
            .value_or("");
    }
    std::vector<std::string> events() const {
        std::vector<std::string> events;
        for (const AuditEntry& entry : read_audit(node_.home, 100)) events.push_back(entry.event);
        return events;
    }

    support::TemporaryFolder folder_;
    std::string genesis_ = std::string(64, 'a');
    crypto::SecretBytes seed_ = crypto::new_ed25519_seed();
    base::Bytes public_key_ = crypto::ed25519_public_key(seed_);
    Obedient node_;
};

TEST_F(Obey, SignedOrdersCountOnce) {
    const Order pause = order(Action::pause, 1);
    const Obeyed paused = obey(node_, pause, CheckMode::fresh);
    EXPECT_FALSE(paused.refusal);
    EXPECT_TRUE(paused.outcome.changed);
    EXPECT_EQ(paused.state.authority, "alice");
    EXPECT_TRUE(paused.state.until);
    EXPECT_EQ(statuses(), "INACTIVE,INACTIVE");
    EXPECT_FALSE(obey(node_, pause, CheckMode::fresh).outcome.changed);
    const Obeyed resumed = obey(node_, order(Action::resume, 2), CheckMode::fresh);
    EXPECT_TRUE(resumed.outcome.changed);
    EXPECT_EQ(statuses(), "ACTIVE,JAILED");
    const Obeyed replayed = obey(node_, pause, CheckMode::catching_up);
    ASSERT_TRUE(replayed.refusal);
    EXPECT_EQ(statuses(), "ACTIVE,JAILED");
    EXPECT_THAT(events(),
                ElementsAre("order_accepted", "paused", "order_accepted", "resumed", "order_refused"));
}

TEST_F(Obey, ARefusalIsLoggedOnceAndChangesNothing) {
    Order forged = order(Action::pause, 1);
    forged.reason = "changed afterwards";
    for (int i = 0; i < 3; ++i) {
        const Obeyed obeyed = obey(node_, forged, CheckMode::fresh);
        ASSERT_TRUE(obeyed.refusal);
        EXPECT_EQ(obeyed.refusal->kind(), base::ErrorKind::wrong_secret);
    }
    EXPECT_THAT(events(), ElementsAre("order_refused"));
    EXPECT_EQ(statuses(), "ACTIVE,JAILED");
}

TEST_F(Obey, AnOrderThatWasAcceptedAndNotCarriedOutIsCarriedOut) {
    const Order pause = order(Action::pause, 1);
    append_audit(
        node_.home,
        {.event = AuditEvent::order_accepted, .network = "devnet", .sequence = 1, .order = pause.text()},
        base::now_unix_ms());
    EXPECT_TRUE(obey(node_, pause, CheckMode::catching_up).outcome.changed);
    EXPECT_EQ(statuses(), "INACTIVE,INACTIVE");
    EXPECT_THAT(events(), ElementsAre("order_accepted", "paused"));
}

TEST_F(Obey, WhatWasAcceptedCountsOnlyAsLongAsItsSignersDo) {
    const Order pause = order(Action::pause, 1);
    append_audit(
        node_.home,
        {.event = AuditEvent::order_accepted, .network = "devnet", .sequence = 1, .order = pause.text()},
        base::now_unix_ms());
    node_.policy->members[0].name = "zoe";
    const Obeyed refused = obey(node_, pause, CheckMode::fresh);
    ASSERT_TRUE(refused.refusal);
    EXPECT_THAT(refused.refusal->message(), HasSubstr("'alice' is no member"));
    EXPECT_EQ(statuses(), "ACTIVE,JAILED");
}

TEST_F(Obey, AnOlderDatabaseIsNoReasonToObeyAnOlderOrderAgain) {
    const Order pause = order(Action::pause, 1);
    std::filesystem::copy(node_.home.database(), folder_ / "before");
    obey(node_, pause, CheckMode::fresh);
    obey(node_, order(Action::resume, 2), CheckMode::fresh);
    std::filesystem::copy(folder_ / "before", node_.home.database(),
                          std::filesystem::copy_options::overwrite_existing);
    const Obeyed replayed = obey(node_, pause, CheckMode::fresh);
    ASSERT_TRUE(replayed.refusal);
    EXPECT_THAT(replayed.refusal->message(), HasSubstr("it comes after order 2"));
    EXPECT_EQ(statuses(), "ACTIVE,JAILED");
}

TEST_F(Obey, WhatWasCutOffBeforeItWasLoggedIsLoggedLater) {
    const Order pause = order(Action::pause, 1);
    append_audit(
        node_.home,
        {.event = AuditEvent::order_accepted, .network = "devnet", .sequence = 1, .order = pause.text()},
        base::now_unix_ms());
    {
        Connection database = Connection::open(node_.home.database(), Connection::Mode::read_write);
        chaindb::apply_pause(database, {.network = "devnet",
                                        .sequence = 1,
                                        .issued_at = static_cast<double>(pause.issued_at) / 1000,
                                        .reason = "r",
                                        .authority = "alice",
                                        .text = pause.text()});
    }
    EXPECT_FALSE(obey(node_, pause, CheckMode::fresh).refusal);
    EXPECT_THAT(events(), ElementsAre("order_accepted", "paused"));
    EXPECT_FALSE(obey(node_, pause, CheckMode::fresh).refusal);
    EXPECT_THAT(events(), ElementsAre("order_accepted", "paused"));
}

TEST_F(Obey, WithoutAPolicyOnlyWhoMayWriteHereOrders) {
    node_.policy.reset();
    const Obeyed refused = obey(node_, order(Action::pause, 1), CheckMode::fresh);
    ASSERT_TRUE(refused.refusal);
    EXPECT_THAT(refused.refusal->message(), HasSubstr("no policy"));
    node_.authority_without_policy = "root on node-1";
    const Obeyed obeyed = obey(node_, order(Action::pause, 1), CheckMode::fresh);
    EXPECT_FALSE(obeyed.refusal);
    EXPECT_EQ(obeyed.state.authority, "root on node-1");
    EXPECT_FALSE(obeyed.state.until);
}

TEST_F(Obey, LocalOrdersAreNumberedAfterAllThatTheHomeKnows) {
    obey(node_, order(Action::pause, 7), CheckMode::fresh);
    node_.policy.reset();
    const chaindb::PauseOrder local{
        .network = "devnet", .issued_at = 1e9, .reason = "by hand", .authority = "root on node-1"};
    const Obeyed resumed = obey_local(node_, local, Action::resume);
    EXPECT_TRUE(resumed.outcome.changed);
    EXPECT_EQ(resumed.state.sequence, 8);
    EXPECT_FALSE(obey_local(node_, local, Action::resume).outcome.changed);
    EXPECT_EQ(obey_local(node_, local, Action::pause).state.sequence, 9);
}

TEST_F(Obey, AnOverrideIsKeptWithItsReason) {
    obey(node_, order(Action::pause, 1), CheckMode::fresh);
    Connection::open(node_.home.database(), Connection::Mode::read_write)
        .execute("UPDATE network_pause_state SET status = 'ACTIVE'");
    const Order resume = order(Action::resume, 2);
    EXPECT_THROW(obey(node_, resume, CheckMode::fresh), base::Error);
    const Obeyed forced = obey(node_, resume, CheckMode::fresh, Override{"states set by hand"});
    EXPECT_TRUE(forced.outcome.changed);
    const auto entries = read_audit(node_.home, 1);
    EXPECT_EQ(entries.at(0).event, "forced");
    EXPECT_EQ(entries.at(0).detail, "states set by hand");
}

TEST_F(Obey, APauseEndsInItsTime) {
    Order pause = order(Action::pause, 1);
    pause.signatures.clear();
    pause.issued_at -= 7'200'000;
    pause.expires_at = pause.issued_at + 60'000;
    pause.pause_until = base::now_unix_ms() + 200;
    sign_order(
        pause,
        {"alice", public_key_, [this](base::ByteView text) { return crypto::sign_ed25519(seed_, text); }},
        pause.issued_at);
    ASSERT_FALSE(obey(node_, pause, CheckMode::catching_up).refusal);
    while (base::now_unix_ms() <= pause.pause_until) EXPECT_EQ(statuses(), "INACTIVE,INACTIVE");
    EXPECT_TRUE(end_pause_in_time(node_));
    EXPECT_FALSE(end_pause_in_time(node_));
    EXPECT_EQ(statuses(), "ACTIVE,JAILED");
    EXPECT_EQ(read_audit(node_.home, 1).at(0).event, "lapsed");
}

}  // namespace
}  // namespace bt2c::network
