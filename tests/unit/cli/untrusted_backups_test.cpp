// Backups that are none to build on, to take for the latest, or to leave lying about; phrases that nobody
// saw. [B3] [B6] [I1]

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>

#include "base/error.hpp"
#include "cli/proof_scratch.hpp"
#include "unit/cli/repository_commands.hpp"

namespace bt2c::cli {
namespace {

using base::Json;
using testing::HasSubstr;
using testing::Not;

class UntrustedBackups : public RepositoryCommands {
 protected:
    /// One bit in the middle of the largest pack, which is the first full backup's.
    void damage_full_backup() const {
        fs::path largest;
        for (const auto& entry : fs::recursive_directory_iterator(repository / "packs"))
            if (entry.is_regular_file() && (largest.empty() || entry.file_size() > fs::file_size(largest)))
                largest = entry.path();
        flip_byte(largest, fs::file_size(largest) / 2);
    }
    std::string text_of(const std::vector<std::string>& arguments) const {
        const Ended ended = run(arguments, false);
        EXPECT_EQ(ended.status, 0) << ended.err;
        return ended.out;
    }
    /// What is left in HOME/backups/jobs of restore tests.
    std::vector<std::string> notes() const {
        std::vector<std::string> names;
        for (const auto& entry : fs::directory_iterator(home / "backups/jobs"))
            if (entry.path().extension() == ".place") names.push_back(entry.path().filename());
        return names;
    }
};

TEST_F(UntrustedBackups, NothingIsBuiltOnOneWhoseRestoreTestFailed) {
    const std::string full = done({"backup"}).string_at("id");
    append_blocks();
    EXPECT_EQ(done({"backup", "--type", "incremental"}).string_at("parent"), full);
    damage_full_backup();
    EXPECT_EQ(run({"test-restore", full}).status, 3);

    const Ended made = run({"backup", "--type", "incremental"}, true, false);
    ASSERT_EQ(made.status, 0) << made.err;
    const std::string sound = made.document().string_at("id");
    EXPECT_EQ(made.document().string_at("type"), "full") << "though nothing changed";
    EXPECT_THAT(made.err, HasSubstr("backup " + full.substr(0, 8) + " failed its restore test"));
    EXPECT_TRUE(done({"test-restore", sound}).bool_at("verified")) << "it refers to nothing that was there";
    append_blocks();
    EXPECT_EQ(done({"backup", "--type", "incremental"}).string_at("parent"), sound);
}

TEST_F(UntrustedBackups, TheStateBeforeARestoreDoesNotRestOnOneThatFailed) {
    const std::string full = done({"backup"}).string_at("id");
    const std::string exported = (folder / "node.bt2c").native();
    done({"export", full, "-o", exported});
    damage_full_backup();
    EXPECT_EQ(run({"test-restore", full}).status, 3);
    append_blocks();
    const std::string safety = done({"restore", "--backup-file", exported}).string_at("safety_backup");
    EXPECT_TRUE(done({"test-restore", safety}).bool_at("verified"));
}

TEST_F(UntrustedBackups, ASafetyBackupIsNotTheLatest) {
    const std::string full = done({"backup"}).string_at("id").substr(0, 8);
    done({"restore", "--backup", full});
    const std::string info = text_of({"repository", "info"});
    EXPECT_THAT(info, HasSubstr("1 full, 0 incremental, 1 safety"));
    EXPECT_THAT(info, HasSubstr(full + ", mainnet height"));
}

TEST_F(UntrustedBackups, WhereThereWasNoDatabaseNoneIsCalledUnreadable) {
    done({"backup"});
    fs::remove_all(home / "data");
    done({"restore", "--backup", "latest"});
    const std::string list = text_of({"list-backups"});
    EXPECT_THAT(list, HasSubstr("safety"));
    EXPECT_THAT(list, HasSubstr("none"));
    EXPECT_THAT(list, Not(HasSubstr("unreadable")));
}

TEST_F(UntrustedBackups, SecretsAreNotRestoredWhereTheyWouldBeBackedUpOrCarriedAway) {
    folder.write("home/config/dr.toml",
                 "[[location]]\nname = 'usb'\nkind = 'folder'\npath = '" + (folder / "usb").native() + "'\n");
    done({"backup"});
    for (const auto& [place, why] :
         std::vector<std::pair<fs::path, std::string>>{{home / "keys", "in the home's folder keys/"},
                                                       {home / "data", "in the home's folder data/"},
                                                       {repository / "packs", "in the repository's folder"},
                                                       {folder / "usb", "in the folder of location 'usb'"}}) {
        const Json error = failed({"test-restore", "--scratch", place.native()}, 2);
        EXPECT_THAT(error.string_at("message"), HasSubstr(why)) << place;
        EXPECT_EQ(error.string_at("state"), "nothing was tested");
        EXPECT_THAT(error.string_at("hint"), HasSubstr("--scratch"));
    }
    folder.write("home/config/dr.toml", "schedule.scratch = '" + (home / "keys").native() + "'\n");
    EXPECT_THAT(failed({"test-restore"}, 2).string_at("message"), HasSubstr("in the home's folder keys/"));
}

TEST_F(UntrustedBackups, WhatAKilledTestLeftIsFoundByItsNote) {
    done({"backup"});
    const auto leave = [&](const std::string& place, const std::string& name) {
        folder.write("home/backups/jobs/" + name + ".place", (folder / place / name).native());
        return folder / place / name;
    };
    const fs::path left = leave("usb", "bt2c-restore-test-killed");
    folder.write("usb/bt2c-restore-test-killed/home/keys/validator.pem", "key");
    const fs::path away = leave("unplugged", "bt2c-restore-test-away");
    done({"test-restore", "--scratch", folder.write("mine/file", "").parent_path().native()});
    EXPECT_FALSE(fs::exists(left));
    EXPECT_EQ(notes(), std::vector<std::string>{"bt2c-restore-test-away.place"}) << "its disk may come back";
    folder.write("unplugged/bt2c-restore-test-away/home/keys/validator.pem", "key");
    done({"test-restore"});
    EXPECT_FALSE(fs::exists(away));
    EXPECT_TRUE(notes().empty());
    EXPECT_TRUE(fs::exists(folder / "mine/file"));
}

TEST_F(UntrustedBackups, ANoteOfWhatOtherHandsRemovedGoes) {
    fs::create_directory(folder / "usb");
    TextTerminal out, err;
    Console console{out, err};
    GlobalOptions globals;
    globals.home = home;
    Context context(globals, console);
    std::string text, name;
    {
        const NotedScratch scratch(context, folder / "usb");
        ASSERT_EQ(notes().size(), 1U);
        name = notes()[0];
        text = support::file_text(home / "backups/jobs" / name);
        EXPECT_EQ(settle_proof_notes({home}).size(), 1U) << "it is in use";
        EXPECT_TRUE(fs::exists(scratch.path()));
    }
    ASSERT_TRUE(notes().empty());
    folder.write("home/backups/jobs/" + name, text);  // as after a kill
    fs::rename(folder / "usb", folder / "unplugged");
    fs::create_directory(folder / "usb");
    EXPECT_EQ(settle_proof_notes({home}).size(), 1U) << "its disk may come back";
    fs::remove(folder / "usb");
    fs::rename(folder / "unplugged", folder / "usb");
    EXPECT_TRUE(settle_proof_notes({home}).empty());
    EXPECT_TRUE(notes().empty());
}

/// Takes so many bytes and no more.
class FullTerminal final : public Terminal {
 public:
    explicit FullTerminal(std::size_t room) : Terminal(false, false), room_(room) {}
    void write(std::string_view text) override {
        if (text.size() > room_) throw base::system_error("cannot write the output", ENOSPC);
        room_ -= text.size();
    }

