// [N1] What a network's folder says: read back, and refused when it is another's.

#include "drill/devnet.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <set>

#include "base/error.hpp"
#include "config/emergency_policy.hpp"
#include "config/node_config.hpp"
#include "config/settings.hpp"
#include "drill/devnet_homes.hpp"
#include "drill/devnet_run.hpp"
#include "support/temporary_folder.hpp"

namespace bt2c::drill {
namespace {

namespace fs = std::filesystem;
using support::TemporaryFolder;

constexpr const char* some_address = "bt2c_xagytv553i6hciurzjbd7ukyni";

Devnet two_nodes(const fs::path& folder) {
    Devnet devnet;
    devnet.folder = folder;
    devnet.network = "devnet";
    devnet.block_time_s = 3;
    devnet.agents = true;
    devnet.nodes = {{"node-1", some_address, 12'000, 12'001, ProcessMark{1234, "99@boot"}, std::nullopt},
                    {"node-2", some_address, 12'002, 12'003, std::nullopt, std::nullopt}};
    return devnet;
}

std::string replaced(std::string text, const std::string& what, const std::string& by) {
    const std::size_t at = text.find(what);
    EXPECT_NE(at, std::string::npos) << what;
    return text.replace(at, what.size(), by);
}

TEST(DevnetFile, IsReadBack) {
    const Devnet devnet = two_nodes("/some/where");
    const Devnet again = parse_devnet(devnet.text(), "/some/where");
    EXPECT_EQ(again.text(), devnet.text());
    EXPECT_EQ(again.home_of(again.nodes[1]).root, "/some/where/node-2");
    EXPECT_EQ(again.nodes[0].rest_url(), "http://127.0.0.1:12001");
    EXPECT_EQ(again.nodes[0].node->pid, 1234);
}

TEST(DevnetFile, RefusesWhatItDidNotWrite) {
    const std::string text = two_nodes("/x").text();
    for (const std::string& bad :
         {std::string("{}"), std::string("no json"), replaced(text, "bt2c devnet", "other"),
          replaced(text, "\"version\": 1", "\"version\": 2"), replaced(text, "node-2", "../../etc"),
          replaced(text, "node-2", "node-1"), replaced(text, "1234", "1"), replaced(text, "1234", "-5"),
          replaced(text, "1234", "0"), replaced(text, "12003", "70000"),
          replaced(text, some_address, "somebody"),
          replaced(text, "\"block_time_s\": 3", "\"block_time_s\": 0")})
        EXPECT_THROW(parse_devnet(bad, "/x"), base::Error) << bad;
}

TEST(DevnetFile, TellsNothingFromSomethingElse) {
    const TemporaryFolder folder;
    EXPECT_FALSE(find_devnet(folder / "none"));
    EXPECT_THROW(read_devnet(folder / "none"), base::Error);
    fs::create_directory(folder / "empty");
    EXPECT_FALSE(find_devnet(folder / "empty"));
    fs::create_directories(folder / "full" / "photos");
    EXPECT_THROW(find_devnet(folder / "full"), base::Error);
}

TEST(DevnetLock, IsOneCommands) {
    const TemporaryFolder folder;
    const DevnetLock lock(folder.path());
    EXPECT_THROW(DevnetLock(folder.path()), base::Error);
}

TEST(DevnetHomes, SettingsSayWhatTheNetworkIs) {
    const Devnet devnet = two_nodes("/some/where");
    const config::Home home = devnet.home_of(devnet.nodes[0]);
    const auto node = config::parse_node_config(node_settings(devnet, devnet.nodes[0]), "node.toml", home);
    EXPECT_EQ(node.name, "node-1");
    EXPECT_EQ(node.network, "devnet");
    EXPECT_EQ(node.block_time_s, 3);
    EXPECT_EQ(node.listen.port, 12'000);
    EXPECT_EQ(node.rest.port, 12'001);
    ASSERT_EQ(node.peers.size(), 1U);
    EXPECT_EQ(node.peers[0].port, 12'002);
    EXPECT_TRUE(node.wait_for_agent);
    EXPECT_EQ(node.tls_key, "/some/where/node-1/keys/tls/node.key");

    DevnetPlan plan{.control_plane = "local"};
    auto settings = config::parse_settings(dr_settings(devnet, devnet.nodes[1], plan), "dr.toml", home);
    EXPECT_EQ(settings.network.node_name, "node-2");
    EXPECT_EQ(settings.network.local_folder, "/some/where/control-plane");
    EXPECT_EQ(settings.network.rest_urls,
              (std::vector<std::string>{"http://127.0.0.1:12001", "http://127.0.0.1:12003"}));
    plan = {.control_plane = "etcd", .etcd_endpoints = {"http://127.0.0.1:2379"}};
    settings = config::parse_settings(dr_settings(devnet, devnet.nodes[1], plan), "dr.toml", home);
    EXPECT_EQ(settings.network.etcd_endpoints, plan.etcd_endpoints);

    const base::Bytes key = [] {  // the first of RFC 8032, 7.1
        const unsigned char bytes[] = {0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7, 0xd5, 0x4b, 0xfe,
                                       0xd3, 0xc9, 0x64, 0x07, 0x3a, 0x0e, 0xe1, 0x72, 0xf3, 0xda, 0xa6,
                                       0x23, 0x25, 0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07, 0x51, 0x1a};
        return base::Bytes(std::begin(bytes), std::end(bytes));
    }();
    const auto policy = config::parse_emergency_policy(policy_text("devnet", key), "policy");
    EXPECT_EQ(policy.network, "devnet");
    EXPECT_EQ(policy.members.size(), 1U);
}

TEST(DevnetHomes, PortsAreFreeAndDiffer) {
    const auto ports = free_ports(2 * validators_max);
    EXPECT_EQ(std::set<std::uint16_t>(ports.begin(), ports.end()).size(), 2 * validators_max);
}

TEST(DevnetHomes, AreWholeAndAlike) {
    const TemporaryFolder folder;
    base::SilentProgress silent;
    const Devnet devnet =
        make_devnet(folder / "net", {.validators = 2, .agents = true, .control_plane = "local"}, silent);
    EXPECT_EQ(read_devnet(folder / "net").text(), devnet.text());
    for (const DevnetNode& node : devnet.nodes) {
        const config::Home home = devnet.home_of(node);
        const auto settings = config::load_node_config(home);
        EXPECT_EQ(config::load_settings(home, std::nullopt).network.node_name, node.name);
        for (const fs::path& secret :
             {settings.wallet_password_file, settings.tls_key, home.wallets() / (node.validator + ".json")})
            EXPECT_EQ(fs::status(secret).permissions(), fs::perms::owner_read | fs::perms::owner_write)
                << secret;
        EXPECT_TRUE(fs::exists(home.database()));
    }
    EXPECT_TRUE(fs::is_directory(folder / "net" / "control-plane"));
}

TEST(DevnetHomes, ABadPlanLeavesNothing) {
    const TemporaryFolder folder;
    base::SilentProgress silent;
    for (const DevnetPlan& plan :
         {DevnetPlan{.validators = 0}, DevnetPlan{.validators = 33}, DevnetPlan{.block_time_s = 0},
          DevnetPlan{.block_time_s = 3601}, DevnetPlan{.agents = true, .control_plane = "none"}}) {
        EXPECT_THROW(make_devnet(folder / "net", plan, silent), base::Error);
        EXPECT_FALSE(fs::exists(folder / "net"));
    }
}

TEST(Processes, TheStatOfAProcessIsRead) {
    // Fields 1 to 22 of proc(5); the name is the program's own affair.
    const std::string rest = " 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4711 20 21\n";
    const auto plain = parse_process_stat("77 (node) S" + rest);
    ASSERT_TRUE(plain);
    EXPECT_EQ(plain->started, "4711");
    EXPECT_FALSE(plain->ended);
    EXPECT_EQ(parse_process_stat("77 (a) Z (b) R" + rest)->started, "4711");
    EXPECT_FALSE(parse_process_stat("77 (a) Z (b) R" + rest)->ended);
    EXPECT_TRUE(parse_process_stat("77 (node) Z" + rest)->ended);
    for (const char* bad : {"", "77", "77 (node", "77 (node) S 1 2 3"}) EXPECT_FALSE(parse_process_stat(bad));
}

TEST(Processes, AreStartedTakenForThemselvesAndEnded) {
    const TemporaryFolder folder;
    const ProcessMark sleeper = start_detached({"sleep", "600"}, folder / "log");
    EXPECT_TRUE(runs(sleeper));
    EXPECT_EQ(::getpgid(sleeper.pid), sleeper.pid);
    EXPECT_EQ(::getsid(sleeper.pid), sleeper.pid);
    // The same number at another time is another process, which is left alone.
    const ProcessMark other{sleeper.pid, "1@another boot"};
    EXPECT_FALSE(runs(other));
    EXPECT_TRUE(end_all({other}, 1).empty());
    EXPECT_TRUE(runs(sleeper));
    EXPECT_TRUE(end_all({sleeper}, 10).empty());
    EXPECT_FALSE(runs(sleeper));
    EXPECT_TRUE(end_all({sleeper}, 10).empty());
}

bool has_ended(const std::string& pid) {
    std::ifstream file("/proc/" + pid + "/stat");
    const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    const auto stat = parse_process_stat(text);
    return !stat || stat->ended;
}

TEST(Processes, WhatDoesNotEndIsKilledWithItsGroup) {
    const TemporaryFolder folder;
    const ProcessMark stubborn =
        start_detached({"sh", "-c", "trap '' TERM; sleep 600 & echo $!; wait; wait; wait"}, folder / "log");
    std::string child;
    for (int i = 0; i < 500 && child.empty(); ++i, ::usleep(10'000)) child = log_end(folder / "log");
    ASSERT_FALSE(child.empty());
    const auto killed = end_all({stubborn}, 0.2);
    ASSERT_EQ(killed.size(), 1U);
    EXPECT_EQ(killed[0].pid, stubborn.pid);
    bool gone = false;
    for (int i = 0; i < 500 && !gone; ++i, ::usleep(10'000)) gone = has_ended(child);
    EXPECT_TRUE(gone);
}

TEST(Processes, AProgramThatIsNotThereIsAnError) {
    const TemporaryFolder folder;
    EXPECT_THROW(start_detached({"/no/such/program"}, folder / "log"), base::Error);
}

TEST(Logs, TheirEndIsShort) {
    const TemporaryFolder folder;
    EXPECT_EQ(log_end(folder / "none"), "");
    const auto end_of = [&](const std::string& text) {
        platform::write_durably(folder / "log", base::as_bytes(text), 0600);
        return log_end(folder / "log");
    };
    EXPECT_EQ(end_of(""), "");
    EXPECT_EQ(end_of("\n\n"), "");
    EXPECT_EQ(end_of("one\n"), "one");
    EXPECT_EQ(end_of("one\ntwo\n"), "one | two");
    EXPECT_EQ(end_of("0\n1\n2\n3\n4\n5\n6\n7\n8\n9\n"), "2 | 3 | 4 | 5 | 6 | 7 | 8 | 9");
    EXPECT_LE(end_of(std::string(100'000, 'x')).size(), 2000U);
}

}  // namespace
}  // namespace bt2c::drill
