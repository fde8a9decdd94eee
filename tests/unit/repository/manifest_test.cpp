// What no writer makes is refused where a manifest is read: who holds a write key may seal anything.

#include "repository/manifest.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"

namespace bt2c::repository {
namespace {

using testing::HasSubstr;

FileEntry entry(std::string path, FileKind kind = FileKind::file, std::string target = {}) {
    FileEntry made;
    made.path = std::move(path);
    made.kind = kind;
    made.target = std::move(target);
    return made;
}

/// Why it is not taken; empty where it is.
std::string refusal(const Manifest& manifest) {
    try {
        const Manifest read = Manifest::from_json(manifest.id, manifest.to_json());
        EXPECT_EQ(read.files.size(), manifest.files.size());
        return "";
    } catch (const base::Error& error) {
        return error.message();
    }
}

std::string refusal(std::vector<FileEntry> files) {
    Manifest manifest;
    manifest.files = std::move(files);
    return refusal(manifest);
}

TEST(ManifestFiles, WhatAHomeCanHoldIsTaken) {
    EXPECT_EQ(refusal({entry("config", FileKind::folder), entry("config/dr.toml"), entry("config/dr.toml~"),
                       entry("config/a", FileKind::folder), entry("config/a-b"), entry("config/a/b"),
                       entry("config/odd\n\xFF\x01..."), entry("config/..a"),
                       entry("keys", FileKind::link, "/mnt/keys"), entry("keys2"),
                       entry("config/to", FileKind::link, "../../x"), entry("data/blockchain.db"),
                       entry("config/" + std::string(700, 'n'))}),
              "")
        << "names of exFAT are longer than 255 bytes";
}

TEST(ManifestFiles, APathThatLeadsElsewhereIsNot) {
    for (const std::string& path :
         {std::string(), std::string("/etc/x"), std::string("config/"), std::string("config//x"),
          std::string("./config"), std::string("config/../x"), std::string("config/dr.toml\0", 15),
          std::string("config/") + std::string(4096, 'a')})
        EXPECT_THAT(refusal({entry(path)}), HasSubstr("is no path in a home")) << path;
    EXPECT_LT(refusal({entry(std::string(100'000, 'a'))}).size(), 400U);
    for (const std::string& target : {std::string(), std::string("a\0b", 3), std::string(4096, 'a')})
        EXPECT_THAT(refusal({entry("config/l", FileKind::link, target)}), HasSubstr("leads to no path"));
}

TEST(ManifestFiles, NothingHasANameTwiceOrLiesBelowWhatIsNoFolder) {
    for (const FileKind kind : {FileKind::file, FileKind::folder, FileKind::link})
        EXPECT_THAT(refusal({entry("config/dr.toml"), entry("config/x"), entry("config/dr.toml", kind, "t")}),
                    HasSubstr("it names config/dr.toml twice"));
    for (const FileKind kind : {FileKind::file, FileKind::link})
        for (const char* below : {"config/l/evil", "config/l/a/b"}) {
            EXPECT_THAT(refusal({entry("config", FileKind::folder), entry("config/l", kind, "/tmp"),
                                 entry("config/l!"), entry("config/l-"), entry(below)}),
                        HasSubstr("is below what is no folder"));
            EXPECT_THAT(refusal({entry(below), entry("config/l", kind, "/tmp")}), HasSubstr("no folder"));
        }
}

TEST(ManifestPacks, NoneIsNamedTwice) {
    Manifest manifest;
    manifest.packs = {{ObjectId::random(), {}, 1}, {ObjectId::random(), {}, 1}};
    EXPECT_EQ(refusal(manifest), "");
    manifest.packs.push_back(manifest.packs[0]);
    EXPECT_THAT(refusal(manifest), HasSubstr("twice"));
}

}  // namespace
}  // namespace bt2c::repository
