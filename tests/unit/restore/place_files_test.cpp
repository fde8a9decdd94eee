// What a restore leaves as it is in a home that is in use, and what it says where there is nothing to
// restore.

#include "restore/place_files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

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

TEST_F(PlaceFiles, AHomeThatHasOneOfTheKeysDoesNotGetTheOther) {
    add("config/repository.key", "reads");
    add("config/repository.write-key", "writes");
    put("repository.key", "reads");
    place();
    EXPECT_THAT(kept_, ElementsAre(HasSubstr("config/repository.write-key (this home reads")));
    EXPECT_FALSE(fs::exists(home_.write_key_file()));
    fs::remove(home_.key_file());
    put("repository.write-key", "writes");
    place();
    EXPECT_THAT(kept_, ElementsAre(HasSubstr("config/repository.key (this node writes")));
    EXPECT_FALSE(fs::exists(home_.key_file()));
    fs::remove(home_.write_key_file());
    place();
    EXPECT_THAT(kept_, IsEmpty()) << "a home that is made anew";
    EXPECT_TRUE(fs::exists(home_.key_file()) && fs::exists(home_.write_key_file()));
    place();
    EXPECT_THAT(kept_, IsEmpty());
}

TEST_F(PlaceFiles, TheKeysAreGuardedWhateverTheSourceHasInTheirPlace) {
    const support::TemporaryFolder elsewhere;
    put("repository.write-key", "writes");
    add("config/repository.write-key", "");
    source_.files.back().entry.kind = FileKind::link;
    source_.files.back().entry.target = "dr.toml";
    add("config/repository.key", "");
    place();
    EXPECT_THAT(kept_, testing::UnorderedElementsAre(HasSubstr("config/repository.write-key (it makes"),
                                                     HasSubstr("config/repository.key (this node writes")));
    EXPECT_EQ(read("repository.write-key"), "writes");
    EXPECT_FALSE(fs::is_symlink(home_.write_key_file()));
    fs::rename(home_.write_key_file(), home_.key_file());
    place();  // an empty file has no piece to read
    EXPECT_EQ(read("repository.key"), "writes");
    fs::remove(home_.key_file());
    fs::create_symlink(elsewhere / "gone", home_.key_file());  // a disk may be missing
    place();
    EXPECT_TRUE(fs::is_symlink(home_.key_file()));
}

TEST_F(PlaceFiles, NothingIsWrittenThroughALink) {
    const support::TemporaryFolder outside;
    fs::create_symlink(outside.path(), home_.config() / "there");
    add("config/there/evil", "x");
    EXPECT_THROW(place(), base::Error);
    EXPECT_TRUE(fs::is_empty(outside.path()));
    source_.files.pop_back();
    // Manifests like that are refused; a source of another kind may be.
    add("config/new", "");
    source_.files.back().entry.kind = FileKind::link;
    source_.files.back().entry.target = outside.path().native();
    add("config/new/evil", "x");
    EXPECT_THROW(place(), base::Error);
    EXPECT_TRUE(fs::is_empty(outside.path()));
}

TEST_F(PlaceFiles, WhatIsSignedIsNotLedOutOfTheHome) {
    const support::TemporaryFolder outside;
    add("network", "");
    source_.files.back().entry.kind = FileKind::link;
    source_.files.back().entry.target = outside.path().native();
    place();
    EXPECT_FALSE(fs::is_symlink(home_.network()));
    EXPECT_THAT(kept_, ElementsAre(HasSubstr("network (it is a symbolic link")));
    source_.files.pop_back();
    // The operator's own, or one of an older restore: it is used, and told.
    fs::create_symlink(outside.path(), home_.network());
    EXPECT_THAT(plan_restore(source_, home_, {}).steps,
                testing::Contains(HasSubstr("is a symbolic link to " + outside.path().native())));
    EXPECT_THAT(plan_restore(source_, home_, {.database = false, .keys = false}).steps,
                testing::Each(testing::Not(HasSubstr("symbolic link"))));
    std::string noted;
    struct Notes final : base::Progress {
        explicit Notes(std::string& text) : text_(text) {}
        void phase(const std::string&, std::uint64_t) override {}
        void advance(std::uint64_t) override {}
        void note(const std::string& line) override { text_ += line; }
        std::string& text_;
    } notes(noted);
    restore(source_, home_, {}, {.prove_chain = {}, .keep_present_state = [] { return ""; }}, notes);
    EXPECT_THAT(noted, HasSubstr("the signing lock is written there"));
}

