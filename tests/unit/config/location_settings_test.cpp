// [B4] The tables [[location]] of dr.toml.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "config/settings.hpp"

namespace bt2c::config {
namespace {

const Home home{"/srv/node"};

Settings parse(std::string_view text) {
    return parse_settings(text, "dr.toml", home);
}

std::string fault_of(std::string_view text) {
    try {
        parse(text);
    } catch (const base::Error& error) {
        EXPECT_EQ(error.kind(), base::ErrorKind::usage);
        return error.message() + " | " + error.hint();
    }
    return "none";
}

TEST(LocationSettings, EachKindHasItsKeysAndDefaults) {
    const Settings settings = parse(R"(
[[location]]
name = "disk"
kind = "folder"
path = "backups/second"
[[location]]
name = "vault"
kind = "s3"
endpoint = "https://s3.example.org/"
bucket = "bt2c"
prefix = "nodes/one/"
object_lock_days = 30
[[location]]
name = "cloud"
kind = "s3"
bucket = "other"
[[location]]
name = "host"
kind = "sftp"
host = "backup.example.org"
path = "bt2c"
offsite = false
retries = 0
)");
    ASSERT_EQ(settings.locations.size(), 4U);
    EXPECT_EQ(settings.locations[0].path, "/srv/node/backups/second");
    EXPECT_FALSE(settings.locations[0].offsite);
    EXPECT_EQ(settings.locations[1].endpoint, "https://s3.example.org");
    EXPECT_EQ(settings.locations[1].prefix, "nodes/one");
    EXPECT_EQ(settings.locations[1].object_lock_days, 30);
    EXPECT_TRUE(settings.locations[1].offsite);
    EXPECT_FALSE(settings.locations[1].virtual_host);
    EXPECT_TRUE(settings.locations[2].virtual_host);
    EXPECT_EQ(settings.locations[3].path, "bt2c");
    EXPECT_EQ(settings.locations[3].port, 22);
    EXPECT_EQ(settings.locations[3].retries, 0);
    EXPECT_FALSE(settings.locations[3].offsite);
}

TEST(LocationSettings, FaultsNameLineAndKey) {
    EXPECT_EQ(fault_of("[[location]]\nname = \"a\"\n"),
              "cannot use dr.toml line 1: 'location.kind' must be given | ");
    EXPECT_EQ(fault_of("[[location]]\nname = \"a\"\nkind = \"ftp\"\n"),
              "cannot use dr.toml line 3: 'location.kind' must be \"folder\", \"s3\" or \"sftp\" | ");
    EXPECT_EQ(fault_of("[[location]]\nname = \"a\"\nkind = \"folder\"\npath = \"/x\"\nbucket = \"b\"\n"),
              "cannot use dr.toml line 5: 'location.bucket' must be left out: a location of kind \"folder\" "
              "has none, "
              "only of kind s3 | ");
    for (const char* endpoint : {"http://minio_1:9000", "https://[::1]:9000/"})
        EXPECT_EQ(parse("[[location]]\nname = \"a\"\nkind = \"s3\"\nbucket = \"b\"\nendpoint = \"" +
                        std::string(endpoint) + "\"\n")
                      .locations.size(),
                  1U);
    for (const char* endpoint : {"http://", "https:///", "http://a b", "https://a/b", "https://a@b"})
        EXPECT_EQ(
            fault_of("[[location]]\nname = \"a\"\nkind = \"s3\"\nendpoint = \"" + std::string(endpoint) +
                     "\"\n"),
            "cannot use dr.toml line 4: 'location.endpoint' must be https://HOST or https://HOST:PORT, with "
            "nothing behind it | ")
            << endpoint;
    EXPECT_EQ(fault_of("[[location]]\nname = \"a\"\nkind = \"s3\"\n"),
              "cannot use dr.toml line 1: 'location.bucket' must be given | ");
    EXPECT_EQ(fault_of("[[location]]\nname = \"a\"\nkind = \"folder\"\npath = \"/x\"\nbuckets = \"b\"\n")
                  .find("cannot use dr.toml line 5: there is no setting 'location.buckets' | "),
              0U);
    EXPECT_EQ(fault_of("[[location]]\nname = \"local\"\nkind = \"folder\"\npath = \"/x\"\n"),
              "cannot use dr.toml line 1: 'location.name' must be unique, and 'local' is taken | ");
    EXPECT_EQ(fault_of("[location]\nname = \"a\"\n"),
              "cannot use dr.toml line 1: 'location' must be a table of its own each time, in two brackets: "
              "[[location]] | ");
    EXPECT_EQ(fault_of("[[location]]\nname = \"a b\"\nkind = \"folder\"\npath = \"/x\"\n"),
              "cannot use dr.toml line 2: 'location.name' must be 1 to 32 letters, digits, dots, hyphens or "
              "underscores | ");
}

TEST(LocationSettings, OnePlaceHasOneSpelling) {
    const auto path_of = [](const std::string& kind, const std::string& path) {
        const std::string more = kind == "sftp" ? "host = \"h\"\n" : "";
        return parse("[[location]]\nname = \"a\"\nkind = \"" + kind + "\"\n" + more + "path = \"" + path +
                     "\"\n")
            .locations[0]
            .path.native();
    };
    for (const char* path : {"/mnt/usb", "/mnt/usb/", "/mnt//usb/.", "/mnt/other/../usb//"}) {
        EXPECT_EQ(path_of("folder", path), "/mnt/usb") << path;
        EXPECT_EQ(path_of("sftp", path), "/mnt/usb") << path;
    }
    for (const char* path : {"bt2c", "./bt2c", "bt2c/", "x/../bt2c/."})
        EXPECT_EQ(path_of("sftp", path), "bt2c");
    EXPECT_EQ(path_of("sftp", "/"), "/");
    EXPECT_EQ(path_of("sftp", "."), ".");
    EXPECT_EQ(parse("repository = \"/mnt/usb/\"\n").repository, "/mnt/usb");
}

TEST(LocationSettings, WhatCannotBeWrittenBackIsNoNameNorPlace) {
    for (const char* name : {".", "..", "-x", ".usb"})
        EXPECT_THAT(fault_of("[[location]]\nname = \"" + std::string(name) +
                             "\"\nkind = \"folder\"\npath = \"/x\"\n"),
                    testing::HasSubstr("begins with a letter"))
            << name;
    for (const char* prefix : {".", "..", "../n7", "x/../y", "x//y"})
        EXPECT_THAT(fault_of("[[location]]\nname = \"a\"\nkind = \"s3\"\nbucket = \"b\"\nprefix = \"" +
                             std::string(prefix) + "\"\n"),
                    testing::HasSubstr("none of them '.' or '..'"))
            << prefix;
    EXPECT_THAT(fault_of("[[location]]\nname = \"a\"\nkind = \"sftp\"\nhost = \"h\"\npath = \"~/k\"\n"),
                testing::HasSubstr("without '~'"));
}

TEST(LocationSettings, TheFolderMayBeLeftOutWhereThereIsAnotherPlace) {
    const std::string place = "[[location]]\nname = \"usb\"\nkind = \"folder\"\npath = \"/mnt/usb\"\n";
    EXPECT_TRUE(parse("repository = \"none\"\n" + place).repository.empty());
    EXPECT_FALSE(parse(place).repository.empty());
    EXPECT_NE(fault_of("repository = \"none\"").find("[[location]]"), std::string::npos);
}

TEST(LocationSettings, OnePlaceIsNotTwoLocations) {
    const auto two = [](const std::string& first, const std::string& second) {
        return fault_of("[[location]]\nname = \"a\"\n" + first + "\n[[location]]\nname = \"b\"\n" + second +
                        "\n");
    };
    const auto refused = testing::HasSubstr("locations 'a' and 'b' are the same place");
    const std::string folder = "kind = \"folder\"\npath = ", s3 = "kind = \"s3\"\nbucket = \"x\"\n",
                      sftp = "kind = \"sftp\"\nhost = \"h\"\npath = ";
    EXPECT_THAT(two(folder + "\"/mnt/usb\"", folder + "\"/mnt/./other/../usb/\""), refused);
    EXPECT_THAT(two(s3 + "prefix = \"one\"", s3 + "prefix = \"one/\""), refused);
    EXPECT_THAT(two(sftp + "\"bt2c\"", sftp + "\"./bt2c\""), refused);
    EXPECT_EQ(two(folder + "\"/mnt/usb\"", folder + "\"/mnt/usb2\""), "none");
    EXPECT_EQ(two(s3 + "prefix = \"one\"", s3 + "prefix = \"two\""), "none");
    const auto within = testing::HasSubstr("of locations 'a' and 'b' one lies within the other");
    EXPECT_THAT(two(folder + "\"/mnt/usb\"", folder + "\"/mnt/usb/packs\""), within);
    EXPECT_THAT(two(folder + "\"/mnt/usb/x/y\"", folder + "\"/mnt/usb\""), within);
    EXPECT_THAT(two(s3 + "prefix = \"one\"", s3 + "prefix = \"one/packs\""), within);
    EXPECT_THAT(two(s3, s3 + "prefix = \"one\""), within);
    EXPECT_EQ(two(s3 + "prefix = \"one\"", s3 + "prefix = \"one2\""), "none");
    EXPECT_THAT(two(sftp + "\"bt2c\"", sftp + "\"bt2c/more\""), within);
    EXPECT_EQ(two(s3 + "endpoint = \"https://a\"", s3 + "endpoint = \"https://b\""), "none");
    EXPECT_EQ(two(sftp + "\"bt2c\"", sftp + "\"bt2c\"\nport = 23"), "none");
    EXPECT_THAT(fault_of("[[location]]\nname = \"a\"\nkind = \"folder\"\npath = \"backups/repository\"\n"),
                testing::HasSubstr("locations 'local' and 'a' are the same place"));
}

TEST(LocationSettings, BackupsDoNotGoAmongTheNodesOwnFiles) {
    const auto refused = testing::HasSubstr("is no place for backups");
    for (const char* path :
         {"config/cp", "config", "keys/../wallets", "data", "network/x", ".", "backups/.."}) {
        const std::string text =
            "[[location]]\nname = \"a\"\nkind = \"folder\"\npath = \"" + std::string(path) + "\"\n";
        EXPECT_THAT(fault_of(text), refused) << path;
        EXPECT_THAT(fault_of("repository = \"" + std::string(path) + "\"\n"), refused) << path;
    }
    EXPECT_EQ(fault_of("repository = \"config2\"\n"), "none");
    EXPECT_EQ(fault_of("repository = \"backups/other\"\n"), "none");
}

TEST(LocationSettings, PatienceIsBounded) {
    EXPECT_EQ(parse("").patience_seconds, 900);
    EXPECT_EQ(parse("[backup]\npatience_seconds = 0").patience_seconds, 0);
    EXPECT_NE(fault_of("[backup]\npatience_seconds = -1").find("patience_seconds"), std::string::npos);
}

}  // namespace
}  // namespace bt2c::config
