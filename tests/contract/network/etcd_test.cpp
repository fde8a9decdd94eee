// What only etcd has: users, certificates, members that fail, and answers that are not etcd's.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "base/error.hpp"
#include "base/time.hpp"
#include "network/etcd_store.hpp"
#include "support/etcd_server.hpp"
#include "support/http_server.hpp"
#include "support/skip.hpp"

namespace bt2c::network {
namespace {

using base::Error;
using base::ErrorKind;
using support::EtcdServer;
using testing::HasSubstr;
using testing::IsEmpty;

const std::string folder = "devnet/to-nodes";
const std::string orders = folder + "/orders";
const std::set<std::string> kinds{"orders", "requests"};

EtcdAccess plain(std::vector<std::string> urls) {
    return {.endpoints = std::move(urls), .tls = {}, .user = "", .password_file = "", .timeout_ms = 1000};
}
EtcdAccess guarded(const EtcdServer& server) {
    return {.endpoints = {server.url()},
            .tls = {server.ca(), server.certificate(), server.key()},
            .user = "agent",
            .password_file = server.password_file()};
}

template <typename Work>
Error error_of(const Work& work) {
    try {
        work();
    } catch (const Error& error) {
        return error;
    }
    ADD_FAILURE() << "nothing was thrown";
    return Error(ErrorKind::failed, "");
}

/// Waits until the store tells of all kinds, as it does when a watch begins; errors are tried again.
bool tells_of_all(EtcdStore& store, double seconds) {
    const base::Stopwatch watch;
    while (watch.seconds() < seconds) {
        try {
            if (store.wait(folder, kinds, 200) == kinds) return true;
        } catch (const Error&) {
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
        }
    }
    return false;
}

class Etcd : public testing::Test {
 protected:
    void SetUp() override {
        if (!support::etcd_is_installed()) BT2C_SKIP_OR_FAIL("etcd, etcdctl or openssl is not installed");
    }
};

TEST_F(Etcd, ATokenThatIsNotTakenAnyMoreIsRenewed) {
    EtcdServer server({.tls = true, .users = true});
    EtcdStore store(guarded(server));
    store.put(orders, {"1", "x"});
    ASSERT_TRUE(tells_of_all(store, 5));
    // etcd forgets its tokens with the process.
    server.kill();
    server.start();
    EXPECT_EQ(store.list(orders, "", "", 10, 10).size(), 1U);
    EXPECT_TRUE(tells_of_all(store, 10));
    store.put(orders, {"2", "y"});
    EXPECT_THAT(store.wait(folder, kinds, 5000), testing::ElementsAre("orders"));
}

TEST_F(Etcd, WhoMayNotIsToldSo) {
    EtcdServer server({.tls = true, .users = true});
    EtcdAccess nobody = guarded(server);
    nobody.user = "";
    const auto list = [](const EtcdAccess& access) {
        return error_of([&] { EtcdStore(access).list(orders, "", "", 10, 10); });
    };
    EXPECT_EQ(list(nobody).kind(), ErrorKind::wrong_secret);
    EtcdAccess wrong = guarded(server);
    wrong.password_file = server.ca();
    EXPECT_EQ(list(wrong).kind(), ErrorKind::wrong_secret);
    EXPECT_THAT(list(wrong).cause(), HasSubstr("authentication failed"));
    EtcdAccess absent = guarded(server);
    absent.password_file = "/nowhere";
    EXPECT_EQ(list(absent).kind(), ErrorKind::failed);
    EtcdAccess unproved = guarded(server);
    unproved.tls.certificate_file = unproved.tls.key_file = "";
    EXPECT_EQ(list(unproved).kind(), ErrorKind::busy);
    EtcdAccess untrusting = guarded(server);
    untrusting.tls.ca_file = "";
    EXPECT_THAT(list(untrusting).cause(), HasSubstr("certificate"));

    EtcdStore store(guarded(server));
    store.put(orders, {"1", "x"});
    server.control({"user", "revoke-role", "agent", "plane"});
    const Error forbidden = error_of([&] { store.put(orders, {"2", "x"}); });
    EXPECT_EQ(forbidden.kind(), ErrorKind::failed);
    EXPECT_THAT(forbidden.hint(), HasSubstr("bt2c/"));
    EXPECT_FALSE(tells_of_all(store, 1));
}

// The roles of docs/control-plane.md: who gives orders and who obeys them need not be able to play each
// other's part.
TEST_F(Etcd, SendersAndAgentsHaveRolesOfTheirOwn) {
    const std::string answers = "devnet/from-nodes";
    EtcdServer server({.tls = true, .users = true});
    const auto grant = [&](const char* role, const char* right, const char* prefix) {
        server.control({"role", "grant-permission", "--prefix=true", role, right, prefix});
    };
    for (const char* role : {"obeys", "orders"}) server.control({"role", "add", role});
    grant("obeys", "read", "bt2c/devnet/to-nodes/");
    grant("obeys", "readwrite", "bt2c/devnet/from-nodes/");
    grant("orders", "readwrite", "bt2c/devnet/to-nodes/");
    grant("orders", "readwrite", "bt2c/devnet/from-nodes/reports/");
    grant("orders", "read", "bt2c/devnet/from-nodes/");
    server.control({"user", "revoke-role", "agent", "plane"});
    server.control({"user", "grant-role", "agent", "obeys"});
    {
        EtcdStore agent(guarded(server));
        ASSERT_TRUE(tells_of_all(agent, 5));
        for (const char* kind : {"/acks", "/reports", "/nodes"}) agent.put(answers + kind, {"n", "x"});
        EXPECT_THAT(agent.list(orders, "", "", 10, 10), IsEmpty());
        EXPECT_EQ(error_of([&] { agent.create(orders, {"1", "x"}); }).kind(), ErrorKind::failed);
    }
    server.control({"user", "revoke-role", "agent", "obeys"});
    server.control({"user", "grant-role", "agent", "orders"});
    EtcdStore sender(guarded(server));
    EXPECT_TRUE(sender.create(orders, {"1", "x"}));
    sender.put(folder + "/requests", {"r", "x"});
    for (const char* kind : {"/acks", "/nodes"})
        EXPECT_EQ(sender.list(answers + kind, "", "", 10, 10).size(), 1U);
    EXPECT_EQ(error_of([&] { sender.put(answers + "/acks", {"n", "y"}); }).kind(), ErrorKind::failed);
    sender.remove(answers + "/reports", {"n"});
    sender.remove(folder + "/requests", {"r"});
}

TEST_F(Etcd, AFrozenMemberIsPassedOver) {
    EtcdServer frozen, member;
    EtcdStore store(plain({frozen.url(), member.url()}));
    frozen.freeze();
    EXPECT_TRUE(tells_of_all(store, 10));
    store.put(orders, {"1", "x"});
    // A busy machine may make it take up the watch anew, which tells of all kinds.
    EXPECT_THAT(store.wait(folder, kinds, 5000), testing::Contains("orders"));
    EXPECT_EQ(EtcdStore(plain({member.url()})).list(orders, "", "", 10, 10).size(), 1U);
}

// A watch that was lost before a compaction misses nothing: everything is read again.
TEST_F(Etcd, ACompactionHidesNothing) {
    EtcdServer server;
    EtcdStore store(plain({server.url()})), other(plain({server.url()}));
    ASSERT_TRUE(tells_of_all(store, 5));
    server.kill();
    EXPECT_THROW(
        {
            for (int i = 0; i < 100; ++i) store.wait(folder, kinds, 50);
        },
        Error);
    server.start();
    for (int i = 1; i <= 5; ++i) other.put(orders, {std::to_string(i), "x"});
    server.control({"compact", "5"});
    EXPECT_TRUE(tells_of_all(store, 5));
    EXPECT_EQ(store.list(orders, "", "", 10, 10).size(), 5U);
}

/// A store whose etcd says `body` to everything.
struct Liar {
    explicit Liar(std::string body, std::string status = "200 OK")
        : server([body = std::move(body), status = std::move(status)](int socket, const std::string&) {
              return support::answer(socket, status, body);
          }) {}
    support::HttpServer server;
    EtcdStore store{plain({server.url()})};
};

TEST(FalseEtcd, AnswersThatAreNone) {
    for (const std::string body :
         {"", "<html>", "[]", "7", R"({"kvs":7})", R"({"kvs":[7]})", R"({"kvs":[{"key":"!"}]})",
          R"({"kvs":[{}]})", R"({"kvs":[{"key":"b3RoZXI="}]})", R"({"kvs":[{"key":7}]})"}) {
        Liar liar(body);
        std::optional<std::size_t> entries;
        try {
            entries = liar.store.list(orders, "", "", 10, 10).size();
        } catch (const Error& error) {
            EXPECT_EQ(error.kind(), ErrorKind::busy) << body;
        }
        EXPECT_EQ(entries.value_or(0), 0U) << body;
    }
    for (const std::string body :
         {R"({"responses":7})", R"({"responses":[]})", "{}", R"({"succeeded":false})"}) {
        Liar liar(body);
        EXPECT_EQ(error_of([&] { liar.store.create(orders, {"1", "x"}); }).kind(), ErrorKind::busy) << body;
    }
}

TEST(FalseEtcd, MoreThanWasAskedFor) {
    // "bt2c/devnet/to-nodes/orders/1", with too long a text, and twice.
    const std::string pair =
        R"({"key":"YnQyYy9kZXZuZXQvdG8tbm9kZXMvb3JkZXJzLzE=","value":"YWFhYWFhYWFhYWFh"})";
    Liar one(R"({"kvs":[)" + pair + "]}");
    const auto entries = one.store.list(orders, "", "", 1, 10);
    ASSERT_EQ(entries.size(), 1U);
    EXPECT_EQ(entries[0].text, "");
    Liar two(R"({"kvs":[)" + pair + "," + pair + "]}");
    EXPECT_EQ(error_of([&] { two.store.list(orders, "", "", 1, 10); }).kind(), ErrorKind::busy);
}

TEST(FalseEtcd, Errors) {
    Liar busy(R"({"error":"etcdserver: no leader","message":"etcdserver: no leader","code":14})", "503 X");
    const Error away = error_of([&] { busy.store.put(orders, {"1", "x"}); });
    EXPECT_EQ(away.kind(), ErrorKind::busy);
    EXPECT_THAT(away.cause(), HasSubstr("no leader"));
    Liar odd(R"({"code":"x","message":7})", "500 X");
    EXPECT_EQ(error_of([&] { odd.store.put(orders, {"1", "x"}); }).kind(), ErrorKind::busy);
    Liar rude("{\"code\":3,\"message\":\"\\u001b[31m" + std::string(5000, 'x') + "\"}", "400 X");
    const Error refused = error_of([&] { rude.store.put(orders, {"1", "x"}); });
    EXPECT_EQ(refused.kind(), ErrorKind::failed);
    EXPECT_LT(refused.cause().size(), 1000U);
    EXPECT_THAT(refused.cause(), HasSubstr("\\x1b"));
}

TEST(FalseEtcd, Watches) {
    const auto ends = [](const std::string& body) {
        Liar liar(body);
        const base::Stopwatch watch;
        try {
            while (watch.seconds() < 5)
                if (liar.store.wait(folder, kinds, 100) == kinds) return std::string("begins");
        } catch (const Error& error) {
            return error.message();
        }
        return std::string("never");
    };
    EXPECT_EQ(ends(R"({"result":{"created":true}})"
                   "\n"),
              "begins");
    EXPECT_EQ(ends(R"({"result":{"created":true,"canceled":true,"cancel_reason":"no"}})"
                   "\n"),
              "etcd ended the watch");
    EXPECT_EQ(ends(R"({"error":{"grpc_code":14,"message":"leaving"}})"
                   "\n"),
              "etcd is not ready");
    EXPECT_EQ(ends("nonsense\n"), "cannot understand etcd's answer");
    EXPECT_EQ(ends(R"({"result":{"events":7}})"
                   "\n"),
              "cannot understand etcd's answer");
    EXPECT_EQ(ends(""), "etcd closed the watch");
    EXPECT_EQ(ends(std::string(9 << 20, 'x')), "a message of etcd has no end");
}

}  // namespace
}  // namespace bt2c::network
