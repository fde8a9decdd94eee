// The agent over a folder as control plane, and over one that fails when a test says so.

#include "agent/agent.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "network/local_store.hpp"
#include "support/temporary_folder.hpp"
#include "unit/agent/simulated_node.hpp"

namespace bt2c::agent {
namespace {

using network::ControlPlane;
using network::LocalStore;
using network::PlaneStore;
using network::StoredEntry;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// A folder that can be away.
class FragileStore final : public PlaneStore {
 public:
    FragileStore(std::filesystem::path folder, const std::atomic<bool>& away)
        : store_(std::move(folder)), away_(away) {}
    bool create(const std::string& folder, const StoredEntry& entry) override {
        check();
        return store_.create(folder, entry);
    }
    void put(const std::string& folder, const StoredEntry& entry) override {
        check();
        store_.put(folder, entry);
    }
    std::vector<StoredEntry> list(const std::string& folder, const std::string& prefix,
                                  const std::string& after, std::size_t limit,
                                  std::size_t text_max) override {
        check();
        return store_.list(folder, prefix, after, limit, text_max);
    }
    void remove(const std::string& folder, const std::string& name) override { store_.remove(folder, name); }
    void remove_all(const std::string& folder, const std::string& prefix) override {
        store_.remove_all(folder, prefix);
    }
    std::set<std::string> wait(const std::string& folder, const std::set<std::string>& subfolders,
                               int timeout_ms) override {
        check();
        return store_.wait(folder, subfolders, timeout_ms);
    }

 private:
    void check() const {
        if (away_) throw base::Error(base::ErrorKind::busy, "nobody is there");
    }
    LocalStore store_;
    const std::atomic<bool>& away_;
};

class AgentTest : public testing::Test {
 protected:
    std::string status_of(std::int64_t sequence) {
        const auto found = plane.acknowledgements("devnet", sequence);
        return found.empty() ? "" : found[0].status + (found[0].settled ? ", settled" : "");
    }
    bool becomes(std::int64_t sequence, const std::string& status) {
        return within(10, [&] { return status_of(sequence) == status; });
    }

