// The home where a team keeps the key of a repository that write-only nodes store in. [B5]

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/health_checks.hpp"
#include "cli/scheduled_jobs.hpp"
#include "unit/cli/repository_commands.hpp"

namespace bt2c::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using Words = std::vector<std::string>;

constexpr const char* keeper = "[schedule]\nkeeper = true\n";

/// A home with a key file, that says what it is.
class Keeper : public RepositoryCommands {
 protected:
    Keeper() {
        for (const char* const of_node : {"data", "keys"}) fs::remove_all(home / of_node);
        folder.write("home/config/repository.key", "key");
        folder.write("home/config/dr.toml", keeper);
        globals.home = home;
    }
    /// Of the home as it is now.
    template <typename Look>
    auto seen(Look look) const {
        TextTerminal out, err;
        Console console{out, err};
        Context context(globals, console);
        return look(context);
    }
    bool keeps() const { return seen(is_keeper); }
    void end_job(const std::string& name, int status) const {
        config::JobRecord record;
        record.name = name;
        record.end(1'800'000'000'000, status, "backup: node 'x' made the newest one here");
        config::make_jobs_folder({home});
        config::store_job_record({home}, record);
    }

    GlobalOptions globals;
};

TEST_F(Keeper, SaysSoAndHasNoChain) {
    EXPECT_TRUE(keeps());
    folder.write("home/data/blockchain.db", "");
    EXPECT_FALSE(keeps()) << "a node that began here";
    fs::remove(home / "data/blockchain.db");
    EXPECT_TRUE(keeps());
    folder.write("home/config/dr.toml", "");
    EXPECT_FALSE(keeps()) << "a new machine, or one whose disk died";
}

TEST_F(Keeper, TestsRestoresAndPrunesByItself) {
    const auto schedule = seen([](const Context& context) { return own_schedule(context); });
    EXPECT_FALSE(schedule.full || schedule.verify);
    EXPECT_EQ(schedule.incremental_minutes, 0);
    EXPECT_TRUE(schedule.restore_test);
    EXPECT_EQ(seen(lack_of_backups), "");
    const auto commands = [&] {
        return seen([](Context& context) { return job_named(context, "restore-test").commands; });
    };
    EXPECT_THAT(commands(), ElementsAre(Words{"test-restore"}, Words{"prune", "--wait-at-gaps"}));
    folder.write("home/config/dr.toml", std::string(keeper) + "prune = false\n");
    EXPECT_THAT(commands(), ElementsAre(Words{"test-restore"}));
    folder.write("home/config/dr.toml", "");
    EXPECT_THAT(commands(), ElementsAre(Words{"test-restore"}));
    EXPECT_TRUE(seen([](const Context& context) { return own_schedule(context); }).full);
}

TEST_F(Keeper, HasNoJobThatNeedsAChain) {
    for (const char* const name : {"full", "incremental", "verify"}) {
        const base::Json error = failed({"job", name}, 2);
        EXPECT_THAT(error.string_at("message"), HasSubstr("is not for this home"));
        EXPECT_THAT(error.string_at("hint"), Not(HasSubstr("takeover")));
        EXPECT_FALSE(fs::exists(config::job_record_file({home}, name)));
    }
}

TEST_F(Keeper, IsToldNowhereToBringAChain) {
    using Commands = std::vector<Words>;
    for (const Words& words : Commands{{"verify-integrity"},
                                       {"upgrade-check", "before"},
                                       {"upgrade-check", "after"},
                                       {"restore", "--backup", "latest"},
                                       {"restore", "--backup", "latest", "--target", home.native()},
                                       {"restore", "--backup-file", (folder / "node.bt2c").native()}}) {
        const base::Json error = failed(words, 2);
        EXPECT_THAT(error.string_at("message"), HasSubstr("is not for this home")) << words[0];
        EXPECT_THAT(error.string_at("hint"), HasSubstr("'keeper' out of dr.toml"));
    }
    EXPECT_THAT(failed({"restore", "--backup", "latest"}, 2).string_at("hint"), HasSubstr("--target DIR"));
    // Into another home it goes on, and finds no repository here.
    failed({"restore", "--backup", "latest", "--target", (folder / "restored").native()}, 10);
    folder.write("home/config/dr.toml", "");
    failed({"verify-integrity"}, 1);
    failed({"restore", "--backup", "latest"}, 10);
}

TEST_F(Keeper, ReadsWhateverWriteKeyCameThere) {
    folder.write("home/config/repository.write-key", "key");
    EXPECT_TRUE(seen(jobs_can_read));
    fs::remove(home / "config/repository.key");
    EXPECT_FALSE(seen(jobs_can_read));
    EXPECT_THAT(failed({"job", "prune"}, 5).string_at("cause"), HasSubstr("repository.write-key"));
}

TEST_F(Keeper, MissesNoChain) {
    end_job("full", 1);
    const HealthChecks node =
        seen([](Context& context) { return check_node(context, std::chrono::milliseconds(1000)); });
    const HealthChecks jobs = seen(check_jobs);
    for (const HealthChecks& checks : {node, jobs})
        for (const HealthCheck& check : checks)
            EXPECT_FALSE(check.is_finding()) << check.name << ": " << check.detail;
    folder.write("home/config/dr.toml", "");
    EXPECT_THAT(seen([](Context& context) {
                    return check_node(context, std::chrono::milliseconds(1000)).at(2).mend;
                }),
                HasSubstr("restore --backup latest"));
}

TEST_F(Keeper, SendsToTheNodeForABackup) {
    HealthChecks checks{{"backup_age", "", HealthCheck::Status::finding, "", "bt2c-dr backup"},
                        {"job", "restore-test", HealthCheck::Status::finding, "",
                         "bt2c-dr backup --type full && bt2c-dr job restore-test"},
                        {"locations", "", HealthCheck::Status::finding, "", "bt2c-dr init"}};
    send_to_node(checks);
    EXPECT_THAT(checks[0].mend, HasSubstr("on the node"));
    EXPECT_THAT(checks[1].mend, testing::EndsWith("; then here: bt2c-dr job restore-test"));
    EXPECT_EQ(checks[2].mend, "bt2c-dr init");
}

}  // namespace
}  // namespace bt2c::cli
