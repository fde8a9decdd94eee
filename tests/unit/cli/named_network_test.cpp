// [B1] [R1] --network, where it names a chain that is not there.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/cli/repository_commands.hpp"

namespace bt2c::cli {
namespace {

using testing::HasSubstr;

class NamedNetwork : public RepositoryCommands {};

TEST_F(NamedNetwork, ThatIsNotThereIsRefusedAndNothingElseTakenForIt) {
    const std::string there = done({"verify-integrity"}).string_at("network");
    const std::string other = there == "devnet" ? "testnet" : "devnet";
    const auto refused = [&](std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), {"--network", other});
        const base::Json error = failed(arguments, 2);
        EXPECT_THAT(error.string_at("message"), HasSubstr("network " + other + ": "));
        EXPECT_EQ(error.string_at("cause"), "it has those of " + there);
        EXPECT_EQ(error.string_at("state"), "nothing was changed");
    };
    refused({"backup"});
    EXPECT_FALSE(fs::exists(repository));
    EXPECT_EQ(done({"--network", there, "backup"}).string_at("network"), there);
    const fs::path database = home / "data/blockchain.db";
    fs::remove(database);
    refused({"restore", "--backup", "latest"});
    done({"export", "latest", "-o", (folder / "carried").native()});
    refused({"restore", "--backup-file", (folder / "carried").native()});
    EXPECT_FALSE(fs::exists(database));
    done({"--network", there, "restore", "--backup", "latest"});
    EXPECT_TRUE(fs::exists(database));
}

}  // namespace
}  // namespace bt2c::cli
