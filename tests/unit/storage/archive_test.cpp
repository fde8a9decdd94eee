#include <gtest/gtest.h>

#include "base/error.hpp"
#include "crypto/hash.hpp"
#include "platform/file.hpp"
#include "storage/archive/archive_location.hpp"
#include "storage/archive/archive_writer.hpp"
#include "support/temporary_folder.hpp"

namespace bt2c::storage::archive {
namespace {

using base::as_bytes;
using base::Bytes;
using base::Error;

const std::string digest(64, 'a');

class Archive : public testing::Test {
 protected:
    /// An exported file by hand: the objects' bytes, then `directory`.
    std::filesystem::path write(const std::string& objects, const std::string& directory) const {
        std::string text = std::string("BT2C-DR EXPORT\0\1", 16) + objects + directory;
        Bytes length;
        base::put_le<std::uint64_t>(length, directory.size());
        text += base::as_text(length);
        return folder.write("export", text + "BT2C-END");
    }
    std::string cause_of(const std::filesystem::path& file) const {
        try {
            ArchiveLocation location(file);
        } catch (const Error& error) {
            EXPECT_NE(error.message(), "");
            return error.message() + ": " + error.cause();
        }
        return "no error";
    }
    static std::string entry(const std::string& name, const std::string& offset, const std::string& bytes) {
        return R"({"name":")" + name + R"(","offset":)" + offset + R"(,"bytes":)" + bytes + R"(,"sha256":")" +
               digest + "\"}";
    }

