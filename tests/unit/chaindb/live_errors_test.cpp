// Databases that cannot be read: each with an error that says what is wrong and what to do.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.hpp"
#include "ledger.hpp"
#include "platform/file.hpp"
#include "support/temporary_folder.hpp"

namespace bt2c::chaindb::testing {
namespace {

using base::Error;
using base::ErrorKind;
using sqlite::Connection;
using sqlite::Hold;
using sqlite::LiveDatabase;

class LiveErrors : public ::testing::Test {
 protected:
    Error error_of(const std::filesystem::path& path) {
        try {
            LiveDatabase::open(path, {.patience_ms = 200})->begin_pass(Hold::whole);
        } catch (const Error& error) {
            EXPECT_NE(error.message().find(path.native()), std::string::npos) << error.message();
            return error;
        }
        ADD_FAILURE() << "no error";
        return {ErrorKind::usage, ""};
    }
    void expect(const std::filesystem::path& path, const std::string& clause) {
        const Error error = error_of(path);
        EXPECT_EQ(error.kind(), ErrorKind::failed);
        EXPECT_EQ(error.cause().find("not an error"), std::string::npos) << error.cause();
        EXPECT_NE(error.message().find(clause), std::string::npos)
            << error.message() << " / " << error.cause();
    }
    std::filesystem::path file(base::ByteView contents) {
        platform::write_durably(folder_ / "chain.db", contents, 0600);
        return folder_ / "chain.db";
    }
    base::Bytes ledger(const std::string& journal = "delete") {
        LedgerPlan plan;
        plan.journal = journal;
        make_ledger(folder_ / "sound.db", plan);
        return platform::read_file(folder_ / "sound.db", 1 << 26);
    }
    const support::TemporaryFolder folder_;
};

TEST_F(LiveErrors, Absent) {
    expect(folder_ / "none.db", "does not exist");
    expect(folder_ / "none" / "chain.db", "does not exist");
    EXPECT_FALSE(std::filesystem::exists(folder_ / "none.db"));
    EXPECT_NE(error_of(folder_ / "none.db").hint(), "");
}

TEST_F(LiveErrors, NoFile) {
    expect(folder_.path(), "not a file");
    EXPECT_EQ(error_of(folder_.path()).cause(), "it is a folder");
    EXPECT_NE(error_of(folder_.path()).hint(), "");
    ::mkfifo((folder_ / "pipe").c_str(), 0600);
    expect(folder_ / "pipe", "not a file");
}

// SQLite would wait at a pipe for ever.
TEST_F(LiveErrors, APipeOrAFolderBesideIt) {
    for (const std::string journal : {"delete", "wal"}) {
        const std::filesystem::path path = file(ledger(journal));
        std::filesystem::remove(folder_ / "sound.db");
        std::filesystem::create_symlink(path, folder_ / "link.db");
        for (const std::string suffix : {"-journal", "-wal", "-shm"})
            for (const bool is_folder : {false, true}) {
                const std::string name = path.native() + suffix;
                if (is_folder)
                    std::filesystem::create_directory(name);
                else
                    ::mkfifo(name.c_str(), 0600);
                for (const auto& database : {path, folder_ / "link.db"}) {
                    expect(database, "its " + suffix + " is not a file");
                    EXPECT_NE(error_of(database).cause().find(name), std::string::npos);
                    EXPECT_NE(error_of(database).hint(), "");
                    EXPECT_THROW(Connection::open(database, Connection::Mode::read_write), Error);
                }
                std::filesystem::remove(name);
            }
        std::filesystem::remove(folder_ / "link.db");
        EXPECT_NO_THROW(LiveDatabase::open(path)->begin_pass(Hold::whole));
    }
}

TEST_F(LiveErrors, Empty) {
    expect(file({}), "is empty");
}

TEST_F(LiveErrors, NotADatabase) {
    expect(file(base::as_bytes("{\"no\": \"database\"}")), "not a SQLite database");
    expect(file(base::Bytes(100'000, 0x20)), "not a SQLite database");
    base::Bytes wrong_page_size = ledger();
    wrong_page_size[16] = 0x11;
    expect(file(wrong_page_size), "not a SQLite database");
}

TEST_F(LiveErrors, CausesAreThoseOfWhatFailed) {
    const auto none = file(base::Bytes(100'000, 0x20));
    EXPECT_NE(error_of(none).cause().find("file is not a database (26)"), std::string::npos)
        << error_of(none).cause();
    EXPECT_NE(error_of(none).hint(), "");
    ledger();
    Connection other = Connection::open(folder_ / "sound.db", Connection::Mode::read_write);
    other.execute("BEGIN EXCLUSIVE");
    const Error locked = error_of(folder_ / "sound.db");
    EXPECT_EQ(locked.kind(), ErrorKind::busy);
    EXPECT_NE(locked.cause().find("database is locked (5)"), std::string::npos) << locked.cause();
}

TEST_F(LiveErrors, Truncated) {
    const base::Bytes whole = ledger();
    for (const std::size_t size : {whole.size() - 1, whole.size() - 4095, whole.size() - 5000,
                                   whole.size() / 2, std::size_t{4096}, std::size_t{200}}) {
        const auto path = file(base::ByteView(whole).first(size));
        expect(path, "truncated");
        EXPECT_NE(error_of(path).hint().find("list-backups"), std::string::npos);
        EXPECT_NE(error_of(path).cause().find("pages"), std::string::npos) << error_of(path).cause();
    }
}

TEST_F(LiveErrors, TruncatedInWalMode) {
    const base::Bytes whole = ledger("wal");
    ASSERT_FALSE(std::filesystem::exists(folder_ / "sound.db-wal"));
    expect(file(base::ByteView(whole).first(whole.size() / 2)), "truncated");
    expect(file(base::ByteView(whole).first(whole.size() - 1)), "truncated");
}

TEST_F(LiveErrors, APartOfAPageBehindTheLastIsNoDamage) {
    base::Bytes bytes = ledger();
    const std::size_t pages = bytes.size() / 4096;
    bytes.resize(bytes.size() + 100, 0x20);
    const auto live = LiveDatabase::open(file(bytes));
    EXPECT_EQ(live->begin_pass(Hold::whole).page_count, pages);
}

TEST_F(LiveErrors, NamesWithOddLettersAreRead) {
    ledger();
    for (const char* name : {"a b?c#d%20.db", "k\xc3\xb6nig \xe2\x9c\x93.db", "%41.db", "?mode=memory"}) {
        std::filesystem::copy_file(folder_ / "sound.db", folder_ / name);
        const auto live = LiveDatabase::open(folder_ / name);
        const ImageShape shape = live->begin_pass(Hold::whole);
        EXPECT_EQ(faults_of_image(read_image(*live, shape), folder_.path()), "") << name;
    }
    const auto live = LiveDatabase::open("//" + (folder_ / "sound.db").native());
    EXPECT_GT(live->shape().page_count, 1U);
}

TEST_F(LiveErrors, PermissionsAreNamed) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can become another user to try permissions";
    ledger();
    const std::string path = (folder_ / "sound.db").native();
    ::chmod(folder_.path().c_str(), 0755);
    // Each case runs in a child as a user who owns nothing here.
    const auto as_nobody = [&](const std::function<void()>& body) {
        Child child([&](Child::Report&) {
            if (::setegid(65534) != 0 || ::seteuid(65534) != 0)
                throw Error(ErrorKind::failed, "no other user");
            body();
        });
        child.stop();
        return std::string(child.report().failure);
    };
    const auto open_it = [&] {
        const auto live = LiveDatabase::open(path, {.patience_ms = 200});
        live->begin_pass(Hold::whole);
        base::Bytes page(live->shape().page_size);
        live->read(1, page);
    };
    ::chmod(path.c_str(), 0600);
    EXPECT_NE(as_nobody(open_it).find("permission denied"), std::string::npos);
    ::chmod(path.c_str(), 0644);
    EXPECT_EQ(as_nobody(open_it), "") << "SHARED needs no permission to write";
    {
        Connection node = Connection::open(path, Connection::Mode::read_write);
        node.execute("PRAGMA journal_mode=wal");
    }
    EXPECT_NE(as_nobody(open_it).find("no permission"), std::string::npos)
        << "no -wal file, none can be made";
    std::string failure;
    {
        // Forked before the node opens the file, and told to go on by its report.
        Child reader([&](Child::Report& report) {
            if (::setegid(65534) != 0 || ::seteuid(65534) != 0)
                throw Error(ErrorKind::failed, "no other user");
            while (!report.stop) ::usleep(1000);
            open_it();
        });
        Connection node = Connection::open(path, Connection::Mode::read_write);
        unsigned random = 1;
        commit_once(node, {.journal = "wal"}, random);
        ::chmod((path + "-wal").c_str(), 0644);
        ::chmod((path + "-shm").c_str(), 0644);
        reader.stop();
        failure = reader.report().failure;
    }
    EXPECT_TRUE(failure.empty() || failure.find("no permission") != std::string::npos) << failure;
}

}  // namespace
}  // namespace bt2c::chaindb::testing
