// The agent as a process, as a service manager sees it.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <chrono>
#include <thread>

#include "base/text.hpp"
#include "base/time.hpp"
#include "network/control_plane.hpp"
#include "network/local_store.hpp"
#include "platform/process.hpp"
#include "support/environment.hpp"
#include "support/etcd_server.hpp"
#include "support/skip.hpp"
#include "support/temporary_folder.hpp"

namespace bt2c::agent {
namespace {

using testing::HasSubstr;

bool within(double seconds, const std::function<bool()>& holds) {
    const base::Stopwatch watch;
    while (!holds()) {
        if (watch.seconds() > seconds) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return true;
}

class AgentProcess : public testing::Test {
 protected:
    void SetUp() override {
        std::filesystem::create_directories(home / "data");
        const auto made = platform::run_and_capture(
            {BT2C_SAMPLE_PROGRAM, "create", (home / "data/blockchain.db").native(), "--blocks", "5"}, 1 << 16,
            60'000);
        ASSERT_EQ(made.status, 0);
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        (home / "manager").native().copy(address.sun_path, sizeof address.sun_path - 1);
        ASSERT_EQ(::bind(manager.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    }
    void TearDown() override {
        if (pid > 0) ::kill(pid, SIGKILL);
        if (pid > 0) ::waitpid(pid, nullptr, 0);
    }
    void start(const std::string& settings) {
        home.write("config/dr.toml", settings);
        const support::Variable socket("NOTIFY_SOCKET", (home / "manager").c_str());
        std::vector<std::string> command{BT2C_DR_PROGRAM, "--home",           home.path().native(),
                                         "agent",         "--settle-seconds", "1"};
        std::vector<char*> argv;
        for (std::string& word : command) argv.push_back(word.data());
        argv.push_back(nullptr);
        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_addopen(&actions, 2, (home / "log").c_str(), O_WRONLY | O_CREAT, 0600);
        posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
        ASSERT_EQ(::posix_spawn(&pid, BT2C_DR_PROGRAM, &actions, nullptr, argv.data(), environ), 0);
        posix_spawn_file_actions_destroy(&actions);
    }
    /// What the service manager was told so far.
    const std::string& told() {
        char buffer[100];
        for (ssize_t got; (got = ::recv(manager.get(), buffer, sizeof buffer, MSG_DONTWAIT)) > 0;)
            told_ += std::string(buffer, static_cast<std::size_t>(got)) + " ";
        return told_;
    }
    bool tells(const std::string& state) {
        return within(20, [&] { return told().find(state) != std::string::npos; });
    }
    std::string log() const { return support::file_text(home / "log"); }
    /// The exit status after SIGTERM; -1 when it takes longer than a second.
    int stop() {
        ::kill(pid, SIGTERM);
        int status = -1;
        if (!within(1, [&] { return ::waitpid(pid, &status, WNOHANG) == pid; })) return -1;
        pid = -1;
        return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
    }

    support::TemporaryFolder home;
    platform::Descriptor manager{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
    pid_t pid = -1;

 private:
    std::string told_;
};

// [N5] READY only when it has caught up, a marker for the node, a watchdog that is fed, an orderly end.
TEST_F(AgentProcess, IsAGoodService) {
    home.write("network/agent-ready.json", "of an earlier run");
    network::ControlPlane plane(std::make_unique<network::LocalStore>(home / "plane"));
    start("[network]\nnode_name = 'node-1'\ncontrol_plane = 'local'\nlocal_folder = 'plane'\n");
    ASSERT_TRUE(tells("READY=1")) << log();
    EXPECT_THAT(support::file_text(home / "network/agent-ready.json"), HasSubstr("{\"at\":\"20"));
    EXPECT_TRUE(tells("WATCHDOG=1"));
    // The samples are chains of mainnet.
    ASSERT_EQ(plane.nodes("mainnet").size(), 1U) << log();
    EXPECT_EQ(plane.nodes("mainnet")[0].name, "node-1");
    plane.publish("mainnet", 1, "no order at all");
    EXPECT_TRUE(within(5, [&] { return plane.acknowledgements("mainnet", 1).size() == 1; })) << log();
    plane.request_report("mainnet", "r");
    EXPECT_TRUE(within(5, [&] { return plane.reports("mainnet", "r").size() == 1; })) << log();
    EXPECT_THAT(plane.reports("mainnet", "r")[0].text, HasSubstr("\"height\""));
    EXPECT_EQ(stop(), 0) << log();
    EXPECT_THAT(told(), HasSubstr("STOPPING=1"));
}

TEST_F(AgentProcess, StopsWhileEtcdIsFrozen) {
    if (!support::etcd_is_installed()) BT2C_SKIP_OR_FAIL("etcd, etcdctl or openssl is not installed");
    support::EtcdServer etcd;
    start("[network]\ncontrol_plane = 'etcd'\netcd_endpoints = ['" + etcd.url() + "']\n");
    ASSERT_TRUE(tells("READY=1")) << log();
    etcd.freeze();
    EXPECT_EQ(stop(), 0) << log();
}

TEST_F(AgentProcess, IsNotReadyBeforeEtcdAnswers) {
    if (!support::etcd_is_installed()) BT2C_SKIP_OR_FAIL("etcd, etcdctl or openssl is not installed");
    support::EtcdServer etcd;
    etcd.kill();
    start("[network]\ncontrol_plane = 'etcd'\netcd_endpoints = ['" + etcd.url() + "']\n");
    ASSERT_TRUE(within(20, [&] { return log().find("the control plane is away") != std::string::npos; }));
    EXPECT_THAT(told(), testing::Not(HasSubstr("READY")));
    EXPECT_FALSE(std::filesystem::exists(home / "network/agent-ready.json"));
    etcd.start();
    EXPECT_TRUE(tells("READY=1")) << log();
    EXPECT_EQ(stop(), 0) << log();
}

}  // namespace
}  // namespace bt2c::agent
