// The commands export and repository …, as an operator runs them. [B3] [I1]

#include "unit/cli/repository_commands.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

namespace bt2c::cli {
namespace {

namespace fs = std::filesystem;
using base::Json;
using support::Variable;
using testing::HasSubstr;

TEST_F(RepositoryCommands, InitMakesAKeyFileAndShowsAPhraseThatOpens) {
    const Ended made = run({"repository", "init"});
    ASSERT_EQ(made.status, 0) << made.err;
    EXPECT_EQ(made.document().string_at("key_file"), (home / "config/repository.key").native());
    EXPECT_EQ(fs::status(home / "config/repository.key").permissions(), fs::perms(0600));
    fs::remove(home / "config/repository.key");
    const Variable phrase("BT2C_REPO_PASSWORD", phrase_in(made.err).c_str());
    EXPECT_EQ(done({"repository", "info"}).string_at("id"), made.document().string_at("id"));
    EXPECT_THAT(failed({"repository", "init"}, 1).string_at("message"), HasSubstr("already"));
    EXPECT_FALSE(fs::exists(home / "config/repository.key"));
}

TEST_F(RepositoryCommands, InitTakesPasswordsThatAreGiven) {
    const Variable given("BT2C_REPO_NEW_PASSWORD", "correct horse");
    EXPECT_EQ(done({"repository", "init", "--password"}).find("key_file"), nullptr);
    EXPECT_FALSE(fs::exists(home / "config/repository.key"));
    const Variable right("BT2C_REPO_PASSWORD", "correct horse");
    EXPECT_EQ(done({"repository", "check"}).bool_at("ok"), true);
    const Variable wrong("BT2C_REPO_PASSWORD", "wrong horse");
    EXPECT_EQ(failed({"repository", "check"}, 5).string_at("kind"), "wrong_secret");
}

TEST_F(RepositoryCommands, AFileThatHoldsNoPasswordIsNamed) {
    done({"repository", "init"});
    const Variable absent("BT2C_REPO_PASSWORD_FILE", (folder / "absent").c_str());
    const Json error = failed({"list-backups"}, 1);
    EXPECT_THAT(error.string_at("hint"), HasSubstr("BT2C_REPO_PASSWORD_FILE"));
    EXPECT_NE(error.string_at("state"), "");
}

TEST_F(RepositoryCommands, WhatIsNoDatabaseSaysWhyStateAndHint) {
    const std::string text = folder.write("passwd", std::string(3000, 'x')).native();
    for (const std::string& path : {text, folder.path().native()})
        for (const char* member : {"cause", "state", "hint"})
            EXPECT_NE(failed({"restore", "--backup-file", path}, 1).string_at(member), "") << member << path;
    EXPECT_THAT(failed({"restore", "--backup-file", text}, 1).string_at("cause"),
                HasSubstr("not a database"));
    folder.write("home/data/blockchain.db", std::string(8192, 'x'));
    for (const char* member : {"cause", "state", "hint"})
        EXPECT_NE(failed({"verify-integrity"}, 1).string_at(member), "") << member;
}

TEST_F(RepositoryCommands, APhraseGivenAsPasswordOpensAgain) {
    const Ended first = run({"repository", "init"});
    const std::string phrase = phrase_in(first.err);
    fs::remove_all(repository);
    const Variable given("BT2C_REPO_PASSWORD", phrase.c_str());
    done({"repository", "init"});
    EXPECT_EQ(done({"repository", "info"}).unsigned_at("backups"), 0U);
}

TEST_F(RepositoryCommands, WithoutARepositoryExitWithTen) {
    for (const std::vector<std::string>& words :
         std::vector<std::vector<std::string>>{{"repository", "info"},
                                               {"repository", "check"},
                                               {"repository", "key", "list"},
                                               {"repository", "key", "add", "--recovery-phrase"},
                                               {"repository", "key", "remove", "abcd"},
                                               {"repository", "rebuild-index"},
                                               {"export", "latest", "-o", "x"}})
        EXPECT_EQ(failed(words, 10).string_at("kind"), "no_repository") << words.back();
    EXPECT_FALSE(fs::exists(repository));
}

TEST_F(RepositoryCommands, InfoTellsWhatThereIs) {
    done({"backup"});
    const Json info = done({"repository", "info"});
    EXPECT_EQ(info.unsigned_at("backups"), 1U);
    EXPECT_EQ(info.unsigned_at("packs"), 1U);
    EXPECT_EQ(info.integer_at("format"), 1);
    EXPECT_EQ(info.string_at("location"), repository.native());
    EXPECT_EQ(info.array_at("slots").size(), 2U);
    EXPECT_THAT(info.string_at("created_at"), HasSubstr("T"));
    EXPECT_THAT(run({"repository", "info"}, false).out, HasSubstr("1 full, 0 incremental, 0 safety"));
}

TEST_F(RepositoryCommands, KeysAreAddedListedAndRemoved) {
    done({"repository", "init"});
    const Variable fresh_password("BT2C_REPO_NEW_PASSWORD", "second");
    const std::string id = done({"repository", "key", "add", "--password", "--label", "ops"}).string_at("id");
    done({"repository", "key", "add", "--key-file", (folder / "usb/two.key").native()});
    EXPECT_EQ(fs::status(folder / "usb/two.key").permissions(), fs::perms(0600));
    const std::string phrase = phrase_in(run({"repository", "key", "add", "--recovery-phrase"}).err);
    const Json list = done({"repository", "key", "list"});
    ASSERT_EQ(list.array_at("slots").size(), 5U);
    {
        const Variable by_password("BT2C_REPO_PASSWORD", "second");
        EXPECT_THAT(failed({"repository", "key", "remove", id}, 1).string_at("message"),
                    HasSubstr("opened with"));
    }
    {
        const Variable by_phrase("BT2C_REPO_PASSWORD", phrase.c_str());
        EXPECT_EQ(done({"repository", "key", "remove", id.substr(0, 8)}).string_at("id"), id);
    }
    const Variable gone("BT2C_REPO_PASSWORD", "second");
    EXPECT_EQ(failed({"repository", "info"}, 5).string_at("kind"), "wrong_secret");
}

TEST_F(RepositoryCommands, TheLastKeyIsNeverRemoved) {
    done({"repository", "init"});
    const Json both = done({"repository", "key", "list"});
    for (const Json& slot : both.array_at("slots"))
        if (slot.string_at("kind") == "recovery_phrase")
            done({"repository", "key", "remove", slot.string_at("id")});
    const Json left = done({"repository", "key", "list"}).array_at("slots").at(0);
    failed({"repository", "key", "remove", left.string_at("id")}, 1);
    EXPECT_EQ(done({"repository", "key", "list"}).array_at("slots").size(), 1U);
    EXPECT_THAT(failed({"repository", "key", "remove", "abc"}, 1).string_at("hint"), HasSubstr("key list"));
}

TEST_F(RepositoryCommands, KeyAddWantsOneKind) {
    done({"repository", "init"});
    EXPECT_EQ(failed({"repository", "key", "add"}, 2).string_at("kind"), "usage");
    EXPECT_EQ(failed({"repository", "key", "add", "--password", "--recovery-phrase"}, 2).string_at("kind"),
              "usage");
}

TEST_F(RepositoryCommands, CheckExitsWithThreeAndRebuildIndexMends) {
    done({"backup"});
    EXPECT_TRUE(done({"repository", "check", "--read-data"}).bool_at("ok"));
    fs::remove_all(repository / "index");
    const Ended checked = run({"repository", "check"});
    EXPECT_EQ(checked.status, 3);
    EXPECT_FALSE(checked.document().bool_at("ok"));
    const Json finding = checked.document().array_at("findings").at(0);
    EXPECT_EQ(finding.string_at("kind"), "missing");
    EXPECT_EQ(finding.array_at("backups").size(), 1U);
    EXPECT_THAT(finding.string_at("advice"), HasSubstr("rebuild-index"));
    EXPECT_EQ(done({"repository", "rebuild-index"}).array_at("rebuilt").size(), 1U);
    EXPECT_EQ(done({"repository", "rebuild-index", "latest"}).array_at("sound").size(), 1U);
    EXPECT_EQ(run({"repository", "check"}).status, 0);
    fs::remove_all(repository / "packs");
    fs::remove_all(repository / "index");
    EXPECT_EQ(run({"repository", "rebuild-index"}).status, 6);
    EXPECT_THAT(run({"repository", "check"}, false).out, HasSubstr("The repository has faults"));
}

TEST_F(RepositoryCommands, ADamagedManifestMayBeTheLatest) {
    const std::string full = done({"backup"}).string_at("id");
    append_blocks();
    const std::string newest = done({"backup", "--type", "incremental"}).string_at("id");
    const std::string exported = (folder / "newest.bt2c").native();
    done({"export", newest, "-o", exported});
    const std::string chain = support::file_text(home / "data/blockchain.db");
    flip_byte(repository / "manifests" / newest, 100);

    const Json error = failed({"restore", "--backup", "latest"}, 3);
    EXPECT_THAT(error.string_at("message"), HasSubstr("manifests/" + newest));
    EXPECT_THAT(error.string_at("hint"), HasSubstr("restore --backup " + full.substr(0, 8)));
    EXPECT_NE(error.string_at("state"), "");
    EXPECT_EQ(support::file_text(home / "data/blockchain.db"), chain);
    for (const auto& [words, by_id] : std::vector<std::pair<std::vector<std::string>, std::string>>{
             {{"verify-integrity", "--backup", "latest"}, "verify-integrity --backup "},
             {{"export", "latest", "-o", (folder / "old.bt2c").native()},
              "export -o " + (folder / "old.bt2c").native() + " "},
             {{"pin", "latest"}, "pin "}})
        EXPECT_THAT(failed(words, 3).string_at("hint"), HasSubstr(by_id + full.substr(0, 8)));
    EXPECT_FALSE(fs::exists(folder / "old.bt2c"));
    const Ended noted = run({"backup", "--type", "incremental"}, true, false);
    EXPECT_EQ(noted.status, 0) << noted.out;
    EXPECT_THAT(noted.err, HasSubstr("1 of the repository's manifests cannot be read"));
    EXPECT_EQ(done({"restore", "--backup", full}).string_at("backup"), full);

    // What is left of a damaged export is the full backup that it builds on.
    const std::string contents = support::file_text(exported);
    const auto entry = contents.find("\"offset\":", contents.find("\"manifests/" + newest));
    ASSERT_NE(entry, std::string::npos);
    flip_byte(exported, std::stoull(contents.substr(entry + 9)) + 100);
    EXPECT_THAT(failed({"restore", "--backup-file", exported}, 3).string_at("message"),
                HasSubstr("a manifest that cannot be read"));
}

TEST_F(RepositoryCommands, ADatabaseCutInsideItsLastPageIsRestoredAndNotBackedUp) {
    done({"backup"});
    const std::string chain = support::file_text(home / "data/blockchain.db");
    fs::resize_file(home / "data/blockchain.db", chain.size() - 4095);
    EXPECT_THAT(failed({"backup"}, 1).string_at("message"), HasSubstr("truncated"));
    EXPECT_THAT(failed({"verify-integrity"}, 1).string_at("message"), HasSubstr("truncated"));
    done({"restore", "--backup", "latest"});
    EXPECT_EQ(support::file_text(home / "data/blockchain.db"), chain);
}

TEST_F(RepositoryCommands, ATipWithAHashThatIsFarTooLongIsToldShort) {
    chaindb::sqlite::Connection::open(home / "data/blockchain.db",
                                      chaindb::sqlite::Connection::Mode::read_write)
        .execute(
            "UPDATE blocks SET hash = printf('%.*c', 100000, 'z') || height WHERE height = (SELECT "
            "max(height) FROM blocks)");
    const Json made = done({"backup"});
    EXPECT_THAT(made.string_at("tip_hash"), testing::MatchesRegex("z+\\.\\.\\. \\(1000.. bytes, SHA-256 .*"));
    EXPECT_LE(made.string_at("tip_hash").size(), 100U);
    EXPECT_EQ(done({"list-backups"}).array_at("backups").at(0).string_at("tip_hash"),
              made.string_at("tip_hash"));
    // What is wrong with it is for the check of hashes to tell, not a fault of the backup.
    const Ended proved = run({"test-restore", made.string_at("id")});
    EXPECT_THAT(proved.out, HasSubstr("block_hashes"));
    EXPECT_THAT(proved.out, testing::Not(HasSubstr("does not end with the block")));
}

TEST_F(RepositoryCommands, APipeBesideTheDatabaseHoldsNothingUp) {
    const fs::path journal = home / "data/blockchain.db-journal";
    ASSERT_EQ(::mkfifo(journal.c_str(), 0600), 0);
    for (const char* name : {"backup", "verify-integrity"}) {
        const Json error = failed({name}, 1);
        EXPECT_THAT(error.string_at("cause"), HasSubstr(journal.native()));
        for (const char* member : {"state", "hint"}) EXPECT_NE(error.string_at(member), "") << name;
    }
    fs::remove(journal);
    done({"backup"});
}

TEST_F(RepositoryCommands, WhatOthersLeaveAmongTheManifestsIsNoBackup) {
    done({"backup"});
    std::ofstream(repository / "manifests/.DS_Store") << "x";
    EXPECT_TRUE(done({"list-backups"}).array_at("damaged").empty());
    EXPECT_THAT(done({"repository", "check"}).array_at("findings").at(0).string_at("kind"), "foreign");
    done({"restore", "--backup", "latest"});
}

TEST_F(RepositoryCommands, WithoutItsFormatThereIsStillARepository) {
    done({"backup"});
    fs::remove(repository / "format");
    EXPECT_EQ(done({"list-backups"}).array_at("backups").size(), 1U);
    const Json error = failed({"backup"}, 1);
    EXPECT_THAT(error.string_at("message"), HasSubstr("'format' is missing"));
    EXPECT_THAT(error.string_at("hint"), HasSubstr("repository check --repair"));
    EXPECT_EQ(done({"repository", "check", "--repair"}).array_at("mended").size(), 1U);
    done({"backup"});
}

TEST_F(RepositoryCommands, OfADamagedPackTheReaderTells) {
    const std::string id = done({"backup"}).string_at("id");
    const std::string exported = (folder / "node.bt2c").native();
    done({"export", id, "-o", exported});
    for (const auto& pack : fs::recursive_directory_iterator(repository / "packs"))
        if (pack.is_regular_file())
            for (std::size_t at = 200; at < pack.file_size() - 200; at += 50) flip_byte(pack.path(), at);
    const Json error = failed({"verify-integrity", "--backup", id}, 1);
    EXPECT_THAT(error.string_at("message"), testing::MatchesRegex("pack [0-9a-f]+ is damaged"));
    EXPECT_THAT(error.string_at("hint"), HasSubstr("repository check"));
    EXPECT_NE(error.string_at("state"), "");

    for (std::size_t at = 2000; at < 8000; at += 50) flip_byte(exported, at);
    const Json of_file = failed({"restore", "--backup-file", exported}, 1);
    EXPECT_THAT(of_file.string_at("hint"), HasSubstr("another copy of the file"));
}

TEST_F(RepositoryCommands, ExportWritesAFileThatRestores) {
    const std::string id = done({"backup"}).string_at("id");
    const std::string target = (folder / "node (1).bt2c").native();
    const Json written = done({"export", "latest", "-o", target});
    EXPECT_EQ(written.string_at("id"), id);
    EXPECT_EQ(written.string_at("file"), target);
    EXPECT_EQ(written.unsigned_at("bytes"), fs::file_size(target));
    EXPECT_EQ(written.unsigned_at("objects"), 6U);
    EXPECT_THAT(failed({"export", id, "-o", target}, 1).string_at("message"), HasSubstr("exists already"));
    done({"export", id, "-o", target, "--force"});
    const std::string chain = support::file_text(home / "data/blockchain.db");
    const std::string key = support::file_text(home / "config/repository.key");
    fs::remove_all(home);
    folder.write("home/config/repository.key", key);
    done({"restore", "--backup-file", target});
    EXPECT_EQ(support::file_text(home / "data/blockchain.db"), chain);
    EXPECT_EQ(support::file_text(home / "keys/validator.pem"), "key");
}

TEST_F(RepositoryCommands, ExportReplacesPlainFilesElsewhereOnly) {
    folder.write("home/config/dr.toml",
                 "[[location]]\nname = 'usb'\nkind = 'folder'\npath = '" + (folder / "usb").native() + "'\n");
    done({"backup"});
    fs::create_symlink(home / "data", folder / "link");
    fs::create_symlink(folder / "plain", folder / "link-to-file");
    fs::create_directories(folder / "ssd");
    fs::rename(home / "data/blockchain.db", folder / "ssd/chain.db");
    fs::create_symlink(folder / "ssd/chain.db", home / "data/blockchain.db");
    ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
    const std::string chain = support::file_text(folder / "ssd/chain.db");
    const std::string key = support::file_text(home / "config/repository.key");
    for (const auto& [target, why] : std::vector<std::pair<fs::path, std::string>>{
             {home / "data/blockchain.db", "symbolic link"},
             {folder / "link/x", "in the home's folder data/"},
             {folder / "ssd/chain.db", "data/blockchain.db"},
             {home / "config/repository.key", "in the home's folder config/"},
             {home / "keys/../keys/deep/x", "in the home's folder keys/"},
             {home / "wallets", "in the home's folder wallets/"},
             {home / "network/x", "in the home's folder network/"},
             {repository / "format", "in the repository's folder"},
             {folder / "usb/format", "in the folder of location 'usb'"},
             {folder / "pipe", "a named pipe"},
             {"/dev/null", "a device"},
             {folder / "link-to-file", "symbolic link"},
             {folder.path(), "it is a folder"},
             {folder / "none/", "it is a folder"},
             {"-", "standard output"}})
        for (const bool force : {false, true}) {
            std::vector<std::string> words{"export", "latest", "-o", target.native()};
            if (force) words.emplace_back("--force");
            const Json error = failed(words, 2);
            EXPECT_THAT(error.string_at("message"), HasSubstr(why)) << target;
            EXPECT_EQ(error.string_at("state"), "nothing was written");
            EXPECT_THAT(error.string_at("hint"), testing::Not(HasSubstr("--force")));
        }
    EXPECT_THAT(failed({"export", "latest", "-o", folder.path().native()}, 2).string_at("hint"),
                HasSubstr((folder / "node.bt2c").native()));
    EXPECT_EQ(support::file_text(folder / "ssd/chain.db"), chain);
    EXPECT_EQ(support::file_text(home / "config/repository.key"), key);
    EXPECT_TRUE(fs::is_fifo(folder / "pipe"));
    EXPECT_FALSE(fs::exists(home / "wallets"));
    EXPECT_TRUE(done({"repository", "check"}).bool_at("ok"));
    done({"export", "latest", "-o", (home / "backups/node.bt2c").native()});
}

TEST_F(RepositoryCommands, WhatIsToBeDoneInAnotherHomeNamesIt) {
    done({"backup"});
    const std::string other = (folder / "other").native();
    const auto told = [&] {
        const Ended ended = run({"restore", "--backup", "latest", "--target", other}, false);
        EXPECT_EQ(ended.status, 0) << ended.err;
        return ended.out;
    };
    EXPECT_THAT(told(), HasSubstr("bt2c-dr --home " + other + " network unlock-signing"));
    EXPECT_THAT(told(), testing::ContainsRegex("bt2c-dr --home " + home.native() +
                                               " restore --backup [0-9a-f]+ --target " + other + "\n"));
    EXPECT_THAT(run({"restore", "--backup", "latest"}, false).out,
                HasSubstr("bt2c-dr --home " + home.native() + " network unlock-signing"));
}

TEST_F(RepositoryCommands, WithoutThePackToBuildOnAFullBackupIsAdvised) {
    done({"backup"});
    append_blocks();
    fs::remove_all(repository / "packs");
    const std::string hint = failed({"backup", "--type", "incremental"}, 1).string_at("hint");
    EXPECT_THAT(hint, HasSubstr(" repository check"));
    EXPECT_THAT(hint, HasSubstr("bt2c-dr --home " + home.native() + " backup --type full"));
    done({"backup", "--type", "full"});
    append_blocks();
    done({"backup", "--type", "incremental"});
}

TEST_F(RepositoryCommands, APlaceForARestoreTestThatIsNotThereIsCalledSo) {
    done({"backup"});
    const auto error = [&](const fs::path& place) {
        return failed({"test-restore", "--scratch", place.native()}, 1);
    };
    EXPECT_THAT(error(folder / "none").string_at("cause"), HasSubstr("it is not there"));
    EXPECT_THAT(error(folder / "none").string_at("hint"), HasSubstr("that is there and can be written to"));
    EXPECT_THAT(error(folder.write("file", "")).string_at("cause"), HasSubstr("it is no folder"));
}

TEST_F(RepositoryCommands, AReasonStandsWholeBehindAllElse) {
    const std::string older = done({"backup"}).string_at("id");
    const std::string newer = done({"backup"}).string_at("id");
    fs::rename(repository / "manifests" / older, repository / "manifests" / newer);
    const std::string reason = run({"list-backups"}).document().array_at("damaged").at(0).string_at("reason");
    EXPECT_GT(reason.size(), 100U);
    const Ended ended = run({"list-backups"}, false);
    EXPECT_EQ(ended.status, 3);
    EXPECT_THAT(ended.out, HasSubstr("PROVED  WHY\n"));
    EXPECT_THAT(ended.out, HasSubstr(reason + "\n"));
}

TEST_F(RepositoryCommands, RefusalsSayWhatIsLeftAndWhatIsNext) {
    done({"repository", "init"});
    const std::vector<std::vector<std::string>> refused{
        {"repository", "init"},
        {"--config", (folder / "gone.toml").native(), "list-backups"},
        {"keys", "split", "--threshold", "2", "--shares", "3", "--output", (folder / "gone").native()}};
    for (const auto& arguments : refused)
        for (const char* member : {"state", "hint"})
            EXPECT_NE(failed(arguments, 1).string_at(member), "") << member << " of " << arguments[0];
    for (const auto& arguments : {std::vector<std::string>{"repository", "key", "add"},
                                  {"network", "order", "create"},
                                  {"upgrade-check", "during"}})
        EXPECT_THAT(failed(arguments, 2).string_at("hint"), HasSubstr("--help'"));
}

TEST_F(RepositoryCommands, InitReadsItsLocationsBeforeItDoesAnything) {
    failed({"init", "--non-interactive", "--schedule", "none", "--location", "foo"}, 2);
    EXPECT_FALSE(fs::exists(home / "config"));
    EXPECT_FALSE(fs::exists(home / "backups"));
}

TEST_F(RepositoryCommands, AListInEightyColumnsShowsTheHeights) {
    fs::remove(home / "data/blockchain.db");
    sample::create_chain(home / "data/blockchain.db", {.first_height = 4'999'000});
    const std::string damaged = done({"backup"}).string_at("id");
    done({"backup"});
    append_blocks();
    done({"backup", "--type", "incremental"});
    flip_byte(repository / "manifests" / damaged, 100);
    TextTerminal out(true, false, 80), err;
    EXPECT_EQ(cli::run({"--home", home.native(), "list-backups"}, {out, err}), 3);
    EXPECT_THAT(out.text(), HasSubstr("mainnet 4,999,039 "));
    EXPECT_THAT(out.text(), HasSubstr("mainnet 4,999,041 "));
    EXPECT_THAT(out.text(), HasSubstr("PROVED"));
    std::istringstream lines(out.text());
    // The table; what stands below it is for whoever copies it.
    for (std::string line; std::getline(lines, line) && !line.empty() && !line.starts_with("1 of 3 ");)
        EXPECT_LE(display_width(line), 80U) << line;
}

TEST_F(RepositoryCommands, AWriteKeyThatWasAlteredMakesNoBackup) {
    done({"backup"});
    const fs::path written = home / "config/repository.write-key";
    done({"repository", "write-key", "create"});
    fs::rename(home / "config/repository.key", folder / "away.key");
    done({"backup"});
    const std::string sound = support::file_text(written);
    for (const char* member : {"sealing_public_key", "writer_secret"}) {
        flip_byte(written, sound.find(member) + std::string_view(member).size() + 10);
        const Json error = failed({"backup"}, 5);
        EXPECT_THAT(error.string_at("cause"), HasSubstr("not as it was written")) << member;
        EXPECT_THAT(error.string_at("hint"), HasSubstr("write-key create"));
        std::ofstream(written) << sound;
    }
    // One of an earlier build is used, and gets its check when it is written again.
    std::string earlier = sound;
    const std::size_t at = earlier.find(",\n  \"check\"");
    earlier.erase(at, earlier.find("\n}", at) - at);
    std::ofstream(written) << earlier;
    done({"backup"});
    fs::rename(folder / "away.key", home / "config/repository.key");
    EXPECT_TRUE(done({"repository", "write-key", "create"}).bool_at("written"));
    EXPECT_EQ(support::file_text(written), sound);
    EXPECT_FALSE(done({"repository", "write-key", "create"}).bool_at("written"));
}

}  // namespace
}  // namespace bt2c::cli
