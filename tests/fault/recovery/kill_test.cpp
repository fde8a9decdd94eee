// [B1] [R1] kill -9 at random instants of the real program, in backup and in restore.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <random>
#include <thread>

#include "sample/append_blocks.hpp"
#include "sample/create_chain.hpp"
#include "support/temporary_folder.hpp"

namespace bt2c::fault {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr int rounds = 110;  // of each kind, so more than 200 instants in all

pid_t start(const fs::path& home, const std::vector<std::string>& words) {
    const pid_t child = ::fork();
    if (child != 0) return child;
    const int null = ::open("/dev/null", O_RDWR);
    for (const int fd : {0, 1, 2}) ::dup2(null, fd);
    std::vector<const char*> arguments{BT2C_DR_PROGRAM, "--home", home.c_str()};
    for (const std::string& word : words) arguments.push_back(word.c_str());
    arguments.push_back(nullptr);
    ::execv(BT2C_DR_PROGRAM, const_cast<char* const*>(arguments.data()));
    ::_exit(127);
}

int finish(pid_t child) {
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int run(const fs::path& home, const std::vector<std::string>& words) {
    return finish(start(home, words));
}

/// Kills the command at a random instant of the time that it usually takes. Returns whether it was hit.
bool run_and_kill(const fs::path& home, const std::vector<std::string>& words, Clock::duration usual,
                  std::mt19937& random) {
    const pid_t child = start(home, words);
    std::uniform_int_distribution<std::int64_t> instant(0, usual.count());
    std::this_thread::sleep_for(Clock::duration(instant(random)));
    ::kill(child, SIGKILL);
    return finish(child) == 128 + SIGKILL;
}

class KilledProgram : public testing::Test {
 protected:
    KilledProgram() {
        fs::create_directories(home_ / "data");
        sample::ChainOptions options;
        options.blocks = 250;
        options.transactions_per_block = 11;
        sample::create_chain(database_, options);
        folder_.write("home/config/validator.json", "{}");
        folder_.write("home/keys/validator.pem", "a key");
        const auto begin = Clock::now();
        EXPECT_EQ(run(home_, {"backup"}), 0);
        usual_ = Clock::now() - begin;
    }

    void add_block() {
        using chaindb::sqlite::Connection;
        auto connection = Connection::open(database_, Connection::Mode::read_write);
        sample::append_blocks(connection, 1);
    }

    support::TemporaryFolder folder_;
    fs::path home_ = folder_ / "home";
    fs::path database_ = home_ / "data" / "blockchain.db";
    std::mt19937 random_{20250405};
    Clock::duration usual_{};
};

TEST_F(KilledProgram, LeavesARepositoryThatChecksClean) {
    int killed = 0;
    for (int round = 0; round < rounds; ++round) {
        add_block();
        const char* type = round % 3 == 0 ? "full" : "incremental";
        killed += run_and_kill(home_, {"backup", "--type", type}, usual_, random_) ? 1 : 0;
        ASSERT_EQ(run(home_, {"list-backups"}), 0) << "round " << round;
        ASSERT_EQ(run(home_, {"repository", "check"}), 0) << "round " << round;
    }
    EXPECT_GT(killed, rounds / 3);
    EXPECT_EQ(run(home_, {"repository", "check", "--read-data"}), 0);
    EXPECT_EQ(run(home_, {"backup", "--type", "incremental"}), 0);
    EXPECT_EQ(run(home_, {"verify-integrity", "--backup", "latest"}), 0);
}

TEST_F(KilledProgram, LeavesTheOldDatabaseOrTheNewOne) {
    const std::string backed_up = support::file_text(database_);
    const auto begin = Clock::now();
    ASSERT_EQ(run(home_, {"restore", "--backup", "latest"}), 0);
    const auto usual = Clock::now() - begin;
    int killed = 0;
    int replaced = 0;
    for (int round = 0; round < rounds; ++round) {
        add_block();
        const std::string present = support::file_text(database_);
        killed += run_and_kill(home_, {"restore", "--backup", "latest"}, usual, random_) ? 1 : 0;
        const std::string now = support::file_text(database_);
        ASSERT_TRUE(now == present || now == backed_up) << "round " << round;
        replaced += now == backed_up ? 1 : 0;
        ASSERT_EQ(run(home_, {"list-backups"}), 0) << "round " << round;
    }
    EXPECT_GT(killed, rounds / 3);
    EXPECT_LT(replaced, rounds);
    EXPECT_EQ(run(home_, {"restore", "--backup", "latest"}), 0);
    EXPECT_EQ(support::file_text(database_), backed_up);
    EXPECT_EQ(run(home_, {"repository", "check", "--read-data"}), 0);
}

}  // namespace
}  // namespace bt2c::fault