TEST_F(PlaceFiles, FoldersAreFinishedFromTheInsideOutInWhateverOrderTheyCome) {
    const auto add_folder = [&](const std::string& path, std::uint32_t mode) {
        add(path, "");
        source_.files.back().entry.kind = FileKind::folder;
        source_.files.back().entry.mode = mode;
    };
    add_folder("config/outer/inner", 0700);
    add_folder("config/outer", 0);
    add("config/outer/inner/a", "x");
    // Root opens a folder whatever its mode.
    constexpr uid_t nobody = 65534;
    const bool root = ::geteuid() == 0;
    if (root) {
        for (const fs::path& path : {home_.root, home_.config()})
            ASSERT_EQ(::chown(path.c_str(), nobody, static_cast<gid_t>(-1)), 0);
        ASSERT_EQ(::seteuid(nobody), 0);
    }
    EXPECT_NO_THROW(place());
    if (root) {
        ASSERT_EQ(::seteuid(0), 0);
    }
    EXPECT_EQ(fs::status(home_.config() / "outer").permissions(), fs::perms::none);
    fs::permissions(home_.config() / "outer", fs::perms::owner_all);
    EXPECT_EQ(read("outer/inner/a"), "x");
}

TEST_F(PlaceFiles, ATreeMayBeDeeperThanAProcessMayHaveFilesOpen) {
    std::string path = "config";
    for (int i = 0; i < 300; ++i) {
        path += "/d";
        add(path, "");
        source_.files.back().entry.kind = FileKind::folder;
        source_.files.back().entry.mode = i % 2 ? 0700 : 0750;
        add(path + "/a", std::to_string(i));
    }
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    rlimit few = before;
    few.rlim_cur = 128;
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
    EXPECT_NO_THROW(place());
    ::setrlimit(RLIMIT_NOFILE, &before);
    fs::path at = home_.config();
    for (int i = 0; i < 300; ++i) {
        at /= "d";
        ASSERT_EQ(fs::status(at).permissions(), static_cast<fs::perms>(i % 2 ? 0700 : 0750)) << i;
        ASSERT_EQ(read((at / "a").lexically_relative(home_.config())), std::to_string(i));
    }
}

TEST_F(PlaceFiles, SetIdBitsDoNotComeBack) {
    source_.files.back().entry.mode = 06755;
    add("config/shared", "");
    source_.files.back().entry.kind = FileKind::folder;
    source_.files.back().entry.mode = 07750;
    place();
    EXPECT_EQ(fs::status(home_.config() / "node.json").permissions(), static_cast<fs::perms>(0755));
    EXPECT_EQ(fs::status(home_.config() / "shared").permissions(), static_cast<fs::perms>(03750));
}

TEST_F(PlaceFiles, ANameThatIsTooLongIsToldBeforeAnythingIsChanged) {
    for (const std::string& name : {std::string(300, 'n'), [] {
                                        std::string path = "n";
                                        for (int i = 0; i < 2040; ++i) path += "/n";
                                        return path;
                                    }()}) {
        add("config/" + name, "x");
        try {
            plan_restore(source_, home_, {});
            ADD_FAILURE() << "not refused";
        } catch (const base::Error& error) {
            EXPECT_THAT(error.cause(), HasSubstr("too long"));
            EXPECT_THAT(error.state(), HasSubstr("nothing was changed"));
        }
        source_.files.pop_back();
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