    support::TemporaryFolder folder;
};

TEST_F(Archive, IsWrittenAsTheFormatSays) {
    ArchiveWriter writer(folder / "export", false);
    writer.add("format", as_bytes("abc"), digest);
    writer.add("packs/1", as_bytes("defg"), digest);
    const std::string directory = "[" + entry("format", "16", "3") + "," + entry("packs/1", "19", "4") + "]";
    const std::uint64_t size = writer.commit();
    const std::string by_writer = support::file_text(folder / "export");
    EXPECT_EQ(by_writer, support::file_text(write("abcdefg", directory)));
    EXPECT_EQ(by_writer.size(), size);
    EXPECT_EQ(std::filesystem::status(folder / "export").permissions(), std::filesystem::perms(0600));
}

TEST_F(Archive, IsNeverReplacedWithoutBeingTold) {
    folder.write("export", "precious");
    EXPECT_THROW(ArchiveWriter(folder / "export", false), Error);
    EXPECT_EQ(support::file_text(folder / "export"), "precious");
    {
        ArchiveWriter meanwhile(folder / "other", false);
        folder.write("other", "made meanwhile");
        EXPECT_THROW(meanwhile.commit(), Error);
    }
    EXPECT_EQ(support::file_text(folder / "other"), "made meanwhile");
    ArchiveWriter told(folder / "export", true);
    told.commit();
    EXPECT_TRUE(ArchiveLocation::is_archive(folder / "export"));
}

TEST_F(Archive, LeavesNothingWhenItIsNotCommitted) {
    { ArchiveWriter(folder / "export", false).add("format", as_bytes("abc"), digest); }
    EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST_F(Archive, RefusesNamesThatAreNoneOrThereAlready) {
    ArchiveWriter writer(folder / "export", false);
    writer.add("format", as_bytes("abc"), digest);
    EXPECT_THROW(writer.add("format", as_bytes("abc"), digest), Error);
    EXPECT_THROW(writer.add("../format", as_bytes("abc"), digest), Error);
}

TEST_F(Archive, IsNeverChanged) {
    ArchiveLocation location(write("", "[]"));
    EXPECT_THROW(static_cast<void>(location.put("format", {})), Error);
    EXPECT_THROW(location.remove("format"), Error);
}

TEST_F(Archive, IsToldByItsFirstBytes) {
    EXPECT_TRUE(ArchiveLocation::is_archive(write("", "[]")));
    EXPECT_FALSE(ArchiveLocation::is_archive(folder.write("database", "SQLite format 3")));
    EXPECT_FALSE(ArchiveLocation::is_archive(folder.write("short", "BT2C")));
    EXPECT_FALSE(ArchiveLocation::is_archive(folder / "absent"));
    EXPECT_FALSE(ArchiveLocation::is_archive(folder.path()));
    EXPECT_NE(cause_of(folder / "database").find("no exported backup"), std::string::npos);
}

TEST_F(Archive, CutOffAnywhereIsDamagedAndSaysSo) {
    const std::string whole = support::file_text(write("abc", "[" + entry("format", "16", "3") + "]"));
    EXPECT_EQ(cause_of(folder / "export"), "no error");
    for (std::size_t size = 14; size < whole.size(); ++size)
        EXPECT_NE(cause_of(folder.write("cut", whole.substr(0, size))).find("is damaged"), std::string::npos)
            << size;
}

TEST_F(Archive, OfAnUnknownVersionIsLeftAlone) {
    std::string text = support::file_text(write("", "[]"));
    text[15] = 2;
    EXPECT_NE(cause_of(folder.write("newer", text)).find("version 2"), std::string::npos);
}

TEST_F(Archive, DirectoriesThatLieAreRefused) {
    const std::vector<std::string> directories{
        "",
        "{}",
        "[1]",
        "[",
        "[" + entry("format", "16", "4") + "]",                     // into the directory
        "[" + entry("format", "16", "2") + "]",                     // leaves a hole
        "[" + entry("format", "15", "3") + "]",                     // into the head
        "[" + entry("format", "16", "18446744073709551615") + "]",  // wraps around
        "[" + entry("format", "16", "9223372036854775807") + "]",
        "[" + entry("format", "16", "-1") + "]",
        "[" + entry("format", "16", "3") + "," + entry("format", "19", "0") + "]",  // twice
        "[" + entry("../format", "16", "3") + "]",
        "[" + entry("a", "16", "3") + "," + entry("b", "16", "3") + "]",  // overlapping
        R"([{"name":"format","offset":16,"bytes":3,"sha256":"zz"}])",
        R"([{"name":"format","offset":16,"bytes":3}])",
    };
    for (const std::string& directory : directories)
        EXPECT_NE(cause_of(write("abc", directory)).find("is damaged"), std::string::npos) << directory;
}

TEST_F(Archive, LengthsOfDirectoriesThatCannotBeAreRefused) {
    for (const std::uint64_t length : {std::uint64_t{3}, std::uint64_t{1} << 40, UINT64_MAX}) {
        std::string text = std::string("BT2C-DR EXPORT\0\1", 16) + "[]";
        Bytes field;
        base::put_le(field, length);
        text += base::as_text(field);
        text += "BT2C-END";
        EXPECT_NE(cause_of(folder.write("long", text)).find("length of its directory"), std::string::npos);
    }
}

TEST_F(Archive, AFullDiskLeavesNothing) {
    platform::set_file_step_hook([](const platform::FileStep& step) {
        if (step.kind == platform::FileStep::Kind::write && step.bytes.size() == 3)
            throw base::system_error("cannot write", ENOSPC);
    });
    {
        ArchiveWriter writer(folder / "export", false);
        EXPECT_THROW(writer.add("format", as_bytes("abc"), digest), Error);
    }
    platform::set_file_step_hook({});
    EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST_F(Archive, KnowsWhichObjectIsNotWhatWasWritten) {
    ArchiveWriter writer(folder / "export", false);
    writer.add("keys/1", as_bytes("abc"), base::to_hex(crypto::sha256(as_bytes("abc"))));
    writer.add("keys/2", as_bytes("abd"), base::to_hex(crypto::sha256(as_bytes("abc"))));
    writer.commit();
    ArchiveLocation location(folder / "export");
    EXPECT_FALSE(location.known_damage("keys/1"));
    EXPECT_FALSE(location.known_damage("keys/3"));
    const auto damage = location.known_damage("keys/2");
    ASSERT_TRUE(damage);
    EXPECT_NE(damage->message().find("is damaged"), std::string::npos);
    EXPECT_NE(damage->cause().find("keys/2"), std::string::npos);
    EXPECT_NE(damage->hint(), "");
}

}  // namespace
}  // namespace bt2c::storage::archive
