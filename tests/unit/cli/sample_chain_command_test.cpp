#include "cli/sample_chain_command.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "chaindb/sqlite/connection.hpp"
#include "sample/faults.hpp"
#include "unit/sample/scratch.hpp"

namespace bt2c::cli {
namespace {

using chaindb::sqlite::Connection;
using sample::test::Scratch;

struct Outcome {
    int status = 0;
    std::string out, err;
};

Outcome run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "bt2c-sample-chain");
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    Outcome outcome;
    outcome.status = run_sample_chain(static_cast<int>(argv.size()), argv.data());
    outcome.out = testing::internal::GetCapturedStdout();
    outcome.err = testing::internal::GetCapturedStderr();
    return outcome;
}

TEST(SampleChainCommand, CreatesAppendsAndDamages) {
    const Scratch scratch;
    const std::string path = scratch / "a chain.db";
    EXPECT_EQ(run({"create", "--layout", "orm", "--blocks", "9", "--first-height", "1", "--journal-mode",
                   "wal", "--network", "testnet", path})
                  .status,
              0);
    const Outcome appended = run({"append", path, "--blocks", "3", "--transactions-per-block", "1"});
    EXPECT_EQ(appended.status, 0);
    EXPECT_EQ(appended.out.substr(0, 29), "added 3 blocks, longest wait ");
    EXPECT_NE(appended.out.find(" ms, 0 errors\n"), std::string::npos);
    EXPECT_EQ(run({"damage", "--fault", "height-gap", "--fault", "unknown-status", path}).status, 0);

    Connection connection = Connection::open(path, Connection::Mode::read_write);
    EXPECT_EQ(connection.query_integer("SELECT max(height) FROM blocks WHERE network_type = 'testnet'"), 13);
    EXPECT_EQ(connection.query_integer("SELECT count(*) FROM transactions"), 9 * 4 + 3);
    EXPECT_EQ(connection.query_integer("SELECT count(*) FROM validators WHERE status = 'BANISHED'"), 1);
    EXPECT_EQ(connection.query_text("PRAGMA journal_mode"), "wal");
}

TEST(SampleChainCommand, ListsEveryFaultWithItsCheck) {
    const Outcome listed = run({"damage", "--list-faults"});
    EXPECT_EQ(listed.status, 0);
    for (const sample::Fault& fault : sample::faults()) {
        const std::size_t at = listed.out.find(std::string(fault.name) + " ");
        ASSERT_NE(at, std::string::npos) << fault.name;
        EXPECT_NE(listed.out.substr(at, listed.out.find('\n', at) - at).find(fault.check), std::string::npos);
    }
}

TEST(SampleChainCommand, FailsWithTheRightStatus) {
    const Scratch scratch;
    const std::string path = scratch / "c.db";
    EXPECT_EQ(run({}).status, 2);
    EXPECT_EQ(run({"create", path, "--layout", "none"}).status, 2);
    EXPECT_EQ(run({"create", path, "--first-height", "2"}).status, 2);
    EXPECT_EQ(run({"damage", path}).status, 2);
    EXPECT_EQ(run({"append", path}).status, 1);
    EXPECT_FALSE(std::filesystem::exists(path));
    EXPECT_EQ(run({"create", path}).status, 0);
    EXPECT_EQ(run({"create", path}).status, 1);
    const Outcome misspelt = run({"damage", path, "--fault", "hight-gap"});
    EXPECT_EQ(misspelt.status, 2);
    EXPECT_NE(misspelt.err.find("did you mean height-gap?"), std::string::npos) << misspelt.err;
}

}  // namespace
}  // namespace bt2c::cli
