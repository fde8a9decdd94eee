// [N1] node.toml.

#include "config/node_config.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "support/temporary_folder.hpp"

namespace bt2c::config {
namespace {

const Home home{"/srv/node"};
const std::string least =
    "name = \"node-1\"\nnetwork = \"devnet\"\nlisten = \"127.0.0.1:7001\"\ntls_ca = \"config/ca.pem\"\n"
    "tls_certificate = \"config/node.pem\"\ntls_key = \"/etc/node.key\"\n";

NodeConfig parsed(const std::string& text) {
    return parse_node_config(text, "node.toml", home);
}
/// The message of the error, and its hint.
std::string fault_of(const std::string& text) {
    try {
        parsed(text);
    } catch (const base::Error& error) {
        EXPECT_EQ(error.kind(), base::ErrorKind::usage);
        return error.message() + " | " + error.hint();
    }
    return "no error";
}

TEST(NodeConfig, TheLeastThereIs) {
    const NodeConfig config = parsed(least);
    EXPECT_EQ(config.name, "node-1");
    EXPECT_EQ(config.network, "devnet");
    EXPECT_EQ(config.block_time_s, 300);
    EXPECT_EQ(config.listen.port, 7001);
    EXPECT_EQ(config.rest.host, "127.0.0.1");
    EXPECT_EQ(config.rest.port, 8335);
    EXPECT_EQ(config.tls_authority, "/srv/node/config/ca.pem");
    EXPECT_EQ(config.tls_key, "/etc/node.key");
    EXPECT_TRUE(config.wallet.empty());
    EXPECT_FALSE(config.wait_for_agent);
}

TEST(NodeConfig, AllOfIt) {
    const NodeConfig config =
        parsed(least +
               "block_time_s = 1.5\npeers = [\"127.0.0.1:7002\", \"[::1]:7003\", \"node-4:7004\"]\n"
               "rest = \"0.0.0.0:8080\"\nwallet = \"bt2c_ilglu3mcvs7s6eruv2p72ymepu\"\n"
               "wallet_password_file = \"config/password\"\nsettle_seconds = 0\nwait_for_agent = true\n"
               "connections_per_host = 100\n");
    EXPECT_EQ(config.block_time_s, 1.5);
    ASSERT_EQ(config.peers.size(), 3U);
    EXPECT_EQ(config.peers[1].host, "::1");
    EXPECT_EQ(config.peers[2].port, 7004);
    EXPECT_EQ(config.rest.port, 8080);
    EXPECT_EQ(config.wallet, "/srv/node/wallets/bt2c_ilglu3mcvs7s6eruv2p72ymepu.json");
    EXPECT_EQ(config.wallet_password_file, "/srv/node/config/password");
    EXPECT_EQ(config.settle_s, 0);
    EXPECT_TRUE(config.wait_for_agent);
    EXPECT_EQ(config.connections_per_host, 100U);
    EXPECT_EQ(parsed(least + "wallet = \"keys/w.json\"\nwallet_password_file = \"p\"\n").wallet,
              "/srv/node/keys/w.json");
}

TEST(NodeConfig, FaultsNameTheirPlace) {
    EXPECT_EQ(fault_of(least + "peer = []\n"),
              "cannot use node.toml line 7: there is no setting 'peer' | did you mean 'peers'?");
    EXPECT_EQ(fault_of(least + "peers = \"a:1\"\n"),
              "cannot use node.toml line 7: 'peers' must be a list of at most 1000 texts in quotes | ");
    EXPECT_NE(fault_of(least + "rest = \"localhost\"\n").find("'rest' must be a host and a port"),
              std::string::npos);
    EXPECT_NE(fault_of(least + "rest = \"localhost:65536\"\n").find("'rest'"), std::string::npos);
    EXPECT_NE(fault_of(least + "rest = \":80\"\n").find("'rest'"), std::string::npos);
    EXPECT_NE(fault_of(least + "block_time_s = 0.5\n").find("a number from 1 to 86400"), std::string::npos);
    EXPECT_NE(fault_of(least + "block_time_s = nan\n").find("a number"), std::string::npos);
    EXPECT_NE(fault_of(least + "wait_for_agent = 1\n").find("true or false"), std::string::npos);
    EXPECT_NE(fault_of(least + "wallet = \"bt2c_a\"\n").find("go together"), std::string::npos);
    EXPECT_NE(fault_of("name = \"a b\"\n").find("letters, digits"), std::string::npos);
    EXPECT_NE(fault_of("network = \"mynet\"\n").find(R"("mainnet", "testnet" or "devnet")"),
              std::string::npos);
    EXPECT_NE(fault_of("name = \n").find("it is not TOML"), std::string::npos);
    EXPECT_EQ(fault_of(""), "cannot use node.toml: 'name' is missing | ");
}

TEST(NodeConfig, ComesFromTheHome) {
    const support::TemporaryFolder folder;
    folder.write("config/node.toml", least);
    EXPECT_EQ(load_node_config({folder.path()}).name, "node-1");
    EXPECT_THROW(load_node_config({folder / "nowhere"}), base::Error);
}

}  // namespace
}  // namespace bt2c::config
