// Lists from several locations and work done to each side by side, when some are silent, fail or are frozen.
// [B4]
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/fan_out/fan_out.hpp"
#include "support/unruly_location.hpp"

namespace bt2c::storage::fan_out {
namespace {

using base::Error;
using std::chrono::milliseconds;
using std::chrono::seconds;
using support::UnrulyLocation;
using testing::HasSubstr;

base::Bytes bytes_of(std::string_view text) {
    const base::ByteView view = base::as_bytes(text);
    return {view.begin(), view.end()};
}

/// Three places, of which one answers no list.
TEST(FanLists, WhoDoesNotAnswerIsLeftOut) {
    const auto quick = std::make_shared<UnrulyLocation>(), silent = std::make_shared<UnrulyLocation>();
    ASSERT_TRUE(quick->put("packs/1", bytes_of("x")));
    silent->before = [](const std::string& operation, const std::string&) {
        if (operation == "list") UnrulyLocation::hang();
    };
    FanOut fan({{"quick", quick, false, 1, milliseconds(50)}, {"silent", silent, true, 1, milliseconds(50)}});
    EXPECT_EQ(fan.list("packs").size(), 1U);
    EXPECT_TRUE(fan.parts()[1]->away());
    EXPECT_FALSE(fan.parts()[0]->away());
}

TEST(FanLists, OneThatIsSlowGetsTimeForWhatTheOthersHave) {
    const auto quick = std::make_shared<UnrulyLocation>(), slow = std::make_shared<UnrulyLocation>();
    for (int i = 0; i < 40; ++i) ASSERT_TRUE(quick->put("packs/" + std::to_string(i), bytes_of("x")));
    slow->before = [](const std::string& operation, const std::string&) {
        if (operation == "list") std::this_thread::sleep_for(milliseconds(300));
    };
    FanOut fan({{"quick", quick, false, 1, milliseconds(1)}, {"slow", slow, true, 1, milliseconds(1)}});
    EXPECT_EQ(fan.list("packs").size(), 40U);
    EXPECT_FALSE(fan.parts()[1]->away());
}

/// What is done to each: one that falls silent holds up none of the others, whoever waits for it.
TEST(FanJobs, WhoFallsSilentIsLeftOut) {
    const auto quick = std::make_shared<UnrulyLocation>(), silent = std::make_shared<UnrulyLocation>();
    for (const std::string what : {"put", "get", "remove"}) {
        silent->before = [&](const std::string& operation, const std::string&) {
            if (operation == what) UnrulyLocation::hang();
        };
        FanOut fan({{"silent", silent, true, 1}, {"quick", quick, false, 1}});
        const auto failures = fan.do_each(
            [&](std::size_t i) {
                // As who copies keys from the first one: the second waits for it too, until it is away.
                if (!fan.parts()[0]->away()) fan.parts()[0]->size_of("keys/1");
                fan.parts()[i]->put("packs/" + what, bytes_of("x"));
                fan.parts()[i]->remove("packs/" + what);
                fan.parts()[i]->put("packs/" + what, bytes_of("x"));
            },
            milliseconds(1000));
        ASSERT_TRUE(failures[0].has_value()) << what;
        EXPECT_THAT(failures[0]->in_full(), HasSubstr("does not answer any more"));
        EXPECT_FALSE(failures[1].has_value()) << what;
        EXPECT_TRUE(quick->memory.get("packs/" + what));
        EXPECT_TRUE(fan.parts()[0]->away());
    }
}

TEST(FanJobs, AFailureOfOneIsNoneOfAnother) {
    const auto first = std::make_shared<UnrulyLocation>(), second = std::make_shared<UnrulyLocation>(),
               third = std::make_shared<UnrulyLocation>();
    first->before = [](const std::string&, const std::string&) { throw UnrulyLocation::failure("no route"); };
    third->before = [](const std::string&, const std::string&) { throw std::runtime_error("odd"); };
    FanOut fan({{"first", first, true, 1}, {"second", second, true, 1}, {"third", third, true, 1}});
    const auto failures = fan.do_each(
        [&](std::size_t i) {
            if (!fan.parts()[0]->away()) fan.parts()[0]->size_of("keys/1");
            fan.parts()[i]->size_of("format");
        },
        seconds(30));
    EXPECT_THAT(failures[0]->in_full(), HasSubstr("no route"));
    EXPECT_FALSE(failures[1].has_value()) << failures[1]->in_full();
    EXPECT_THAT(failures[2]->in_full(), HasSubstr("odd"));
    EXPECT_TRUE(fan.parts()[2]->away());
}

/// As on a disk that is frozen, in calls that nothing ends: what the others have is told all the same, and
/// only the end of all waits.
TEST(FanJobs, ACallThatNothingEndsHoldsUpNoResult) {
    const auto quick = std::make_shared<UnrulyLocation>(), frozen = std::make_shared<UnrulyLocation>();
    std::atomic<bool> thawed = false;
    frozen->before = [&](const std::string& operation, const std::string&) {
        while ((operation == "put" || operation == "remove") && !thawed)
            std::this_thread::sleep_for(milliseconds(1));
    };
    FanOut fan(
        {{"quick", quick, false, 1, milliseconds(50)}, {"frozen", frozen, false, 1, milliseconds(50)}});
    ASSERT_TRUE(fan.put("packs/1", bytes_of("x")));
    const auto outcomes = fan.uploads().finish(milliseconds(20));
    EXPECT_EQ(outcomes[0].standing, Standing::ok);
    EXPECT_EQ(outcomes[1].standing, Standing::failed) << "or it would be brought up to date now";
    try {
        fan.remove("packs/1");
        ADD_FAILURE() << "it was not removed everywhere";
    } catch (const Error& error) {
        EXPECT_THAT(error.in_full(), HasSubstr("does not answer any more"));
    }
    EXPECT_FALSE(quick->memory.get("packs/1"));
    EXPECT_TRUE(fan.parts()[1]->away());
    thawed = true;
}

}  // namespace
}  // namespace bt2c::storage::fan_out
