// What a restore leaves as it is in a home that is in use, and what it says where there is nothing to
// restore.

#include "restore/place_files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "base/error.hpp"
#include "restore/restore.hpp"
#include "support/temporary_folder.hpp"

namespace bt2c::restore {
namespace {

namespace fs = std::filesystem;
using repository::FileKind;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class PlaceFiles : public testing::Test {
 protected:
    PlaceFiles() {
        fs::create_directory(home_.config());
        add("config/dr.toml", "of the backup");
        add("config/dr.toml.from-backup", "of an earlier restore");
        add("config/node.json", "{}");
    }
    void add(const std::string& path, const std::string& text) {
        FileSource& file = source_.files.emplace_back();
        file.entry.path = path;
        file.entry.mode = 0600;
        file.entry.bytes = text.size();
        file.read_piece = [text](std::uint64_t) {
            const auto bytes = base::as_bytes(text);
            return base::Bytes(bytes.begin(), bytes.end());
        };
    }
    void put(const std::string& name, const std::string& text) const {
        std::ofstream(home_.config() / name) << text;
    }
    std::string read(const std::string& name) const {
        std::ifstream file(home_.config() / name);
        return {std::istreambuf_iterator<char>(file), {}};
    }
    /// Whether the home's settings stay.
    bool place() {
        const auto files = select_files(source_, true, true);
        const FileSource* const beside = other_settings(files, home_);
        base::SilentProgress silent;
        kept_ = place_files(files, home_, beside, silent);
        return beside != nullptr;
    }

    support::TemporaryFolder folder_;
    config::Home home_{folder_.path()};
    RestoreSource source_{"the backup", {}, {}, {}};
    std::vector<std::string> kept_;
};

TEST_F(PlaceFiles, OtherSettingsStayAndTheBackupsAreBeside) {
    put("dr.toml", "of this home");
    put("dr.toml.from-backup", "of the restore before");
    EXPECT_TRUE(place());
    EXPECT_EQ(read("dr.toml"), "of this home");
    EXPECT_EQ(read("dr.toml.from-backup"), "of the backup");
    EXPECT_EQ(read("node.json"), "{}");
    EXPECT_THAT(kept_, ElementsAre(HasSubstr("config/dr.toml (")));
    put("dr.toml", "of the backuP");  // as long
    EXPECT_TRUE(place());
    put("dr.toml", "");
    EXPECT_TRUE(place());
}

TEST_F(PlaceFiles, WithoutOthersAllIsAsTheBackupHasIt) {
    EXPECT_FALSE(place());
    for (int i = 0; i < 2; ++i) {  // the second time they are the same
        EXPECT_EQ(read("dr.toml"), "of the backup");
        EXPECT_EQ(read("dr.toml.from-backup"), "of an earlier restore");
        EXPECT_THAT(kept_, IsEmpty());
        EXPECT_FALSE(place());
    }
}

TEST_F(PlaceFiles, ALinkIsComparedByWhereItLeads) {
    source_.files.front().entry.kind = FileKind::link;
    source_.files.front().entry.target = "/etc/dr.toml";
    fs::create_symlink("/etc/dr.toml", home_.settings_file());
    EXPECT_FALSE(place());
    fs::remove(home_.settings_file());
    fs::create_symlink("elsewhere", home_.settings_file());  // a disk may be missing
    EXPECT_TRUE(place());
    EXPECT_EQ(fs::read_symlink(home_.settings_file()), "elsewhere");
    EXPECT_EQ(fs::read_symlink(settings_beside(home_)), "/etc/dr.toml");
}

TEST_F(PlaceFiles, ThePlanTellsIt) {
    put("dr.toml", "of this home");
    RestoreRequest request;
    EXPECT_THAT(plan_restore(source_, home_, request).steps,
                testing::Each(testing::Not(HasSubstr("beside it"))));
    request.keep_settings = true;
    EXPECT_THAT(plan_restore(source_, home_, request).steps,
                testing::Contains(HasSubstr("dr.toml.from-backup")));
}

TEST_F(PlaceFiles, WhatASourceLacksIsTold) {
    const auto refused = [&](RestoreRequest request) {
        try {
            plan_restore(source_, home_, request);
        } catch (const base::Error& error) {
            return error;
        }
        return base::Error(base::ErrorKind::failed, "none");
    };
    RestoreRequest keys{.database = false, .config = false};
    EXPECT_EQ(refused(keys).cause(), "it holds nothing but: config");
    EXPECT_THAT(refused(keys).hint(), HasSubstr("--only config"));
    source_.database.emplace();
    EXPECT_EQ(refused(keys).cause(), "it holds nothing but: database,config");
    source_ = {"the backup", {}, {}, {}};
    EXPECT_THAT(refused({}).cause(), HasSubstr("neither"));
    EXPECT_THAT(refused({}).hint(), HasSubstr("list-backups"));
}

}  // namespace
}  // namespace bt2c::restore