    support::TemporaryFolder folder;
    std::atomic<bool> away{false};
    ControlPlane plane{std::make_unique<LocalStore>(folder.path())};
    SimulatedNode node{std::make_unique<ControlPlane>(std::make_unique<FragileStore>(folder.path(), away)),
                       "node-1"};
};

TEST_F(AgentTest, RegistersAndGetsReady) {
    node.start();
    EXPECT_TRUE(within(5, [&] { return node.ready.load(); }));
    const auto nodes = plane.nodes("devnet");
    ASSERT_EQ(nodes.size(), 1U);
    EXPECT_EQ(nodes[0].name, "node-1");
    EXPECT_EQ(nodes[0].validator, "v");
    EXPECT_TRUE(within(5, [&] { return node.seconds > 1; }));
}

// [N5] An order is acknowledged at once, and again when the node has settled.
TEST_F(AgentTest, ObeysAndAcknowledgesTwice) {
    node.unsettled = 1;
    node.start();
    ASSERT_TRUE(within(5, [&] { return node.ready.load(); }));
    plane.publish("devnet", 1, "pause");
    EXPECT_TRUE(becomes(1, "applied"));
    EXPECT_TRUE(becomes(1, "applied, settled"));
    const auto done = plane.acknowledgements("devnet", 1).at(0);
    EXPECT_EQ(done.node, "node-1");
    EXPECT_EQ(done.detail, "pause");
    EXPECT_EQ(done.settled_height, 7);
    EXPECT_NEAR(static_cast<double>(done.at), static_cast<double>(base::now_unix_ms()), 20'000);
    EXPECT_THAT(node.obeyed(), ElementsAre("1"));
}

// [N5] What was ordered while it was down is obeyed before it says that it is ready.
TEST_F(AgentTest, CatchesUpInOrderBeforeItIsReady) {
    for (std::int64_t sequence = 1; sequence <= 100; ++sequence) plane.publish("devnet", sequence, "o");
    network::Acknowledgement answered;
    answered.sequence = 97;
    answered.node = "node-1";
    answered.status = "applied";
    plane.acknowledge("devnet", answered);
    node.applied = 97;
    node.broken = true;
    node.start();
    EXPECT_TRUE(becomes(98, "failed"));
    EXPECT_FALSE(node.ready);
    node.broken = false;
    EXPECT_TRUE(within(10, [&] { return node.ready.load(); }));
    EXPECT_EQ(node.applied, 100);
    EXPECT_TRUE(becomes(100, "applied, settled"));
    node.stop();
    const auto before = node.obeyed().size();
    EXPECT_THAT(node.obeyed(), testing::Each(testing::EndsWith("c")));
    node.start();
    EXPECT_TRUE(within(10, [&] { return node.ready.load(); }));
    EXPECT_EQ(node.obeyed().size(), before);
}

// The next order for all must have a higher number.
TEST_F(AgentTest, TellsOfOrdersThatItAloneWasGiven) {
    node.start();
    ASSERT_TRUE(within(5, [&] { return node.ready.load(); }));
    EXPECT_EQ(plane.nodes("devnet").at(0).sequence, 0);
    node.applied = 12;
    EXPECT_TRUE(within(5, [&] { return plane.nodes("devnet").at(0).sequence == 12; }));
    plane.publish("devnet", 12, "pause");  // the one that it was given by hand
    EXPECT_TRUE(becomes(12, "already"));
    plane.publish("devnet", 13, "pause");
    EXPECT_TRUE(becomes(13, "applied"));
}

TEST_F(AgentTest, CutOffBetweenObeyingAndAnsweringItAnswersWhenItIsBack) {
    for (std::int64_t sequence = 1; sequence <= 3; ++sequence) plane.publish("devnet", sequence, "o");
    node.applied = 3;
    node.start();
    EXPECT_TRUE(becomes(3, "already, settled")) << status_of(3);
    EXPECT_EQ(status_of(2), "");
    EXPECT_EQ(node.applied, 3);
}

TEST_F(AgentTest, GivesCaughtUpOrdersInOrder) {
    for (const std::int64_t sequence : {3, 1, 12, 2}) plane.publish("devnet", sequence, "o");
    node.start();
    EXPECT_TRUE(within(10, [&] { return node.ready.load(); }));
    EXPECT_THAT(node.obeyed(), ElementsAre("1c", "2c", "3c", "12c"));
}

TEST_F(AgentTest, TriesAgainWhileTheDatabaseIsLocked) {
    node.broken = true;
    node.start();
    ASSERT_TRUE(within(5, [&] { return node.ready.load(); }));
    plane.publish("devnet", 1, "pause");
    EXPECT_TRUE(becomes(1, "failed"));
    EXPECT_THAT(plane.acknowledgements("devnet", 1).at(0).detail, HasSubstr("database is locked"));
    EXPECT_TRUE(within(5, [&] { return node.obeyed().size() > 3; }));
    node.broken = false;
    EXPECT_TRUE(becomes(1, "applied, settled"));
    EXPECT_THAT(node.log(), ElementsAre(HasSubstr("cannot obey order 1"), HasSubstr("order 1: applied")));
}

TEST_F(AgentTest, ALaterOrderThatIsObeyedEndsTheAttempts) {
    node.broken = true;
    node.start();
    for (const std::int64_t sequence : {1, 2, 3}) plane.publish("devnet", sequence, "o");
    ASSERT_TRUE(becomes(3, "failed"));
    node.refuse = 1;
    node.broken = false;
    EXPECT_TRUE(becomes(3, "applied, settled"));
    EXPECT_THAT(status_of(1), testing::AnyOf("refused", "superseded"));
}

TEST_F(AgentTest, WaitsForADatabaseThatCannotBeRead) {
    plane.publish("devnet", 1, "o");
    node.unreadable = true;
    node.start();
    EXPECT_TRUE(within(5, [&] { return !node.log().empty(); }));
    EXPECT_FALSE(node.ready);
    EXPECT_THAT(node.obeyed(), IsEmpty());
    node.unreadable = false;
    EXPECT_TRUE(becomes(1, "applied, settled"));
}

// A forged order with a high number must not hide the true ones that come after it.
TEST_F(AgentTest, ARefusedOrderHidesNoOther) {
    node.refuse = INT64_MAX;
    plane.publish("devnet", INT64_MAX, "forged");
    node.start();
    EXPECT_TRUE(becomes(INT64_MAX, "refused"));
    plane.publish("devnet", 1, "pause");
    EXPECT_TRUE(becomes(1, "applied, settled"));
    EXPECT_THAT(node.obeyed(), ElementsAre(std::to_string(INT64_MAX) + "c", "1"));
}

// One that is refused is obeyed in no order's place.
TEST_F(AgentTest, ARefusedOrderEndsNoAttempts) {
    node.broken = true;
    node.refuse = 2;
    node.refuses_first = true;
    node.start();
    plane.publish("devnet", 1, "pause");
    ASSERT_TRUE(becomes(1, "failed"));
    plane.publish("devnet", 2, "forged");
    EXPECT_TRUE(becomes(2, "refused"));
    EXPECT_EQ(status_of(1), "failed");
    node.broken = false;
    EXPECT_TRUE(becomes(1, "applied, settled"));
}

// Names that are no numbers, and a forgery that was taken away, hide no order.
TEST_F(AgentTest, JunkHidesNoOrder) {
    LocalStore store(folder.path());
    const std::string orders = "devnet/to-nodes/orders", number = "0000000000000000001";
    for (int i = 0; i < 100; ++i) store.put(orders, {"0000000000000000000-" + std::to_string(i), "junk"});
    store.put(orders, {number, "forged"});
    node.refuse = 1;
    node.start();
    ASSERT_TRUE(becomes(1, "refused"));
    node.refuse = 0;
    store.put(orders, {number, "pause"});
    EXPECT_TRUE(becomes(1, "applied, settled"));
}

// [N5] What came while it could not look, or could not obey, may have expired meanwhile.
TEST_F(AgentTest, CatchesUpWithWhatItMissed) {
    node.start();
    ASSERT_TRUE(within(5, [&] { return node.ready.load(); }));
    away = true;
    ASSERT_TRUE(within(5, [&] { return !node.log().empty(); }));
    plane.publish("devnet", 1, "pause");
    away = false;
    EXPECT_TRUE(becomes(1, "applied, settled"));
    node.broken = true;
    plane.publish("devnet", 2, "resume");
    EXPECT_TRUE(within(10, [&] { return node.obeyed().size() > 2; }));
    const auto obeyed = node.obeyed();
    EXPECT_THAT(std::vector(obeyed.begin(), obeyed.begin() + 3), ElementsAre("1c", "2", "2c"));
}

// A restore puts an older database under it.
TEST_F(AgentTest, BringsARestoredDatabaseUpToDate) {
    node.start();
    plane.publish("devnet", 1, "pause");
    plane.publish("devnet", 2, "resume");
    ASSERT_TRUE(becomes(2, "applied, settled"));
    node.applied = 0;
    EXPECT_TRUE(within(30, [&] { return node.applied == 2; }));
    const auto obeyed = node.obeyed();
    EXPECT_THAT(std::vector(obeyed.end() - 2, obeyed.end()), ElementsAre("1c", "2c"));
}

TEST_F(AgentTest, ObeysEachOrderOnce) {
    node.start();
    plane.publish("devnet", 1, "pause");
    EXPECT_TRUE(becomes(1, "applied, settled"));
    EXPECT_TRUE(plane.publish("devnet", 1, "pause"));
    plane.publish("devnet", 2, "resume");
    EXPECT_TRUE(becomes(2, "applied, settled"));
    EXPECT_EQ(node.obeyed().size(), 2U);
}

// [N5] Cut off, it goes on; back, it obeys and says so. The log has one line for each.
TEST_F(AgentTest, AControlPlaneThatWasAway) {
    node.start();
    ASSERT_TRUE(within(5, [&] { return node.ready.load(); }));
    away = true;
    ASSERT_TRUE(within(5, [&] { return !node.log().empty(); }));
    plane.publish("devnet", 1, "pause");
    const int seconds = node.seconds;
    EXPECT_TRUE(within(5, [&] { return node.seconds > seconds + 1; }));
    EXPECT_THAT(node.obeyed(), IsEmpty());
    away = false;
    EXPECT_TRUE(becomes(1, "applied, settled"));
    EXPECT_THAT(node.log(), ElementsAre("the control plane is away: nobody is there",
                                        "the control plane answers again", "order 1: applied, pause"));
}

TEST_F(AgentTest, AnAcknowledgementWaitsForThePlane) {
    node.broken = true;
    node.start();
    plane.publish("devnet", 1, "pause");
    ASSERT_TRUE(becomes(1, "failed"));
    away = true;
    ASSERT_TRUE(within(5, [&] { return node.log().size() == 2; }));
    node.broken = false;
    ASSERT_TRUE(within(10, [&] { return node.applied == 1; }));
    EXPECT_EQ(status_of(1), "failed");
    away = false;
    EXPECT_TRUE(becomes(1, "applied, settled"));
}

TEST_F(AgentTest, StartsWhileThePlaneIsAway) {
    away = true;
    plane.publish("devnet", 1, "pause");
    node.start();
    EXPECT_TRUE(within(5, [&] { return !node.log().empty(); }));
    EXPECT_FALSE(node.ready);
    away = false;
    EXPECT_TRUE(within(10, [&] { return node.ready.load(); }));
    EXPECT_THAT(node.obeyed(), ElementsAre("1c"));
}

// [N6] Probes for a careful resume.
TEST_F(AgentTest, AnswersRequestsAtMostOnceASecond) {
    node.start();
    ASSERT_TRUE(within(5, [&] { return node.ready.load(); }));
    const auto begin = std::chrono::steady_clock::now();
    for (const std::string id : {"a", "b", "c"}) plane.request_report("devnet", id);
    EXPECT_TRUE(within(10, [&] { return node.reports == 3; }));
    EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(1900));
    EXPECT_TRUE(within(5, [&] { return plane.reports("devnet", "a").size() == 1; }));
    EXPECT_EQ(plane.reports("devnet", "c").at(0).text, R"({"height":7})");
    EXPECT_EQ(node.reports, 3);
}

TEST_F(AgentTest, StopsSoon) {
    node.start();
    ASSERT_TRUE(within(5, [&] { return node.ready.load(); }));
    const auto begin = std::chrono::steady_clock::now();
    node.stop();
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(1));
}

}  // namespace
}  // namespace bt2c::agent