 private:
    std::size_t room_;
};

TEST_F(UntrustedBackups, APhraseThatNobodyCanSeeIsNotMadeOrToldToBeLost) {
    const auto error = [&](const std::vector<std::string>& words, std::size_t room) {
        std::vector<std::string> arguments{"--home", home.native(), "--json", "--quiet"};
        arguments.insert(arguments.end(), words.begin(), words.end());
        TextTerminal out;
        FullTerminal err(room);
        EXPECT_EQ(cli::run(arguments, {out, err}), 1);
        return Json::parse(out.text()).at("error");
    };
    for (const std::vector<std::string>& words :
         {std::vector<std::string>{"backup"}, std::vector<std::string>{"repository", "init"}}) {
        EXPECT_THAT(error(words, 0).string_at("message"), HasSubstr("cannot show a recovery phrase"));
        EXPECT_FALSE(fs::exists(repository / "format"));
        EXPECT_FALSE(fs::exists(home / "config/repository.key"));
    }
    const Json lost = error({"backup"}, 20);
    EXPECT_THAT(lost.string_at("state"), HasSubstr("nobody has seen its recovery phrase"));
    EXPECT_THAT(lost.string_at("hint"), HasSubstr("repository key add --recovery-phrase"));
    EXPECT_TRUE(done({"list-backups"}).array_at("backups").empty());
    const std::size_t slots = done({"repository", "info"}).array_at("slots").size();
    error({"repository", "key", "add", "--recovery-phrase"}, 0);
    EXPECT_EQ(done({"repository", "info"}).array_at("slots").size(), slots);
}

}  // namespace
}  // namespace bt2c::cli
