// The agent over a real etcd that is killed, frozen and restarted.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "network/etcd_store.hpp"
#include "support/etcd_server.hpp"
#include "support/skip.hpp"
#include "unit/agent/simulated_node.hpp"

namespace bt2c::agent {
namespace {

using network::ControlPlane;
using network::EtcdAccess;
using network::EtcdStore;
using support::EtcdServer;

std::unique_ptr<ControlPlane> plane_at(std::vector<std::string> urls) {
    return std::make_unique<ControlPlane>(std::make_unique<EtcdStore>(EtcdAccess{
        .endpoints = std::move(urls), .tls = {}, .user = "", .password_file = "", .timeout_ms = 1000}));
}

bool acknowledged(ControlPlane& plane, std::int64_t sequence) {
    try {
        const auto found = plane.acknowledgements("devnet", sequence);
        return !found.empty() && found[0].status == "applied";
    } catch (const base::Error&) {
        return false;
    }
}

class EtcdAgent : public testing::Test {
 protected:
    void SetUp() override {
        if (!support::etcd_is_installed()) BT2C_SKIP_OR_FAIL("etcd, etcdctl or openssl is not installed");
        server = std::make_unique<EtcdServer>();
        plane = plane_at({server->url()});
        node = std::make_unique<SimulatedNode>(plane_at({server->url()}), "node-1");
        node->start();
        ASSERT_TRUE(within(10, [&] { return node->ready.load(); }));
    }
    bool logged(const std::string& line) {
        for (const std::string& found : node->log())
            if (found.starts_with(line)) return true;
        return false;
    }

    std::unique_ptr<EtcdServer> server;
    std::unique_ptr<ControlPlane> plane;
    std::unique_ptr<SimulatedNode> node;
};

TEST_F(EtcdAgent, IsToldAtOnce) {
    ASSERT_TRUE(plane->publish("devnet", 1, "pause"));
    EXPECT_TRUE(within(1, [&] { return acknowledged(*plane, 1); }));
}

TEST_F(EtcdAgent, OutlivesAKilledEtcd) {
    server->kill();
    EXPECT_TRUE(within(10, [&] { return logged("the control plane is away"); }));
    server->start();
    ASSERT_TRUE(plane->publish("devnet", 1, "pause"));
    EXPECT_TRUE(within(15, [&] { return acknowledged(*plane, 1); }));
    EXPECT_TRUE(logged("the control plane answers again"));
}

// What was published while the agent could not be reached is obeyed when it can.
TEST_F(EtcdAgent, OutlivesAFrozenEtcd) {
    server->freeze();
    EXPECT_THROW(plane->publish("devnet", 1, "pause"), base::Error);
    server->thaw();
    EXPECT_TRUE(plane->publish("devnet", 1, "pause"));
    EXPECT_TRUE(within(15, [&] { return acknowledged(*plane, 1); }));
}

TEST_F(EtcdAgent, ObeysWhatWasOrderedWhileItWasDown) {
    node->stop();
    ASSERT_TRUE(plane->publish("devnet", 1, "pause"));
    server->kill();
    server->start();
    node->start();
    EXPECT_TRUE(within(15, [&] { return acknowledged(*plane, 1); }));
    EXPECT_THAT(node->obeyed(), testing::ElementsAre("1c"));
}

TEST_F(EtcdAgent, AsksTheNextMember) {
    // The first member is not there; the second is etcd.
    SimulatedNode other(plane_at({"http://127.0.0.1:1", server->url()}), "node-2");
    other.start();
    EXPECT_TRUE(within(10, [&] { return other.ready.load(); }));
    ASSERT_TRUE(plane->publish("devnet", 1, "pause"));
    EXPECT_TRUE(within(2, [&] { return plane->acknowledgements("devnet", 1).size() == 2; }));
    EXPECT_THAT(other.log(), testing::ElementsAre("order 1: applied, pause"));
}

}  // namespace
}  // namespace bt2c::agent
