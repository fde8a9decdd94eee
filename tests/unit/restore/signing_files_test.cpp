// What a node signed and obeyed is never replaced by an older state of it.

#include "restore/signing_files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "keys/signing_state.hpp"
#include "platform/file.hpp"
#include "support/temporary_folder.hpp"

namespace bt2c::restore {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class SigningFiles : public testing::Test {
 protected:
    /// A file of a backup, in pieces of that size.
    FileSource file(const std::string& path, const std::string& text, std::size_t piece_bytes = 4096) const {
        FileSource source;
        source.entry.path = path;
        source.entry.kind = repository::FileKind::file;
        source.entry.bytes = text.size();
        source.read_piece = [text, piece_bytes](std::uint64_t piece) {
            const std::string part = text.substr(piece * piece_bytes, piece_bytes);
            const auto bytes = base::as_bytes(part);
            return base::Bytes(bytes.begin(), bytes.end());
        };
        return source;
    }
    void put(const std::string& path, const std::string& text) const {
        fs::create_directories((home_.root / path).parent_path());
        std::ofstream(home_.root / path) << text;
    }
    bool placed(const FileSource& source) { return takes_its_place(source, home_, kept_); }
    std::string watermark_text(std::int64_t height) const {
        const support::TemporaryFolder scratch;
        const config::Home home{scratch.path()};
        keys::raise_watermark(home, identity_, height);
        const base::Bytes bytes = platform::read_file(home.network() / name_, 4096);
        return std::string(base::as_text(bytes));
    }

    support::TemporaryFolder folder_;
    config::Home home_{folder_.path()};
    keys::SigningIdentity identity_{"devnet", std::string(64, 'a'), "bt2c_abc"};
    std::string name_ = "watermark-devnet-bt2c_abc.json";
    std::vector<std::string> kept_;
};

TEST_F(SigningFiles, WhatTheHomeLacksTakesItsPlace) {
    for (const char* path : {"network/audit.jsonl", "network/signing-lock.json", "network/else"})
        EXPECT_TRUE(placed(file(path, "x"))) << path;
    EXPECT_TRUE(is_signing_file(file("network/else", "")));
    EXPECT_FALSE(is_signing_file(file("config/network", "")));
}

TEST_F(SigningFiles, ALinkNeverTakesAPlace) {
    for (const char* path : {"network", "network/audit.jsonl", "network/watermark-x", "network/else"}) {
        FileSource link = file(path, "");
        link.entry.kind = repository::FileKind::link;
        link.entry.target = "/outside";
        EXPECT_FALSE(placed(link)) << path;
    }
    EXPECT_EQ(kept_.size(), 4U);
    EXPECT_THAT(kept_, testing::Each(HasSubstr("symbolic link")));
}

TEST_F(SigningFiles, TheHigherWatermarkCounts) {
    keys::raise_watermark(home_, identity_, 50);
    EXPECT_FALSE(placed(file("network/" + name_, watermark_text(40))));
    EXPECT_EQ(keys::read_watermark(home_, identity_), 50);
    EXPECT_FALSE(placed(file("network/" + name_, watermark_text(60))));
    EXPECT_EQ(keys::read_watermark(home_, identity_), 60);
    EXPECT_THAT(kept_, IsEmpty());
}

TEST_F(SigningFiles, ADamagedOneOnEitherSideChangesNothing) {
    keys::raise_watermark(home_, identity_, 50);
    EXPECT_FALSE(placed(file("network/" + name_, "garbage")));
    EXPECT_FALSE(placed(file("network/" + name_, "")));
    EXPECT_EQ(keys::read_watermark(home_, identity_), 50);
    put("network/" + name_, "damaged");
    EXPECT_FALSE(placed(file("network/" + name_, watermark_text(60))));
    EXPECT_EQ(platform::read_file(home_.network() / name_, 100).size(), 7U);
    EXPECT_EQ(kept_.size(), 3U);
}

TEST_F(SigningFiles, TheAuditLogIsOnlyEverContinued) {
    put("network/audit.jsonl", "log one two");
    EXPECT_TRUE(placed(file("network/audit.jsonl", "log one two three", 8)));
    EXPECT_TRUE(placed(file("network/audit.jsonl", "log one two", 3)));
    EXPECT_THAT(kept_, IsEmpty());
    EXPECT_FALSE(placed(file("network/audit.jsonl", "log one")));
    EXPECT_FALSE(placed(file("network/audit.jsonl", "log ONE two three", 8)));
    EXPECT_THAT(kept_,
                ElementsAre(HasSubstr("the home's log says more"), HasSubstr("the home's log says more")));
}

TEST_F(SigningFiles, ALockIsNeverReplaced) {
    keys::lock_signing(home_, "first");
    EXPECT_FALSE(placed(file("network/signing-lock.json", "{}")));
    EXPECT_EQ(keys::signing_lock(home_)->reason, "first");
}

}  // namespace
}  // namespace bt2c::restore
