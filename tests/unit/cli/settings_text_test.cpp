// Additions to dr.toml leave what is there as it is. [A1]

#include "cli/settings_text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"

namespace bt2c::cli {
namespace {

using base::Error;
using testing::HasSubstr;

const config::Home home{"/srv/node"};
const std::filesystem::path name = "/srv/node/config/dr.toml";

std::string added(const std::string& text, const SettingsAdditions& additions) {
    return with_settings(text, additions, name, home);
}

const KeyValues usb{{"name", "usb"}, {"kind", "folder"}, {"path", "/mnt/a \"b\"\\c"}, {"offsite", "true"}};

TEST(SettingsText, NewFileHasWhatWasAsked) {
    const std::string text = added("", {.repository = "/srv/backups",
                                        .locations = {usb},
                                        .schedule = {{"full", "Sun 02:00"}, {"incremental_minutes", "30"}}});
    const config::Settings settings = config::parse_settings(text, name, home);
    EXPECT_EQ(settings.repository, "/srv/backups");
    ASSERT_EQ(settings.locations.size(), 1U);
    EXPECT_EQ(settings.locations[0].path, "/mnt/a \"b\"\\c");
    EXPECT_TRUE(settings.locations[0].offsite);
    EXPECT_EQ(settings.schedule.incremental_minutes, 30);
    EXPECT_EQ(config::weekly_time_text(*settings.schedule.full), "Sun 02:00");
}

TEST(SettingsText, EveryLineThatWasThereStays) {
    const std::string before =
        "# ours, do not touch\n[schedule] # times\nverify = \"05:00\" # early\n\n[backup]\n"
        "compression_level = 3";
    const std::string text =
        added(before, {.repository = "/b", .locations = {usb}, .schedule = {{"full", "01:00"}}});
    std::istringstream lines(before);
    std::size_t at = 0;
    for (std::string line; std::getline(lines, line);) {
        at = text.find(line + "\n", at);
        ASSERT_NE(at, std::string::npos) << line << "\n---\n" << text;
    }
    const config::Settings settings = config::parse_settings(text, name, home);
    EXPECT_EQ(config::weekly_time_text(*settings.schedule.verify), "05:00");
    EXPECT_EQ(config::weekly_time_text(*settings.schedule.full), "01:00");
    EXPECT_EQ(settings.compression_level, 3);
    EXPECT_EQ(settings.repository, "/b");
}

TEST(SettingsText, WhatStandsThereOtherwiseIsRefusedWithTheLines) {
    for (const std::string before : {"repository = \"/a\"\n", "schedule = {full = \"02:00\"}\n",
                                     "schedule.full = \"02:00\"\n", "location = []\n"}) {
        try {
            added(before, {.repository = "/b", .locations = {usb}, .schedule = {{"full", "01:00"}}});
            ADD_FAILURE() << before;
        } catch (const Error& error) {
            EXPECT_THAT(error.hint(), HasSubstr("repository = \"/b\"\n[[location]]\n"));
            EXPECT_THAT(error.hint(), HasSubstr("[schedule]\nfull = \"01:00\"\n"));
            EXPECT_EQ(error.state(), "it is as it was");
        }
    }
}

TEST(SettingsText, WhatStandsThereOtherwiseIsShownByItsLine) {
    try {
        added("# full = 1\n[backup]\n[schedule]\n  full=\"Sat 05:00\"  # ours\n",
              {.schedule = {{"full", "02:00"}, {"verify", "off"}}});
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.message(), "cannot add to /srv/node/config/dr.toml: it says otherwise already");
        EXPECT_EQ(error.cause(), "line 4: full=\"Sat 05:00\"  # ours; init changes no line that is there");
        EXPECT_THAT(error.hint(), HasSubstr("then run 'bt2c-dr setup-automated-backups'"));
    }
}

TEST(SettingsText, HostileValuesStayValues) {
    const std::string text = added(
        "",
        {.locations = {{{"name", "x"}, {"kind", "folder"}, {"path", "/a\"\n[token]\nmodule = \"/evil"}}}});
    const config::Settings settings = config::parse_settings(text, name, home);
    EXPECT_TRUE(settings.token_module.empty());
    EXPECT_EQ(settings.locations.at(0).path, "/a\"\n[token]\nmodule = \"/evil");
}

TEST(SettingsText, OneLocationIsHeldAgainstTheRules) {
    EXPECT_EQ(settings_of_location(usb, home).locations.size(), 1U);
    EXPECT_THROW(settings_of_location({{"name", "x"}, {"kind", "floppy"}}, home), Error);
    EXPECT_THROW(settings_of_location({{"name", "x"}, {"kind", "s3"}, {"path", "/p"}}, home), Error);
    EXPECT_THROW(settings_of_location({{"name", "x y"}, {"kind", "folder"}, {"path", "/p"}}, home), Error);
    EXPECT_THROW(settings_of_location(
                     {{"name", "x"}, {"kind", "sftp"}, {"host", "h"}, {"path", "p"}, {"port", "no"}}, home),
                 Error);
}

TEST(SettingsText, WhatIsWrongWithAnAnswerIsToldWithoutALine) {
    const auto fault = [](const SettingsAdditions& answers) -> std::string {
        try {
            settings_of_answers(answers, "the answer", home);
        } catch (const Error& error) {
            return error.message();
        }
        return "none";
    };
    EXPECT_EQ(fault({.schedule = {{"full", "02:30"}}}), "none");
    EXPECT_EQ(
        fault({.schedule = {{"verify", "03:00"}, {"full", "25:00"}}}),
        "cannot use the answer: 'schedule.full' must be a time in UTC such as \"02:00\" or \"Sun 04:00\", "
        "or \"off\"");
    EXPECT_EQ(fault({.locations = {{{"name", "x"}, {"kind", "folder"}}}}),
              "cannot use the answer: 'location.path' must be given");
    EXPECT_EQ(
        fault({.locations =
                   {{{"name", "x"}, {"kind", "folder"}, {"path", "/p"}, {"price_per_gib_month", "0.02"}}}}),
        "none");
}

}  // namespace
}  // namespace bt2c::cli
