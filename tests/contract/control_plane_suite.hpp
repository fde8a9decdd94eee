#pragma once
// What every control plane must do, whatever keeps its entries; each kind of store instantiates the suite.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/error.hpp"
#include "network/control_plane.hpp"
#include "support/skip.hpp"

namespace bt2c::network::contract {

/// One kind: an empty place for entries, and planes that share it.
struct Kind {
    std::string name;
    /// What each call of the inner function makes uses the same entries. Empty where it cannot be had.
    std::function<std::function<std::unique_ptr<ControlPlane>()>()> place;
};
inline std::ostream& operator<<(std::ostream& out, const Kind& kind) {
    return out << kind.name;
}
inline std::string kind_name(const testing::TestParamInfo<Kind>& info) {
    return info.param.name;
}

inline Acknowledgement acknowledgement_of(const std::string& node, std::int64_t sequence) {
    return {.node = node,
            .sequence = sequence,
            .status = "applied",
            .detail = "all \"well\"\n\xC3\xA4",
            .height = 12,
            .tip_hash = "ab",
            .validators_changed = 3,
            .at = 1'700'000'000'123};
}

inline bool within(double seconds, const std::function<bool()>& holds) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
    while (!holds())
        if (std::chrono::steady_clock::now() > deadline) return false;
    return true;
}

class PlaneContract : public testing::TestWithParam<Kind> {
 protected:
    std::function<std::unique_ptr<ControlPlane>()> open = GetParam().place();
    std::unique_ptr<ControlPlane> plane = open ? open() : nullptr;
    void SetUp() override {
        if (!plane) BT2C_SKIP_OR_FAIL("etcd, etcdctl or openssl is not installed");
    }
};

template <typename Work>
base::ErrorKind kind_of_error(const Work& work) {
    try {
        work();
    } catch (const base::Error& error) {
        return error.kind();
    }
    ADD_FAILURE() << "nothing was thrown";
    return base::ErrorKind::failed;
}

TEST_P(PlaneContract, APublishedOrderIsWhole) {
    std::string text = "{\"order\":\"\xC3\xA4\"}\n";
    text += '\0';
    text += '\xFF';
    EXPECT_TRUE(plane->orders("devnet", 0).empty());
    EXPECT_TRUE(plane->publish("devnet", 1, text));
    const auto orders = open()->orders("devnet", 0);
    ASSERT_EQ(orders.size(), 1U);
    EXPECT_EQ(orders[0].sequence, 1);
    EXPECT_EQ(orders[0].text, text);
    EXPECT_TRUE(plane->orders("testnet", 0).empty());
}

// [N3] Each sequence counts once.
TEST_P(PlaneContract, ASequenceIsTakenOnce) {
    EXPECT_TRUE(plane->publish("devnet", 7, "first"));
    EXPECT_TRUE(plane->publish("devnet", 7, "first"));
    EXPECT_FALSE(open()->publish("devnet", 7, "other"));
    EXPECT_FALSE(plane->publish("devnet", 7, "first, and longer"));
    EXPECT_EQ(plane->orders("devnet", 0).at(0).text, "first");
}

TEST_P(PlaneContract, OneOfSeveralPublishersOfASequenceWins) {
    std::atomic<int> won = 0;
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&, t] {
            if (open()->publish("devnet", 1, "order " + std::to_string(t))) ++won;
        });
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(won, 1);
    EXPECT_EQ(plane->orders("devnet", 0).size(), 1U);
}

TEST_P(PlaneContract, OrdersComeInOrderAndInPages) {
    for (const std::int64_t sequence : {3, 1, 2, 10, 9, 100}) plane->publish("devnet", sequence, "o");
    std::vector<std::int64_t> found;
    for (const auto& order : plane->orders("devnet", 2)) found.push_back(order.sequence);
    EXPECT_THAT(found, testing::ElementsAre(3, 9, 10, 100));
    EXPECT_TRUE(plane->orders("devnet", 100).empty());
}

