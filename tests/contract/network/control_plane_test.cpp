// The contract of control planes, by each kind of store there is.

#include "contract/control_plane_suite.hpp"
#include "network/etcd_store.hpp"
#include "network/local_store.hpp"
#include "support/etcd_server.hpp"

namespace bt2c::network::contract {
namespace {

using support::EtcdServer;

EtcdAccess access_to(const EtcdServer& server) {
    return {.endpoints = {server.url()}, .tls = {}, .user = "", .password_file = ""};
}

std::function<std::unique_ptr<ControlPlane>()> local_place() {
    const auto folder = std::make_shared<support::TemporaryFolder>();
    return
        [folder] { return std::make_unique<ControlPlane>(std::make_unique<LocalStore>(*folder / "plane")); };
}

/// All tests of a kind share a server, which is emptied for each of them.
std::function<std::unique_ptr<ControlPlane>()> etcd_place(const std::shared_ptr<EtcdServer>& server,
                                                          const EtcdAccess& access) {
    server->control({"del", "--prefix", ""});
    return [access] { return std::make_unique<ControlPlane>(std::make_unique<EtcdStore>(access)); };
}
std::function<std::unique_ptr<ControlPlane>()> plain_etcd_place() {
    if (!support::etcd_is_installed()) return {};
    static const auto server = std::make_shared<EtcdServer>();
    return etcd_place(server, access_to(*server));
}
std::function<std::unique_ptr<ControlPlane>()> guarded_etcd_place() {
    if (!support::etcd_is_installed()) return {};
    static const auto server = std::make_shared<EtcdServer>(EtcdServer::Options{.tls = true, .users = true});
    return etcd_place(server, {.endpoints = {server->url()},
                               .tls = {server->ca(), server->certificate(), server->key()},
                               .user = "agent",
                               .password_file = server->password_file()});
}

INSTANTIATE_TEST_SUITE_P(Local, PlaneContract, testing::Values(Kind{"folder", local_place}), kind_name);
INSTANTIATE_TEST_SUITE_P(Etcd, PlaneContract,
                         testing::Values(Kind{"plain", plain_etcd_place},
                                         Kind{"guarded", guarded_etcd_place}),
                         kind_name);

TEST(LocalPlane, NamesThatAreNoFilesAreTakenAndHoldNoOrder) {
    namespace fs = std::filesystem;
    const support::TemporaryFolder folder;
    ControlPlane plane(std::make_unique<LocalStore>(folder / "plane"));
    ASSERT_TRUE(plane.publish("testnet", 1, "an order"));
    const fs::path orders = folder / "plane/testnet/to-nodes/orders";
    fs::create_symlink(orders / "0000000000000000001", orders / "0000000000000000002");
    fs::create_directory(orders / "0000000000000000003");
    const auto found = plane.orders("testnet", 0);
    ASSERT_EQ(found.size(), 3U);
    EXPECT_EQ(found[0].text, "an order");
    EXPECT_EQ(found[1].text, "") << "a link is not followed";
    EXPECT_EQ(found[2].text, "");
    EXPECT_FALSE(plane.publish("testnet", 2, "an order"));
}

}  // namespace
}  // namespace bt2c::network::contract
