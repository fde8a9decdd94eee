// What the contract suite does not ask for: modes, links, odd names, folders that go, servers that forbid.

#include <chrono>

#include "platform/process.hpp"
#include "storage/sftp/remote_folder.hpp"
#include "support/tcp_relay.hpp"
#include "unit/storage/sftp_support.hpp"

namespace bt2c::storage::sftp {
namespace {

namespace fs = std::filesystem;
using base::as_bytes;
using base::Bytes;
using base::Error;
using support::SshdServer;

class Sftp : public WithServer {
 protected:
    SshdServer server;
    SftpLocation location{options_for(server)};
    fs::path root = server.home() / "backups/node";
};

Bytes random_bytes(std::size_t size) {
    Bytes bytes(size);
    std::uint32_t state = 1;
    for (std::uint8_t& byte : bytes)
        byte = static_cast<std::uint8_t>((state = state * 1664525 + 1013904223) >> 24);
    return bytes;
}

std::vector<std::string> temporaries_in(const fs::path& folder) {
    std::vector<std::string> found;
    for (const auto& entry : fs::directory_iterator(folder))
        if (entry.path().filename().native().starts_with(".bt2c-tmp-"))
            found.push_back(entry.path().filename());
    return found;
}

TEST_F(Sftp, ObjectsAreReadOnlyFilesInPrivateFolders) {
    ASSERT_TRUE(location.put("packs/1b", as_bytes("contents")));
    EXPECT_EQ(fs::status(root / "packs/1b").permissions(), fs::perms(0400));
    for (const fs::path& folder : {root / "packs", root, root.parent_path()})
        EXPECT_EQ(fs::status(folder).permissions(), fs::perms(0700));
    EXPECT_TRUE(temporaries_in(root / "packs").empty());
    EXPECT_EQ(location.describe(),
              "sftp://" + server.user() + "@127.0.0.1:" + std::to_string(server.port()) + "/backups/node");
}

TEST_F(Sftp, AbsolutePathsAndTheHomeItselfWork) {
    Options options = options_for(server);
    options.path = (server.home() / "elsewhere/").native();
    ASSERT_TRUE(SftpLocation(options).put("format", as_bytes("x")));
    EXPECT_EQ(support::file_text(server.home() / "elsewhere/format"), "x");
    options.path = "";
    ASSERT_TRUE(SftpLocation(options).put("format", as_bytes("y")));
    EXPECT_EQ(support::file_text(server.home() / "format"), "y");
}

TEST_F(Sftp, NamesNeverLeadOut) {
    for (const char* name :
         {"", "/etc/passwd", "../x", "packs/../../x", "packs//x", ".bt2c-tmp-1", "packs/x y"}) {
        EXPECT_THROW(static_cast<void>(location.put(name, {})), Error) << name;
        EXPECT_THROW(location.get(name), Error) << name;
        EXPECT_THROW(location.remove(name), Error) << name;
    }
    EXPECT_TRUE(fs::is_empty(server.home()));
}

// Sizes around those of the requests, and more than is under way at once.
TEST_F(Sftp, LargeObjectsAndTheirPartsAreExact) {
    for (const std::size_t size : {32'767U, 32'768U, 32'769U, 5'000'000U}) {
        const Bytes contents = random_bytes(size);
        const std::string name = "packs/" + std::to_string(size);
        ASSERT_TRUE(location.put(name, contents));
        EXPECT_EQ(location.get(name), contents);
        const Bytes part(contents.begin() + 31'000, contents.begin() + 32'700);
        EXPECT_EQ(location.get_range(name, 31'000, 1'700), part);
    }
}

TEST_F(Sftp, LinksAndFoldersAreNoObjects) {
    ASSERT_TRUE(location.put("packs/1b", as_bytes("contents")));
    fs::create_symlink(root / "packs/1b", root / "packs/2c");
    fs::create_symlink("/etc", root / "packs/3d");
    fs::create_directory(root / "packs/4e");
    EXPECT_EQ(location.list("").size(), 1U);
    for (const char* name : {"packs/2c", "packs/3d", "packs/4e"}) {
        EXPECT_NE(error_of([&] { location.get(name); }).cause().find("plain file"), std::string::npos)
            << name;
        EXPECT_THROW(location.size_of(name), Error) << name;
        EXPECT_FALSE(location.put(name, as_bytes("x"))) << name;
    }
    // The folder itself may be a link, to another disk for example.
    fs::rename(root, server.home() / "moved");
    fs::create_directory_symlink(server.home() / "moved", root);
    EXPECT_EQ(SftpLocation(options_for(server)).get("packs/1b"),
              Bytes({'c', 'o', 'n', 't', 'e', 'n', 't', 's'}));
}

TEST_F(Sftp, ListsWhatIsNotOurs) {
    ASSERT_TRUE(location.put("packs/1b", as_bytes("contents")));
    const std::vector<std::string> odd{"README (1)", "a\nb", std::string("\xFF\x01 "),
                                       "\xC3\xA4",   "%s",   "-rf"};
    for (const std::string& name : odd) std::ofstream(root / "packs" / name) << "x";
    std::ofstream(root / "packs/.bt2c-tmp-77") << "of a writer";
    fs::create_directories(root / "deep/er/est");
    std::ofstream(root / "deep/er/est/file") << "12345";
    server.give(root);
    std::set<std::string> names;
    for (const ObjectInfo& object : location.list("")) names.insert(object.name);
    std::set<std::string> expected{"packs/1b", "deep/er/est/file"};
    for (const std::string& name : odd) expected.insert("packs/" + name);
    EXPECT_EQ(names, expected);
    EXPECT_THROW(location.get("packs/a\nb"), Error);
}

TEST_F(Sftp, ListsThousands) {
    fs::create_directories(root / "packs");
    for (int i = 0; i < 5000; ++i) std::ofstream(root / "packs" / std::to_string(i)) << i;
    server.give(root);
    const auto found = location.list("packs");
    ASSERT_EQ(found.size(), 5000U);
    EXPECT_EQ(found[4999].name, "packs/999");
    EXPECT_EQ(found[4999].bytes, 3U);
}

// What a server lists is held in memory, and it may say what it likes.
TEST_F(Sftp, ListsThatAreTooLongToBeTrueAreRefused) {
    const auto deep = [&](const std::string& folder, int levels) {
        fs::path path = root / folder;
        for (int i = 0; i < levels; ++i) path /= std::string(250, 'd');
        fs::create_directories(path);
        return path;
    };
    const fs::path many = deep("pins", 3);
    for (int i = 0; i < 12'500; ++i) std::ofstream(many / (std::string(200, 'n') + std::to_string(i)));
    std::ofstream(deep("proofs", 4) / std::string(20, 'n'));
    server.give(root);
    const Error endless = error_of([&] { location.list("pins"); });
    EXPECT_NE(text_of(endless).find("no end of what it names"), std::string::npos) << text_of(endless);
    EXPECT_NE(endless.hint().find("place of its own"), std::string::npos);
    const Error longer = error_of([&] { location.list("proofs"); });
    EXPECT_NE(text_of(longer).find("longer than any name"), std::string::npos) << text_of(longer);
    fs::remove_all(root / "proofs");
    EXPECT_EQ(location.list("").size(), 12'500U);
}

TEST(SftpEntries, AreTakenOnce) {
    const auto once = each_once(
        {{.name = "b", .attributes = {}}, {.name = "a", .attributes = {}}, {.name = "b", .attributes = {}}});
    ASSERT_EQ(once.size(), 2U);
    EXPECT_EQ(once[0].name + once[1].name, "ab");
}

TEST_F(Sftp, ClearsWhatWritersLeftADayAgo) {
    fs::create_directories(root / "packs");
    for (const char* const name : {".bt2c-tmp-old", ".bt2c-tmp-young", "old"}) {
        std::ofstream(root / "packs" / name) << "left";
        const std::chrono::hours age(std::string_view(name).ends_with("young") ? 23 : 25);
        fs::last_write_time(root / "packs" / name, fs::file_time_type::clock::now() - age);
    }
    server.give(server.home());
    ASSERT_TRUE(location.put("packs/1b", as_bytes("contents")));
    EXPECT_EQ(temporaries_in(root / "packs"), std::vector<std::string>{".bt2c-tmp-young"});
    EXPECT_TRUE(fs::exists(root / "packs/old"));
}

TEST_F(Sftp, ARepositoryDeletedMeanwhileIsNotMadeAgain) {
    ASSERT_TRUE(location.put("packs/1b", as_bytes("contents")));
    fs::remove_all(root);
    const auto each = [&](const Error& error) {
        EXPECT_NE(error.message().find("backups/node"), std::string::npos) << text_of(error);
        EXPECT_NE(error.cause().find("unmounted"), std::string::npos) << text_of(error);
        EXPECT_NE(error.state(), "");
        EXPECT_NE(error.hint(), "");
    };
    each(error_of([&] { static_cast<void>(location.put("packs/2c", as_bytes("contents"))); }));
    each(error_of([&] { static_cast<void>(location.put("keys/2c", as_bytes("contents"))); }));
    each(error_of([&] { location.get("packs/1b"); }));
    each(error_of([&] { location.size_of("packs/1b"); }));
    each(error_of([&] { location.list("packs"); }));
    each(error_of([&] { location.remove("packs/1b"); }));
    EXPECT_FALSE(fs::exists(root));
}

TEST_F(Sftp, OneThatNeverWasIsEmpty) {
    EXPECT_EQ(location.get("format"), std::nullopt);
    EXPECT_TRUE(location.list("packs").empty());
    EXPECT_FALSE(location.remove("format"));
    EXPECT_TRUE(fs::is_empty(server.home()));
}

TEST_F(Sftp, AFileInItsPlaceIsToldAsTheCause) {
    fs::create_directory(server.home() / "backups");
    std::ofstream(root) << "a file";
    server.give(server.home());
    const Error error = error_of([&] { static_cast<void>(location.put("format", {})); });
    EXPECT_NE(error.message().find("no folder"), std::string::npos) << text_of(error);
    EXPECT_NE(error.hint(), "");
    EXPECT_THROW(location.list(""), Error);
}

TEST_F(Sftp, AFolderWithoutPermissionSaysWhichAndWhatToDo) {
    ASSERT_TRUE(location.put("packs/1b", as_bytes("contents")));
    fs::permissions(root / "packs", fs::perms(0500));
    const Error error = error_of([&] { static_cast<void>(location.put("packs/2c", {})); });
    EXPECT_NE(error.message().find("backups/node/packs/2c"), std::string::npos) << text_of(error);
    EXPECT_NE(error.cause().find("permission denied"), std::string::npos);
    EXPECT_NE(error.state().find("nothing was stored"), std::string::npos);
    EXPECT_NE(error.hint().find("mode"), std::string::npos);
    EXPECT_THROW(location.remove("packs/1b"), Error);
    fs::permissions(root / "packs", fs::perms(0000));
    EXPECT_NE(error_of([&] { location.get("packs/1b"); }).cause().find("permission"), std::string::npos);
    EXPECT_NE(error_of([&] { location.list(""); }).message().find("packs"), std::string::npos);
    fs::permissions(root / "packs", fs::perms(0700));
}

TEST_F(Sftp, UsesFewConnectionsAndKeepsThem) {
    support::TcpRelay relay(server.port());
    std::ofstream(server.known_hosts(), std::ios::app)
        << "[127.0.0.1]:" << relay.port() << " " << support::file_text(server / "host_key.pub");
    Options options = options_for(server);
    options.port = relay.port();
    options.connections = 2;
    SftpLocation narrow(options);
    std::vector<std::thread> threads;
    std::atomic<int> stored = 0;
    for (int t = 0; t < 6; ++t)
        threads.emplace_back([&, t] {
            for (int i = 0; i < 5; ++i)
                if (narrow.put("packs/" + std::to_string(t) + std::to_string(i), as_bytes("x"))) ++stored;
        });
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(stored, 30);
    EXPECT_LE(relay.connections(), 2);
}

// Servers change keys in the middle of a connection after some time or gigabytes.
TEST_F(WithServer, NewSessionKeysInTheMiddleHarmNothing) {
    SshdServer server({.config = "RekeyLimit 1M\n", .key_options = "", .subsystem = "internal-sftp"});
    SftpLocation location(options_for(server));
    const Bytes contents = random_bytes(12'000'000);
    ASSERT_TRUE(location.put("packs/1b", contents));
    EXPECT_EQ(location.get("packs/1b"), contents);
}

// What a server forbids by internal-sftp -P, and what then is done instead.
class Forbidding : public WithServer {
 protected:
    std::string forbid(const std::string& requests) { return "internal-sftp -P " + requests; }
};

TEST_F(Forbidding, WithoutHardLinksItRenames) {
    SshdServer server({.config = "", .key_options = "", .subsystem = forbid("hardlink")});
    SftpLocation location(options_for(server));
    EXPECT_TRUE(location.put("packs/1b", as_bytes("first")));
    EXPECT_FALSE(location.put("packs/1b", as_bytes("second")));
    EXPECT_EQ(location.get("packs/1b"), Bytes({'f', 'i', 'r', 's', 't'}));
    EXPECT_TRUE(temporaries_in(server.home() / "backups/node/packs").empty());
}

TEST_F(Forbidding, WithoutTheServersExtensionsItStores) {
    SshdServer server({.config = "",
                       .key_options = "",
                       .subsystem = forbid("hardlink,fsync,statvfs,posix-rename,limits,copy-data")});
    SftpLocation location(options_for(server));
    EXPECT_TRUE(location.put("packs/1b", as_bytes("first")));
    EXPECT_EQ(location.list("").size(), 1U);
}

// [B4] Who has stolen the node's key can add to what is there, and change or remove none of it.
TEST_F(Forbidding, AppendOnlyServersTakeEverythingAndLoseNothing) {
    const std::string recipe = "remove,rmdir,rename,posix-rename,setstat,fsetstat,lsetstat,symlink";
    SshdServer server;
    const fs::path key = server.make_key("append_key");
    server.authorize(
        key, "restrict,command=\"internal-sftp -d " + server.home().native() + " -P " + recipe + "\"");
    Options options = options_for(server);
    options.key_file = key;
    const fs::path object = server.home() / "backups/node/packs/1b";
    {
        SftpLocation location(options);
        EXPECT_TRUE(location.put("packs/1b", as_bytes("first")));
        EXPECT_FALSE(location.put("packs/1b", as_bytes("second")));
        EXPECT_EQ(location.get("packs/1b"), Bytes({'f', 'i', 'r', 's', 't'}));
        EXPECT_EQ(location.list("").size(), 1U);
        const Error error = error_of([&] { location.remove("packs/1b"); });
        EXPECT_NE(error.cause().find("permission denied"), std::string::npos) << text_of(error);
    }
    for (const auto& entry : fs::directory_iterator(object.parent_path()))
        fs::last_write_time(entry.path(), fs::file_time_type::clock::now() - std::chrono::hours(48));
    EXPECT_TRUE(SftpLocation(options).put("packs/2c", as_bytes("after stale names")));

    const fs::path other = server / "other";
    std::ofstream(other) << "changed";
    const std::string temporary = "backups/node/packs/" + temporaries_in(object.parent_path()).at(0);
    for (const std::string& attack :
         {"put " + other.native() + " backups/node/packs/1b", "put " + other.native() + " " + temporary,
          "reput " + other.native() + " backups/node/packs/1b", std::string("rm backups/node/packs/1b"),
          std::string("rename backups/node/packs/1b x"), std::string("rename backups/node/packs x"),
          std::string("chmod 600 backups/node/packs/1b"), std::string("rmdir backups/node/packs")}) {
        const fs::path batch = server / "batch";
        std::ofstream(batch) << attack << "\n";
        const auto result = platform::run_and_capture(
            {"sh", "-c",
             "sftp -F none -o BatchMode=yes -o UserKnownHostsFile=" + server.known_hosts().native() + " -i " +
                 key.native() + " -P " + std::to_string(server.port()) + " -b " + batch.native() + " " +
                 server.user() + "@127.0.0.1 2>&1"},
            1 << 16, 20'000);
        EXPECT_NE(result.status, 0) << attack << "\n" << base::as_text(result.output);
        EXPECT_NE(base::as_text(result.output).find("ermission denied"), std::string::npos)
            << attack << "\n"
            << base::as_text(result.output);
        EXPECT_EQ(support::file_text(object), "first") << attack;
    }
}

}  // namespace
}  // namespace bt2c::storage::sftp
