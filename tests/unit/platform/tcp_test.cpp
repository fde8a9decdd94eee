#include "platform/tcp.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "base/time.hpp"
#include "support/environment.hpp"
#include "support/http_server.hpp"
#include "support/temporary_folder.hpp"

namespace bt2c::platform {
namespace {

using base::Error;
using support::TemporaryFolder;
using support::Variable;

template <typename Call>
Error error_of(Call call) {
    try {
        call();
    } catch (const Error& error) {
        return error;
    }
    ADD_FAILURE() << "nothing was thrown";
    return {base::ErrorKind::failed, ""};
}

/// A resolver (getent) of one test.
struct Resolver : testing::Test {
    void resolver(const std::string& script) {
        folder.write("getent", "#!/bin/sh\n" + script + "\n");
        fs::permissions(folder / "getent", fs::perms(0700));
    }
    TemporaryFolder folder;
    std::string programs = folder.path().native() + ":/usr/bin:/bin";
    Variable path{"PATH", programs.c_str()};
};

TEST(Tcp, NamesAndAddressesAreFound) {
    EXPECT_EQ(addresses_of("192.0.2.7", 1000), std::vector<std::string>{"192.0.2.7"});
    EXPECT_EQ(addresses_of("::1", 1000), std::vector<std::string>{"::1"});
    EXPECT_FALSE(addresses_of("localhost", 20'000).empty());
}

TEST(Tcp, WhatIsNoNameIsNeverAskedFor) {
    for (const char* name : {"", "-x", "a b", "a;b", "a\nb", "\xFF"})
        EXPECT_EQ(error_of([&] { addresses_of(name, 1000); }).cause(), "that is no name of a host") << name;
}

// [B5] Name servers that never answer.
TEST_F(Resolver, OneThatHangsIsGivenUp) {
    resolver("exec sleep 1000");
    const Error error = error_of([] { connect_tcp("backup.example.org", 22, 500); });
    EXPECT_NE(error.message().find("backup.example.org"), std::string::npos);
    EXPECT_NE(error.cause().find("no name server answered within"), std::string::npos);
    EXPECT_NE(error.hint(), "");
}

TEST_F(Resolver, OneThatKnowsNothingIsToldSo) {
    resolver("exit 2");
    EXPECT_NE(error_of([] { connect_tcp("backup.example.org", 22, 20'000); }).cause().find("no address"),
              std::string::npos);
    resolver("yes 127.0.0.1 | head -c 1000000");
    EXPECT_THROW(addresses_of("backup.example.org", 20'000), Error);
}

TEST_F(Resolver, TheNextAddressIsTriedWhenOneDoesNotAnswer) {
    support::HttpServer server([](int, const std::string&) { return false; });
    const int port = std::stoi(server.url("").substr(server.url("").rfind(':') + 1));
    resolver(
        "echo '127.0.0.2x STREAM junk'; echo '::1 STREAM b'; echo '127.0.0.1 STREAM c'; echo '127.0.0.1 "
        "DGRAM'");
    EXPECT_EQ(addresses_of("b", 20'000).size(), 3U);
    const Descriptor socket = connect_tcp("backup.example.org", port, 20'000);
    EXPECT_TRUE(socket);
    EXPECT_EQ(unacknowledged_bytes(socket.get()), 0U);
}

TEST(Tcp, APortWithoutAServerIsToldSo) {
    int port = 0;
    {
        support::HttpServer server([](int, const std::string&) { return false; });
        port = std::stoi(server.url("").substr(server.url("").rfind(':') + 1));
    }
    const Error error = error_of([&] { connect_tcp("127.0.0.1", port, 20'000); });
    EXPECT_EQ(error.cause(), "Connection refused");
    EXPECT_NE(error.hint(), "");
}

TEST(Tcp, ASocketWithoutAListenerIsNoConnection) {
    const TemporaryFolder folder;
    EXPECT_FALSE(connect_unix(folder / "nothing"));
    EXPECT_FALSE(connect_unix(folder.write("file", "")));
    EXPECT_FALSE(connect_unix(folder / std::string(200, 'x')));
}

}  // namespace
}  // namespace bt2c::platform