TEST_P(PlaneContract, LargestOrdersPass) {
    const std::string largest(published_order_bytes_max, 'o');
    constexpr std::int64_t count = 21;
    for (std::int64_t sequence = 1; sequence <= count; ++sequence)
        plane->publish("devnet", sequence, largest);
    std::int64_t last = 0;
    for (auto page = plane->orders("devnet", 0); !page.empty(); page = plane->orders("devnet", last))
        for (const PublishedOrder& order : page) {
            EXPECT_EQ(order.sequence, ++last);
            EXPECT_EQ(order.text, largest);
        }
    EXPECT_EQ(last, count);
    EXPECT_EQ(kind_of_error([&] { plane->publish("devnet", 71, largest + "o"); }), base::ErrorKind::usage);
}

// [N5] The newest acknowledgement of a node counts, and each field arrives.
TEST_P(PlaneContract, AcknowledgementsArrive) {
    plane->acknowledge("devnet", acknowledgement_of("node-1", 4));
    plane->acknowledge("devnet", acknowledgement_of("node-2", 4));
    plane->acknowledge("devnet", acknowledgement_of("node-1", 40));
    Acknowledgement newer = acknowledgement_of("node-1", 4);
    newer.settled = true;
    newer.settled_height = 13;
    newer.height = std::nullopt;
    plane->acknowledge("devnet", newer);
    const auto found = open()->acknowledgements("devnet", 4);
    ASSERT_EQ(found.size(), 2U);
    EXPECT_EQ(found[0].node, "node-1");
    EXPECT_TRUE(found[0].settled);
    EXPECT_EQ(found[0].settled_height, 13);
    EXPECT_EQ(found[0].height, std::nullopt);
    EXPECT_EQ(found[1].node, "node-2");
    EXPECT_EQ(found[1].sequence, 4);
    EXPECT_EQ(found[1].status, "applied");
    EXPECT_EQ(found[1].detail, acknowledgement_of("", 1).detail);
    EXPECT_EQ(found[1].height, 12);
    EXPECT_EQ(found[1].tip_hash, "ab");
    EXPECT_EQ(found[1].validators_changed, 3);
    EXPECT_EQ(found[1].at, 1'700'000'000'123);
    EXPECT_FALSE(found[1].settled);
}

TEST_P(PlaneContract, NamesFromOutsideStayNames) {
    const std::vector<std::string> names{"../../x", "a/b", ".hidden", "a%2Fb",
                                         "\xFF\n",  "N",   "n",       std::string(64, '/')};
    for (const std::string& name : names) {
        plane->register_node("devnet", {.name = name, .validator = "v", .stake = 1.5, .since = 2000});
        plane->acknowledge("devnet", acknowledgement_of(name, 1));
    }
    std::vector<std::string> nodes, acknowledging;
    for (const auto& node : plane->nodes("devnet")) nodes.push_back(node.name);
    for (const auto& found : plane->acknowledgements("devnet", 1)) acknowledging.push_back(found.node);
    EXPECT_THAT(nodes, testing::UnorderedElementsAreArray(names));
    EXPECT_THAT(acknowledging, testing::UnorderedElementsAreArray(names));
    EXPECT_EQ(kind_of_error([&] { plane->forget_node("devnet", ""); }), base::ErrorKind::usage);
    EXPECT_EQ(kind_of_error([&] { plane->forget_node("devnet", std::string(65, 'n')); }),
              base::ErrorKind::usage);
    EXPECT_EQ(kind_of_error([&] { plane->publish("", 1, "o"); }), base::ErrorKind::usage);
    EXPECT_EQ(kind_of_error([&] { plane->publish("devnet", 0, "o"); }), base::ErrorKind::usage);
}

TEST_P(PlaneContract, NodesAreForgottenOneByOne) {
    for (const std::string name : {"node", "node-1", "node1"})
        plane->register_node("devnet", {.name = name, .validator = "v", .stake = 1.5, .since = 2000});
    plane->forget_node("devnet", "node");
    plane->forget_node("devnet", "node");
    const auto nodes = plane->nodes("devnet");
    ASSERT_EQ(nodes.size(), 2U);
    EXPECT_EQ(nodes[0].name, "node-1");
    EXPECT_EQ(nodes[0].validator, "v");
    EXPECT_EQ(nodes[0].stake, 1.5);
    EXPECT_EQ(nodes[0].since, 2000);
}

