// [N1] Who may pause and resume a network.

#include "config/emergency_policy.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/error.hpp"
#include "support/temporary_folder.hpp"

namespace bt2c::config {
namespace {

using testing::HasSubstr;

const std::string key_a = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
const std::string key_b = "PUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw=";

std::string member(const std::string& name, const std::string& key, const std::string& may) {
    return "[[member]]\nname = \"" + name + "\"\npublic_key = \"" + key + "\"\nmay = " + may + "\n";
}
const std::string all = R"(["pause", "resume", "unlock"])";
const std::string two = member("alice", key_a, all) + member("bob", key_b, all);

std::string fault(const std::string& text) {
    try {
        parse_emergency_policy(text, "policy.toml");
    } catch (const base::Error& error) {
        EXPECT_EQ(error.kind(), base::ErrorKind::usage);
        return error.message() + " | " + error.hint();
    }
    return "accepted";
}

TEST(EmergencyPolicy, HasDefaults) {
    const EmergencyPolicy policy = parse_emergency_policy("network = \"mainnet\"\n" + two, "policy.toml");
    EXPECT_EQ(policy.network, "mainnet");
    EXPECT_EQ(policy.threshold(EmergencyAction::pause), 1);
    EXPECT_EQ(policy.threshold(EmergencyAction::resume), 2);
    EXPECT_EQ(policy.threshold(EmergencyAction::unlock), 0);
    EXPECT_EQ(policy.longest_pause_hours, 24);
    EXPECT_EQ(policy.order_valid_minutes, 15);
    EXPECT_EQ(policy.clock_tolerance_seconds, 120);
    EXPECT_EQ(policy.resume_stake_percent, 67);
    EXPECT_EQ(policy.digest.size(), 64U);
    ASSERT_NE(policy.find("bob"), nullptr);
    EXPECT_EQ(policy.find("bob")->pauses_per_30_days, 3);
    EXPECT_TRUE(policy.find("bob")->may(EmergencyAction::unlock));
    EXPECT_EQ(policy.find("bobby"), nullptr);
}

TEST(EmergencyPolicy, TakesWhatItSays) {
    const EmergencyPolicy policy = parse_emergency_policy(
        "network = \"devnet\"\npause_threshold = 2\nresume_threshold = 2\nunlock_threshold = 1\n"
        "longest_pause_hours = 48\norder_valid_minutes = 60\nclock_tolerance_seconds = 5\n"
        "resume_stake_percent = 80\n" +
            two + "pauses_per_30_days = 1\n",
        "policy.toml");
    EXPECT_EQ(policy.pause_threshold, 2);
    EXPECT_EQ(policy.unlock_threshold, 1);
    EXPECT_EQ(policy.longest_pause_hours, 48);
    EXPECT_EQ(policy.order_valid_minutes, 60);
    EXPECT_EQ(policy.clock_tolerance_seconds, 5);
    EXPECT_EQ(policy.resume_stake_percent, 80);
    EXPECT_EQ(policy.find("bob")->pauses_per_30_days, 1);
}

TEST(EmergencyPolicy, TellsWhatIsWrong) {
    const std::string head = "network = \"mainnet\"\n";
    const std::pair<std::string, std::string> cases[] = {
        {"network = ", "policy.toml line 1: it is not TOML"},
        {two, "does not name its 'network'"},
        {head, "it has no [[member]]"},
        {"network = 7\n" + two, "'network' must be a text"},
        {"network = \"main net\"\n" + two, "'network' must be 1 to 64 letters"},
        {head + "pause_treshold = 1\n" + two,
         "line 2: there is no key 'pause_treshold' | did you mean 'pause_threshold'?"},
        {head + "colour = 1\n" + two, "the keys are: network, member, pause_threshold"},
        {head + "pause_threshold = 0\n" + two, "'pause_threshold' must be a whole number, 1 to 32"},
        {head + "pause_threshold = \"1\"\n" + two, "'pause_threshold' must be a whole number"},
        {head + "resume_stake_percent = 50\n" + two, "51 to 100"},
        {head + "resume_threshold = 3\n" + two, "resume_threshold is 3, but only 2 members may resume"},
        {head + "unlock_threshold = 2\n" + member("alice", key_a, all) +
             member("bob", key_b, R"(["resume"])"),
         "unlock_threshold is 2, but only 1 member may unlock"},
        {head + "pause_threshold = 2\nresume_threshold = 1\n" + two,
         "must not be lower than pause_threshold"},
        {head + two + member("alice", "7BcCbodA4BKW7hYzs4NZx7fUQ6vLb3aWwHdeYDIv7FE=", all),
         "two members called 'alice'"},
        {head + two + member("carol", key_a, all), "'carol' has the same key as 'alice'"},
        {head + "member = 3\n", "'member' must be tables"},
        {head + "[[member]]\nname = \"x\"\nmay = [\"pause\"]\n", "member 'x' has no 'public_key'"},
        {head + "[[member]]\npublic_key = \"" + key_a + "\"\nmay = [\"pause\"]\n", "has no 'name'"},
        {head + "[[member]]\nname = \"x\"\npublic_key = \"" + key_a + "\"\n", "member 'x' has no 'may'"},
        {head + member("x", "AAAA", all), "must be an Ed25519 public key"},
        {head + member("x y", key_a, all), "'name' must be 1 to 64 letters"},
        {head + member("x", key_a, "\"pause\""), "'may' must list"},
        {head + member("x", key_a, "[]"), "'may' must list"},
        {head + member("x", key_a, "[\"pause\", \"stop\"]"), "'may' must list"},
        {head + two + "pauses = 3\n", "there is no key 'pauses'"},
    };
    for (const auto& [text, why] : cases) EXPECT_THAT(fault(text), HasSubstr(why)) << text;
}

TEST(EmergencyPolicy, ChangesItsDigestWithEachByte) {
    const std::string text = "network = \"mainnet\"\n" + two;
    EXPECT_NE(parse_emergency_policy(text, "p").digest, parse_emergency_policy(text + "\n", "p").digest);
}

TEST(EmergencyPolicy, NeedNotBeThere) {
    const support::TemporaryFolder folder;
    const Home home{folder.path()};
    EXPECT_FALSE(load_emergency_policy(home));
    const fs::path file = folder.write("config/emergency-policy.toml", "network = \"mainnet\"\n" + two);
    EXPECT_EQ(load_emergency_policy(home)->network, "mainnet");
    ASSERT_EQ(::chmod(file.c_str(), 0666), 0);
    EXPECT_THROW(load_emergency_policy(home), base::Error);
}

}  // namespace
}  // namespace bt2c::config
