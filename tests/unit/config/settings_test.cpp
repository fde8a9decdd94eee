#include "config/settings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>

#include "base/error.hpp"
#include "support/environment.hpp"
#include "support/temporary_folder.hpp"

namespace bt2c::config {
namespace {

using base::Error;
using base::ErrorKind;

const Home home{"/n"};

Settings parse(std::string_view text) {
    return parse_settings(text, "dr.toml", home);
}

Error error_of(std::string_view text) {
    try {
        parse(text);
    } catch (const Error& error) {
        return error;
    }
    return Error(ErrorKind::failed, "nothing was thrown");
}

TEST(Settings, WhatIsLeftOutHasItsDefault) {
    const Settings settings = parse("# nothing\n");
    EXPECT_EQ(settings.repository, "/n/backups/repository");
    EXPECT_FALSE(settings.compression_level);
}

TEST(Settings, ValuesAreTaken) {
    const support::Variable user("HOME", "/users/u");
    const Settings settings = parse("repository = \"/mnt/vault\"\n[backup]\ncompression_level = 3\n");
    EXPECT_EQ(settings.repository, "/mnt/vault");
    EXPECT_EQ(settings.compression_level, 3);
    EXPECT_EQ(parse("repository = 'vault'").repository, "/n/vault");
    EXPECT_EQ(parse("repository = '~/vault'").repository, "/users/u/vault");
    EXPECT_EQ(parse("backup.compression_level = 19").compression_level, 19);
}

TEST(Settings, TokensAreNamed) {
    EXPECT_TRUE(parse("").token_module.empty());
    const Settings settings =
        parse("[token]\nmodule = '/usr/lib/m.so'\nlabel = 'a token'\npin_file = 'config/pin'\n");
    EXPECT_EQ(settings.token_module, "/usr/lib/m.so");
    EXPECT_EQ(settings.token_label, "a token");
    EXPECT_EQ(settings.token_pin_file, "/n/config/pin");
    EXPECT_EQ(error_of("token.label = 7").message(),
              "cannot use dr.toml line 1: 'token.label' must be a text in quotes, and not empty");
}

TEST(Settings, TheNetworkIsOptional) {
    const NetworkSettings network = parse("").network;
    EXPECT_FALSE(network.node_name.empty());
    EXPECT_EQ(network.control_plane, "none");
    EXPECT_EQ(network.ack_timeout_seconds, 30);
    EXPECT_TRUE(network.rest_urls.empty());
}

TEST(Settings, AControlPlaneIsDescribed) {
    const NetworkSettings network = parse(R"(
        [network]
        node_name = "node-1"
        control_plane = "etcd"
        etcd_endpoints = ["https://a:2379/", "https://b:2379"]
        etcd_ca = "config/ca.crt"
        etcd_certificate = "/c.crt"
        etcd_key = "/c.key"
        etcd_user = "agent"
        etcd_password_file = "config/etcd-password"
        ack_timeout_seconds = 5
        rest_urls = ["http://a:8335"]
    )")
                                        .network;
    EXPECT_EQ(network.node_name, "node-1");
    EXPECT_EQ(network.control_plane, "etcd");
    EXPECT_EQ(network.etcd_endpoints, (std::vector<std::string>{"https://a:2379", "https://b:2379"}));
    EXPECT_EQ(network.etcd_ca, "/n/config/ca.crt");
    EXPECT_EQ(network.etcd_certificate, "/c.crt");
    EXPECT_EQ(network.etcd_key, "/c.key");
    EXPECT_EQ(network.etcd_user, "agent");
    EXPECT_EQ(network.etcd_password_file, "/n/config/etcd-password");
    EXPECT_EQ(network.ack_timeout_seconds, 5);
    EXPECT_EQ(network.rest_urls, std::vector<std::string>{"http://a:8335"});
    EXPECT_EQ(parse("network = {control_plane = 'local', local_folder = 'plane'}").network.local_folder,
              "/n/plane");
}

TEST(Settings, HalfAControlPlaneIsRefused) {
    EXPECT_EQ(error_of("network.control_plane = 'local'").message(),
              "cannot use dr.toml: a control plane of \"local\" needs the setting 'network.local_folder'");
    EXPECT_THAT(error_of("network.control_plane = 'etcd'").message(),
                testing::HasSubstr("network.etcd_endpoints"));
    EXPECT_THAT(error_of("network.etcd_user = 'u'").message(),
                testing::HasSubstr("network.etcd_password_file"));
    EXPECT_THAT(error_of("network.etcd_key = '/k'").message(),
                testing::HasSubstr("network.etcd_certificate"));
    EXPECT_THAT(error_of("network.node_name = '" + std::string(65, 'n') + "'").message(),
                testing::HasSubstr("longer than 64 bytes"));
    EXPECT_THAT(error_of("network.control_plane = 'zookeeper'").message(),
                testing::HasSubstr("\"none\", \"local\" or \"etcd\""));
    for (const std::string urls : {"'http://a'", "[]", "[1]", "['a:2379']", "['ftp://a']"})
        EXPECT_EQ(error_of("network.etcd_endpoints = " + urls).kind(), ErrorKind::usage) << urls;
}

TEST(Settings, UnknownKeysSuggestTheNearest) {
    const Error top = error_of("\nrepositroy = 'x'\n");
    EXPECT_EQ(top.kind(), ErrorKind::usage);
    EXPECT_EQ(top.message(), "cannot use dr.toml line 2: there is no setting 'repositroy'");
    EXPECT_EQ(top.hint(), "did you mean 'repository'?");
    EXPECT_EQ(error_of("[backup]\ncompresion_level = 1").hint(), "did you mean 'backup.compression_level'?");
    EXPECT_EQ(error_of("[bakup]\ncompression_level = 1").hint(), "did you mean 'backup'?");
    EXPECT_EQ(error_of("compression_level = 1").hint(), "did you mean 'backup.compression_level'?");
    EXPECT_THAT(error_of("colour = 1").hint(),
                testing::StartsWith("the settings are: repository, location, backup.compression_level, "));
    EXPECT_EQ(error_of("\"\\u001b[31m\" = 1").message(),
              "cannot use dr.toml line 1: there is no setting '\\x1b[31m'");
}

TEST(Settings, WrongTypesAndRangesNameTheLine) {
    EXPECT_EQ(error_of("repository = 3").message(),
              "cannot use dr.toml line 1: 'repository' must be a path in quotes, and not empty");
    EXPECT_EQ(error_of("repository = ''").kind(), ErrorKind::usage);
    EXPECT_EQ(error_of("[repository]\nx = 1").kind(), ErrorKind::usage);
    EXPECT_EQ(error_of("\n[backup]\ncompression_level = 'fast'").message(),
              "cannot use dr.toml line 3: 'backup.compression_level' must be a whole number");
    EXPECT_EQ(error_of("backup.compression_level = 20").message(),
              "cannot use dr.toml line 1: 'backup.compression_level' must be 1 to 19");
    EXPECT_EQ(error_of("backup.compression_level = 1.0").kind(), ErrorKind::usage);
    EXPECT_EQ(error_of("backup = 1").message(),
              "cannot use dr.toml line 1: 'backup' must be a table: [backup]");
}

TEST(Settings, WhatIsNoTomlNamesTheLine) {
    const Error error = error_of("repository = 'x'\nrepository = 'y'\n");
    EXPECT_TRUE(error.message().starts_with("cannot use dr.toml line 2: it is not TOML")) << error.message();
    EXPECT_FALSE(error.cause().empty());
    EXPECT_FALSE(error.hint().empty());
    EXPECT_EQ(error_of("a = ").kind(), ErrorKind::usage);
    EXPECT_EQ(error_of(std::string_view("\0\xff", 2)).kind(), ErrorKind::usage);
    EXPECT_EQ(error_of("a = " + std::string(10'000, '[')).kind(), ErrorKind::usage);
}

TEST(Settings, FileMayBeMissingUnlessItIsNamed) {
    const support::TemporaryFolder folder;
    const Home node{folder.path()};
    EXPECT_EQ(load_settings(node, {}).repository, node.default_repository());
    try {
        load_settings(node, folder / "gone.toml");
        FAIL() << "other settings were taken";
    } catch (const Error& error) {
        EXPECT_EQ(error.cause(), "there is no such file");
        EXPECT_NE(error.state(), "");
        EXPECT_NE(error.hint(), "");
    }
    folder.write("config/dr.toml", "repository = '/a'");
    folder.write("other.toml", "repository = '/b'");
    EXPECT_EQ(load_settings(node, {}).repository, "/a");
    EXPECT_EQ(load_settings(node, folder / "other.toml").repository, "/b");
    EXPECT_THROW(load_settings(node, folder.path()), Error);
}

TEST(Settings, ALinkToNothingIsNoMissingFile) {
    const support::TemporaryFolder folder;
    fs::create_directory(folder / "config");
    fs::create_symlink("/mnt/away/dr.toml", folder / "config/dr.toml");
    try {
        load_settings(Home{folder.path()}, {});
        FAIL() << "the defaults were taken";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::failed);
        EXPECT_EQ(error.cause(), "it is a link to /mnt/away/dr.toml, which is not there");
        EXPECT_THAT(error.hint(), testing::HasSubstr("mounted"));
    }
}

// [A1] The package's example is what operators copy.
TEST(Settings, TheExampleNamesEveryKeyAndCanBeUsed) {
    const fs::path root = BT2C_SOURCE_DIR;
    const std::string example = support::file_text(root / "packaging/examples/dr.toml");
    const std::regex known(R"re(\n {8}\{"([a-z0-9_]+\.)?([a-z0-9_]+)",)re");
    std::size_t keys = 0;
    for (const fs::directory_entry& source : fs::directory_iterator(root / "src/config")) {
        if (!source.path().native().ends_with("settings.cpp")) continue;
        const std::string text = support::file_text(source.path());
        for (std::sregex_iterator at(text.begin(), text.end(), known), end; at != end; ++at, ++keys) {
            const std::string key = (*at)[2];
            if (key != "location") {
                EXPECT_NE(example.find("\n#" + key + " = "), std::string::npos) << key << source.path();
            }
        }
    }
    EXPECT_GE(keys, 60U);
    const std::regex of_kinds(R"re(\{"([a-z0-9_]+)", "([a-z0-9 ]+)",\s*\[)re");
    const std::string text = support::file_text(root / "src/config/location_settings.cpp");
    for (std::sregex_iterator at(text.begin(), text.end(), of_kinds), end; at != end; ++at)
        for (const std::string kind : {"folder", "s3", "sftp"}) {
            if ((*at)[2].str().find(kind) == std::string::npos) continue;
            const std::size_t name = example.rfind("\n#name", example.find("\n#kind = \"" + kind));
            EXPECT_NE(
                example.substr(name, example.find("\n\n", name) - name).find("\n#" + (*at)[1].str() + " = "),
                std::string::npos)
                << (*at)[1] << " of " << kind;
        }
    EXPECT_EQ(parse(example).locations.size(), 0U);
    const Settings used = parse(std::regex_replace(example, std::regex("(^|\n)#(?! )"), "$1"));
    EXPECT_EQ(used.locations.size(), 3U);
    EXPECT_EQ(used.schedule.incremental_minutes, ScheduleSettings().incremental_minutes);
    EXPECT_EQ(used.retention.weekly_weeks, RetentionSettings().weekly_weeks);
    EXPECT_DOUBLE_EQ(used.locations[1].price_per_gib_month, 0.02);
}

}  // namespace
}  // namespace bt2c::config