TEST_P(PlaneContract, ReportsAreAskedForAndCome) {
    EXPECT_TRUE(plane->report_requests("devnet").empty());
    plane->request_report("devnet", "r1");
    plane->request_report("devnet", "r11");
    const auto asked = open()->report_requests("devnet");
    ASSERT_EQ(asked.size(), 2U);
    EXPECT_EQ(asked[0].id, "r1");
    EXPECT_NEAR(static_cast<double>(asked[0].at), static_cast<double>(base::now_unix_ms()), 10'000);
    plane->answer("devnet", "r1", {"node-1", "{\"height\":1}"});
    plane->answer("devnet", "r11", {"node-1", "{}"});
    const auto reports = plane->reports("devnet", "r1");
    ASSERT_EQ(reports.size(), 1U);
    EXPECT_EQ(reports[0].node, "node-1");
    EXPECT_EQ(reports[0].text, "{\"height\":1}");
    for (const std::string bad : {"", "a/b", "a.b", "1234567890123456789012345678901234567"})
        EXPECT_EQ(kind_of_error([&] { plane->request_report("devnet", bad); }), base::ErrorKind::usage)
            << bad;
    const std::string large(entry_bytes_max + 1, 'x');
    EXPECT_EQ(kind_of_error([&] { plane->answer("devnet", "r1", {"n", large}); }), base::ErrorKind::usage);
}

TEST_P(PlaneContract, AnswersOfManyNodesAreAllRead) {
    for (int n = 0; n < 300; ++n)
        plane->answer("devnet", "r", {"node-" + std::to_string(n), std::string(entry_bytes_max, 'r')});
    EXPECT_EQ(plane->reports("devnet", "r").size(), 300U);
}

TEST_P(PlaneContract, TheFirstWaitSaysThatAllChanged) {
    Change change;
    EXPECT_TRUE(
        within(5, [&] { return (change = plane->wait_for_change("devnet", Side::nodes, 500)).any(); }));
    EXPECT_TRUE(change.orders && change.requests);
    EXPECT_FALSE(change.nodes || change.acknowledgements || change.reports);
}

// [N5] Nothing that is published after a read is missed, and waiting ends soon.
TEST_P(PlaneContract, AChangeEndsTheWait) {
    ASSERT_TRUE(within(5, [&] { return plane->wait_for_change("devnet", Side::nodes, 500).any(); }));
    const auto other = open();
    std::thread publisher([&] { other->publish("devnet", 1, "order"); });
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_TRUE(within(5, [&] { return plane->wait_for_change("devnet", Side::nodes, 5000).orders; }));
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(3));
    publisher.join();
    EXPECT_EQ(plane->orders("devnet", 0).size(), 1U);
}

TEST_P(PlaneContract, OperatorsSeeAnswersOnly) {
    ASSERT_TRUE(within(5, [&] { return plane->wait_for_change("devnet", Side::operators, 500).reports; }));
    const auto other = open();
    other->publish("devnet", 1, "order");
    other->publish("testnet", 1, "order");
    other->acknowledge("testnet", acknowledgement_of("n", 1));
    other->acknowledge("devnet", acknowledgement_of("n", 1));
    Change change;
    EXPECT_TRUE(within(5, [&] {
        return (change = plane->wait_for_change("devnet", Side::operators, 5000)).acknowledgements;
    }));
    EXPECT_FALSE(change.orders || change.requests);
    other->answer("devnet", "r", {"n", "{}"});
    EXPECT_TRUE(within(5, [&] { return plane->wait_for_change("devnet", Side::operators, 5000).reports; }));
    other->forget_node("devnet", "n");
    other->register_node("devnet", {.name = "n", .validator = "", .stake = 0, .since = 0});
    EXPECT_TRUE(within(5, [&] { return plane->wait_for_change("devnet", Side::operators, 5000).nodes; }));
}

TEST_P(PlaneContract, QuietIsNoChange) {
    ASSERT_TRUE(within(5, [&] { return plane->wait_for_change("devnet", Side::nodes, 500).any(); }));
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_FALSE(plane->wait_for_change("devnet", Side::nodes, 300).any());
    const double waited = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    EXPECT_GT(waited, 0.25);
    EXPECT_LT(waited, 2);
}

}  // namespace bt2c::network::contract
