// [N1] A validator that is killed at any moment: the database is sound, and no height is signed twice.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <map>
#include <random>
#include <thread>

#include "node/producer.hpp"
#include "unit/node/test_network.hpp"

namespace bt2c::node {
namespace {

/// Makes blocks until it is killed; each signature is told before anything else is done with it.
[[noreturn]] void make_blocks(const config::Home& home, int told) {
    Chain chain = Chain::open(home.database(), {"devnet", block_time_s});
    Producer producer(home, signer(0), 0);
    for (;;) {
        const double now = chain.earliest_s(0) + block_time_s;
        const auto outcome = producer.try_produce(chain, {}, now);
        if (!outcome.block) ::_exit(1);
        const std::string line = std::to_string(outcome.block->header.height) + " " +
                                 chain::hash_text(outcome.block->header.hash) + "\n";
        if (::write(told, line.data(), line.size()) != static_cast<ssize_t>(line.size())) ::_exit(2);
        if (chain.accept(*outcome.block, now).verdict != Verdict::accepted) ::_exit(3);
    }
}

TEST(Killed, AtAnyMomentNothingIsSignedTwiceAndAllGoesOn) {
    support::TemporaryFolder folder;
    const config::Home home{folder.path()};
    std::filesystem::create_directories(home.root / "data");
    create_chain(home.database(), genesis_of(1));
    const auto signatures = folder / "signatures";
    const int told = ::open(signatures.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    ASSERT_GE(told, 0);

    std::mt19937 random(1);
    std::int64_t height = 0;
    for (int i = 0; i < 25; ++i) {
        const pid_t child = ::fork();
        ASSERT_GE(child, 0);
        if (child == 0) make_blocks(home, told);
        // The moment is what the test is about: any will do.
        std::this_thread::sleep_for(std::chrono::microseconds(5'000 + random() % 120'000));
        ASSERT_EQ(::kill(child, SIGKILL), 0);
        int status = 0;
        ASSERT_EQ(::waitpid(child, &status, 0), child);
        ASSERT_TRUE(WIFSIGNALED(status)) << "ended by itself: " << WEXITSTATUS(status);
        const std::int64_t now = Chain::open(home.database(), {"devnet", block_time_s}).tip().height;
        EXPECT_GE(now, height);
        height = now;
    }
    ::close(told);
    EXPECT_GT(height, 0);
    EXPECT_EQ(failures(home.database()), "");
    std::map<std::string, std::string> by_height;
    std::ifstream lines(signatures);
    for (std::string at, hash; lines >> at >> hash;)
        EXPECT_EQ(by_height.try_emplace(at, hash).first->second, hash) << "two signatures at " << at;
}

}  // namespace
}  // namespace bt2c::node
