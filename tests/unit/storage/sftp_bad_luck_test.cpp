// Servers and networks that fail in the middle.

#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <future>

#include "base/progress.hpp"
#include "support/tcp_relay.hpp"
#include "unit/storage/sftp_support.hpp"

namespace bt2c::storage::sftp {
namespace {

namespace fs = std::filesystem;
using base::as_bytes;
using base::Bytes;
using base::Error;
using support::SshdServer;
using support::TcpRelay;

class BadLuck : public WithServer {
 protected:
    SshdServer server;
    Options options = options_for(server);
    fs::path packs = server.home() / "backups/node/packs";

    /// What has come of a put that is under way.
    std::uint64_t bytes_under_way() const {
        std::uint64_t bytes = 0;
        std::error_code ignored;
        for (const auto& entry : fs::directory_iterator(packs, ignored))
            if (entry.path().filename().native().starts_with(".bt2c-tmp-")) bytes += entry.file_size(ignored);
        return bytes;
    }
    Options through(const TcpRelay& relay) {
        std::ofstream(server.known_hosts(), std::ios::app)
            << "[127.0.0.1]:" << relay.port() << " " << support::file_text(server / "host_key.pub");
        Options to = options;
        to.port = relay.port();
        return to;
    }
};

testing::AssertionResult says(const Error& error, const std::string& text) {
    if (text_of(error).find(text) != std::string::npos) return testing::AssertionSuccess();
    return testing::AssertionFailure() << "no '" << text << "' in:\n" << text_of(error);
}

TEST_F(BadLuck, AServerThatIsNotThereIsToldAndWaitedFor) {
    server.kill();
    EXPECT_TRUE(says(error_of([&] { SftpLocation(options).list(""); }), "Connection refused"));
    options.retries = 2;
    const Error error = error_of([&] { SftpLocation(options).list(""); });
    EXPECT_TRUE(says(error, "tried 3 times"));
    EXPECT_NE(error.state(), "");
    EXPECT_NE(error.hint(), "");
    options.retries = 20;
    SftpLocation patient(options);
    auto put = std::async(std::launch::async, [&] { return patient.put("packs/1b", as_bytes("contents")); });
    server.start();
    EXPECT_TRUE(put.get());
}

TEST_F(BadLuck, AServerThatDiesInTheMiddleOfAPutLeavesNoPart) {
    options.upload_bytes_per_second = 200'000;
    SftpLocation location(options);
    ASSERT_TRUE(location.put("packs/0a", as_bytes("x")));
    std::jthread killer([&] {
        EXPECT_TRUE(within(20, [&] { return bytes_under_way() > 0; }));
        server.kill();
    });
    const Error error = error_of([&] { static_cast<void>(location.put("packs/1b", Bytes(2'000'000))); });
    killer.join();
    EXPECT_TRUE(says(error, "no part"));
    EXPECT_FALSE(fs::exists(packs / "1b"));
    server.start();
    EXPECT_EQ(location.list("").size(), 1U);
}

TEST_F(BadLuck, APutGoesOnByItselfAfterARestart) {
    options.upload_bytes_per_second = 1'000'000;
    options.retries = 20;
    SftpLocation location(options);
    const Bytes contents(1'500'000, 7);
    auto put = std::async(std::launch::async, [&] { return location.put("packs/1b", contents); });
    EXPECT_TRUE(within(20, [&] { return bytes_under_way() > 0; }));
    server.kill();
    server.start();
    EXPECT_TRUE(put.get());
    EXPECT_EQ(location.get("packs/1b"), contents);
    EXPECT_EQ(bytes_under_way(), 0U) << "what the broken try left was not removed";
}

TEST_F(BadLuck, ConnectionsThatEndedMeanwhileAreReplaced) {
    SftpLocation location(options);  // without a single retry
    ASSERT_TRUE(location.put("packs/1b", as_bytes("contents")));
    server.kill();
    server.start();
    EXPECT_TRUE(location.put("packs/2c", as_bytes("contents")));
    EXPECT_EQ(location.list("").size(), 2U);
}

TEST_F(BadLuck, AFrozenServerIsGivenUpInTime) {
    options.timeout_ms = 1000;
    SftpLocation location(options);
    ASSERT_TRUE(location.put("packs/1b", as_bytes("contents")));
    server.freeze();
    EXPECT_TRUE(says(error_of([&] { location.get("packs/1b"); }), "nothing moved"));
    // One that never said a word to the new connection.
    EXPECT_TRUE(says(error_of([&] { location.get("packs/1b"); }), "nothing moved"));
    EXPECT_TRUE(
        says(error_of([&] { static_cast<void>(location.put("packs/2c", Bytes(5'000'000))); }), "check"));
    server.thaw();
    EXPECT_TRUE(location.get("packs/1b"));
    EXPECT_EQ(location.get("packs/2c"), std::nullopt);
}

TEST_F(BadLuck, AServerThatFreezesInTheMiddleOfAPutIsGivenUp) {
    options.upload_bytes_per_second = 2'000'000;
    options.timeout_ms = 1000;
    SftpLocation location(options);
    std::jthread freezer([&] {
        EXPECT_TRUE(within(20, [&] { return bytes_under_way() > 0; }));
        server.freeze();
    });
    EXPECT_TRUE(says(error_of([&] { static_cast<void>(location.put("packs/1b", Bytes(20'000'000))); }),
                     "nothing moved"));
    freezer.join();
    server.thaw();
    EXPECT_FALSE(fs::exists(packs / "1b"));
}

// A line that is slow, but moves, is no reason to give up.
TEST_F(BadLuck, ALowLimitIsNoStall) {
    options.upload_bytes_per_second = 100'000;
    options.timeout_ms = 500;
    SftpLocation location(options);
    const base::Stopwatch watch;
    auto other = std::async(std::launch::async, [&] { return location.put("packs/2c", Bytes(300'000)); });
    EXPECT_TRUE(location.put("packs/1b", Bytes(300'000)));
    EXPECT_TRUE(other.get());
    // Of both connections together the first piece goes at once, and the last when the others are paid for.
    EXPECT_GT(watch.seconds(), (600'000 - 2 * 131'072) / 100'000.0);
}

/// Runs `test` in a child process and gives its exit status.
template <typename Test>
int in_child(Test test) {
    const pid_t child = ::fork();
    if (child == 0) {
        int status = 98;
        try {
            status = test();
        } catch (...) {
        }
        ::_exit(status);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 97;
}

TEST_F(BadLuck, WaitsEndWhenAskedTo) {
    options.timeout_ms = 3'600'000;
    options.upload_bytes_per_second = 1000;
    server.freeze();
    for (const bool is_connected : {false, true})
        EXPECT_EQ(in_child([&] {
                      if (is_connected) server.thaw();
                      SftpLocation location(options);
                      if (is_connected && !location.put("packs/1b", {})) return 3;
                      if (is_connected) server.freeze();
                      std::jthread stopper([] {
                          ::usleep(200'000);  // the wait may not have begun; then it ends at its beginning
                          base::request_interrupt();
                      });
                      const Error error = error_of([&] { location.get("packs/1b"); });
                      stopper.join();
                      return error.kind() == base::ErrorKind::interrupted ? 0 : 1;
                  }),
                  0)
            << is_connected;
    server.thaw();
}

TEST_F(BadLuck, AConnectionCutAnywhereDoesNoHarm) {
    TcpRelay relay(server.port());
    Options cut = through(relay);
    cut.retries = 20;
    const Bytes contents(150'000, 9);
    relay.cut_upload_at(UINT64_MAX);
    relay.cut_download_at(UINT64_MAX);
    ASSERT_TRUE(SftpLocation(cut).put("packs/whole", contents));
    const std::uint64_t up = relay.uploaded(), down = relay.downloaded();
    ASSERT_GT(up, contents.size());
    // The ends matter most: names are given after the last byte of contents.
    std::vector<std::uint64_t> ups, downs;
    for (const unsigned percent : {0U, 1U, 40U, 70U, 90U, 97U, 98U, 99U}) ups.push_back(up * percent / 100);
    for (std::uint64_t back = 1; back < 10; ++back) downs.push_back(down - std::min(down, back * 40));
    int number = 0;
    for (const bool is_upload : {true, false})
        for (const std::uint64_t at : is_upload ? ups : downs) {
            const std::string name = "packs/" + std::to_string(number++);
            is_upload ? relay.cut_upload_at(at) : relay.cut_download_at(at);
            const std::string where =
                (is_upload ? "upload cut at " : "download cut at ") + std::to_string(at);
            EXPECT_TRUE(SftpLocation(cut).put(name, contents)) << where;
            SftpLocation direct(options);
            EXPECT_EQ(direct.get(name), contents) << where;
            EXPECT_FALSE(direct.put(name, as_bytes("other"))) << where;
        }
}

TEST_F(BadLuck, ALineThatBreaksAgainAndAgainBringsALargeObjectThrough) {
    TcpRelay relay(server.port());
    Options cut = through(relay);
    cut.retries = 2;
    Bytes contents(6'000'000);
    for (std::size_t i = 0; i < contents.size(); ++i) contents[i] = static_cast<std::uint8_t>(i * 7 >> 8U);
    relay.cut_each_upload_after(1'000'000);
    EXPECT_TRUE(SftpLocation(cut).put("packs/large", contents));
    EXPECT_GE(relay.connections(), 7);
    relay.cut_each_upload_after(UINT64_MAX);
    EXPECT_EQ(SftpLocation(options).get("packs/large"), contents);
    const auto entries = std::filesystem::directory_iterator(server.home() / options.path / "packs");
    int files = 0;
    for (const auto& entry : entries) {
        ++files;
        EXPECT_EQ(entry.status().permissions(), std::filesystem::perms::owner_read) << entry.path();
    }
    EXPECT_EQ(files, 1) << "nothing half written is left";
}

TEST_F(BadLuck, AnObjectIsWholeOrNotThereWhenNobodyTriesAgain) {
    TcpRelay relay(server.port());
    const Options cut = through(relay);
    const Bytes contents(150'000, 9);
    relay.cut_upload_at(UINT64_MAX);
    ASSERT_TRUE(SftpLocation(cut).put("packs/whole", contents));
    const std::uint64_t up = relay.uploaded();
    SftpLocation direct(options);
    int absent = 0;
    for (std::uint64_t part = 0; part < 20; ++part) {
        const std::string name = "packs/" + std::to_string(part);
        relay.cut_upload_at(up * (80 + part) / 100);
        EXPECT_THROW(static_cast<void>(SftpLocation(cut).put(name, contents)), Error) << part;
        const auto there = direct.get(name);
        EXPECT_TRUE(!there || *there == contents) << part;
        absent += there ? 0 : 1;
    }
    EXPECT_GT(absent, 5);
}

TEST_F(BadLuck, AConnectionCutInTheMiddleOfAGetIsMadeAnew) {
    TcpRelay relay(server.port());
    Options cut = through(relay);
    const Bytes contents(3'000'000, 5);
    ASSERT_TRUE(SftpLocation(options).put("packs/1b", contents));
    SftpLocation once(cut);
    relay.cut_download_at(1'500'000);
    EXPECT_THROW(once.get("packs/1b"), NetworkError);
    cut.retries = 20;
    SftpLocation patient(cut);
    relay.cut_download_at(1'500'000);
    EXPECT_EQ(patient.get("packs/1b"), contents);
    relay.cut_download_at(100);
    EXPECT_EQ(patient.list("").size(), 1U);
}

/// A file system of its own at `path` while this lives; none without the right to mount one.
class SmallDisk {
 public:
    SmallDisk(const SshdServer& server, fs::path path, const std::string& limits) : path_(std::move(path)) {
        fs::create_directories(path_);
        mounted_ = ::mount("tmpfs", path_.c_str(), "tmpfs", 0, limits.c_str()) == 0;
        server.give(server.home());
    }
    ~SmallDisk() {
        if (mounted_) ::umount2(path_.c_str(), MNT_DETACH);
    }
    SmallDisk(const SmallDisk&) = delete;
    SmallDisk& operator=(const SmallDisk&) = delete;
    explicit operator bool() const { return mounted_; }

 private:
    fs::path path_;
    bool mounted_ = false;
};

TEST_F(BadLuck, AFullDiskSaysWhatToDoAndLeavesNothing) {
    const SmallDisk disk(server, server.home() / "backups", "size=4m");
    if (!disk) BT2C_SKIP_OR_FAIL("no right to mount a tmpfs");
    SftpLocation location(options);
    const Error error = error_of([&] { static_cast<void>(location.put("packs/1b", Bytes(6'000'000))); });
    EXPECT_TRUE(says(error, "disk is full"));
    EXPECT_TRUE(says(error, "make room"));
    EXPECT_TRUE(says(error, "nothing was stored"));
    EXPECT_TRUE(fs::is_empty(packs));
    EXPECT_TRUE(location.put("packs/2c", as_bytes("small")));
}

TEST_F(BadLuck, ADiskWithoutRoomForFilesSaysSo) {
    const SmallDisk disk(server, server.home() / "backups", "size=4m,nr_inodes=5");
    if (!disk) BT2C_SKIP_OR_FAIL("no right to mount a tmpfs");
    SftpLocation location(options);
    ASSERT_TRUE(location.put("packs/1b", {}));
    EXPECT_TRUE(says(error_of([&] { static_cast<void>(location.put("packs/2c", {})); }), "inodes"));
}

TEST_F(BadLuck, AReadOnlyFileSystemCanBeReadAndSaysWhatToDo) {
    const SmallDisk disk(server, server.home() / "backups", "size=4m");
    if (!disk) BT2C_SKIP_OR_FAIL("no right to mount a tmpfs");
    SftpLocation location(options);
    ASSERT_TRUE(location.put("packs/1b", as_bytes("contents")));
    ASSERT_EQ(::mount("tmpfs", (server.home() / "backups").c_str(), "tmpfs", MS_REMOUNT | MS_RDONLY, nullptr),
              0);
    EXPECT_TRUE(location.get("packs/1b"));
    for (const char* name : {"packs/2c", "keys/2c"}) {
        const Error error = error_of([&] { static_cast<void>(location.put(name, as_bytes("x"))); });
        EXPECT_TRUE(says(error, "read-only"));
        EXPECT_TRUE(says(error, "mount"));
    }
}

TEST_F(BadLuck, AServerThatLimitsConnectionsIsAskedAgain) {
    SshdServer narrow({.config = "MaxStartups 1:90:2\n", .key_options = "", .subsystem = "internal-sftp"});
    Options to = options_for(narrow);
    to.retries = 20;
    to.connections = 6;
    SftpLocation location(to);
    std::vector<std::thread> threads;
    std::atomic<int> stored = 0;
    for (int t = 0; t < 6; ++t)
        threads.emplace_back([&, t] {
            if (location.put("packs/" + std::to_string(t), as_bytes("x"))) ++stored;
        });
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(stored, 6);
}

// A login whose shell prints something, or a server of another kind.
TEST_F(BadLuck, WhatIsNoSftpIsToldSo) {
    SshdServer chatty({.config = "",
                       .key_options = "command=\"echo welcome to this machine\"",
                       .subsystem = "internal-sftp"});
    const Error error = error_of([&] { SftpLocation(options_for(chatty)).list(""); });
    EXPECT_TRUE(says(error, "login must print nothing"));
    EXPECT_TRUE(says(error, "with the shell nologin sshd_config needs 'ForceCommand internal-sftp'"));
}

TEST_F(BadLuck, AServerThatRefusesToLookAtAnOpenFileStoresAllTheSame) {
    const SshdServer strict({.config = "", .key_options = "", .subsystem = "internal-sftp -P fstat"});
    SftpLocation location(options_for(strict));
    EXPECT_TRUE(location.put("packs/1b", as_bytes("contents")));
    EXPECT_EQ(location.size_of("packs/1b"), 8U);
}

}  // namespace
}  // namespace bt2c::storage::sftp
