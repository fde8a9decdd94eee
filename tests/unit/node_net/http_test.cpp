// [N1] The HTTP server of a node, asked through real connections, and what it answers of a real chain.

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <future>
#include <thread>

#include "base/error.hpp"
#include "node/rest_api.hpp"
#include "platform/file.hpp"
#include "support/temporary_folder.hpp"

namespace bt2c::node {
namespace {

using base::Json;
using std::chrono::milliseconds;

/// Sends it all, and reads until the other side ends or `most` bytes came.
std::string talk(std::uint16_t port, const std::string& text, std::size_t most = 10'000'000) {
    const platform::Descriptor socket(::socket(AF_INET, SOCK_STREAM, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return "";
    timeval patience{20, 0};
    ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    (void)::send(socket.get(), text.data(), text.size(), MSG_NOSIGNAL);
    std::string answer;
    std::array<char, 65536> buffer{};
    while (answer.size() < most) {
        const ssize_t count = ::recv(socket.get(), buffer.data(), buffer.size(), 0);
        if (count <= 0) break;
        answer.append(buffer.data(), static_cast<std::size_t>(count));
    }
    return answer;
}

struct Http : testing::Test {
    void serve(HttpServer::Handler handler, HttpLimits limits = {}) {
        server = std::make_unique<HttpServer>(loop, "127.0.0.1", 0, limits, std::move(handler));
    }
    /// Runs the loop until the talk, on a thread of its own, is over.
    std::string ask(const std::string& text) {
        auto answer = std::async(std::launch::async, [&] {
            std::string got = talk(server->port(), text);
            loop.post([this] { loop.stop(); });
            return got;
        });
        loop.run();
        return answer.get();
    }
    static HttpAnswer echo(const HttpRequest& request) {
        return {200, request.method + " " + request.path + " " + request.body, "text/plain"};
    }
    EventLoop loop;
    std::unique_ptr<HttpServer> server;
};

const std::string close_it = "Connection: close\r\n\r\n";

TEST_F(Http, AnswersAndKeepsTheConnection) {
    serve(echo);
    const std::string answer =
        ask("GET /a?b=c HTTP/1.1\r\nHost: x\r\n\r\nPOST /d HTTP/1.1\r\nContent-Length: 4\r\n" + close_it +
            "body");
    EXPECT_NE(answer.find("GET /a "), std::string::npos) << answer;
    EXPECT_NE(answer.find("POST /d body"), std::string::npos) << answer;
}

TEST_F(Http, HeadIsGetWithoutTheBody) {
    serve(echo);
    const std::string whole = ask("GET /a HTTP/1.1\r\n" + close_it);
    const std::string head = ask("HEAD /a HTTP/1.1\r\n" + close_it);
    EXPECT_TRUE(head.starts_with("HTTP/1.1 200"));
    EXPECT_TRUE(head.ends_with("\r\n\r\n"));
    EXPECT_EQ(whole, head + "GET /a ");
}

TEST_F(Http, WhatMayBeDoneInsteadIsTold) {
    serve([](const HttpRequest&) { return HttpAnswer{405, "", "text/plain", "GET, HEAD"}; });
    EXPECT_NE(ask("PUT / HTTP/1.1\r\n" + close_it).find("Allow: GET, HEAD\r\n"), std::string::npos);
}

TEST_F(Http, BoundsAreKept) {
    serve(echo);
    EXPECT_TRUE(
        ask("GET / HTTP/1.1\r\nA: " + std::string(9000, 'a') + "\r\n\r\n").starts_with("HTTP/1.1 431"));
    EXPECT_TRUE(ask("POST / HTTP/1.1\r\nContent-Length: 65537\r\n\r\n" + std::string(1000, 'a'))
                    .starts_with("HTTP/1.1 413"));
    EXPECT_TRUE(ask("this is nothing\r\n\r\n").starts_with("HTTP/1.1 400"));
    EXPECT_TRUE(ask(std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11) + "\r\n\r\n")
                    .starts_with("HTTP/1.1 400"));
    EXPECT_TRUE(ask("GET / HTTP/1.1\r\n" + close_it).starts_with("HTTP/1.1 200"));
}

TEST_F(Http, TheSlowAreLeft) {
    serve(echo, {.patience = milliseconds(300)});
    EXPECT_EQ(ask("GET / HTT"), "");
    EXPECT_EQ(ask(""), "");
}

TEST_F(Http, ThereIsRoomForSoManyOnly) {
    serve(echo, {.connections = 0});
    EXPECT_EQ(ask("GET / HTTP/1.1\r\n" + close_it), "");
}

TEST_F(Http, ErrorsAreAnswers) {
    serve([](const HttpRequest&) -> HttpAnswer {
        throw base::Error(base::ErrorKind::failed, "cannot do it: a reason");
    });
    const std::string answer = ask("GET / HTTP/1.1\r\n" + close_it);
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 500")) << answer;
    EXPECT_NE(answer.find("cannot do it: a reason"), std::string::npos);
}

TEST_F(Http, APortIsTakenOnce) {
    serve(echo);
    EXPECT_THROW(HttpServer(loop, "127.0.0.1", server->port(), {}, echo), base::Error);
    EXPECT_THROW(HttpServer(loop, "not an address", 0, {}, echo), base::Error);
}

struct Rest : testing::Test {
    Rest() {
        std::filesystem::create_directories(folder.path());
        const std::string one = keys::address_of(base::Bytes{1}), other = keys::address_of(base::Bytes{2});
        create_chain(folder / "chain.db", {"devnet", 1'700'000'000, {{one, 100, 5}, {other, 200, 0}}});
        chain = std::make_unique<Chain>(Chain::open(folder / "chain.db", {"devnet", 1}));
        facts.name = "node-1";
        facts.version = "1";
        facts.synced = true;
        facts.abstained = "minority";
        facts.abstained_total["minority"] = 3;
        facts.peers.emplace_back();
        facts.peers[0].name = "node-2";
        facts.peers[0].height = 7;
        api = std::make_unique<RestApi>(RestApi::Sources{*chain, [this] { return facts; },
                                                         [this](const Transaction& transaction) {
                                                             submitted.push_back(transaction);
                                                             return taken;
                                                         },
                                                         [] { return 1'700'000'100.0; }});
    }
    Json get(const std::string& path, unsigned status = 200) {
        const HttpAnswer answer = api->answer({"GET", path, {}});
        EXPECT_EQ(answer.status, status) << answer.body;
        return Json::parse(answer.body);
    }
    static std::string names(const Json& json) {
        std::string out;
        for (const auto& [name, value] : json.members()) out += (out.empty() ? "" : " ") + name;
        return out;
    }
    support::TemporaryFolder folder;
    std::unique_ptr<Chain> chain;
    NodeFacts facts;
    Taken taken{Verdict::accepted, {}};
    std::vector<Transaction> submitted;
    std::unique_ptr<RestApi> api;
};

TEST_F(Rest, DocumentsHaveTheNamesOfTheDataModel) {
    const Json status = get("/blockchain/status");
    EXPECT_EQ(names(status),
              "status network height latest_block validators pending_transactions peers synced");
    EXPECT_EQ(names(status.at("latest_block")), "hash timestamp transactions");
    EXPECT_EQ(status.integer_at("height"), chain->tip().height);
    const Json block = get("/blockchain/blocks/0");
    EXPECT_EQ(names(block),
              "hash index previous_hash timestamp transactions validator signature difficulty nonce size "
              "transaction_count total_amount");
    EXPECT_EQ(names(block.array_at("transactions").at(0)), "hash sender recipient amount timestamp type");
    EXPECT_EQ(get("/blockchain/blocks/" + block.string_at("hash")).integer_at("index"), 0);
    const Json validators = get("/blockchain/validators");
    EXPECT_EQ(names(validators), "validators total_validators total_stake timestamp");
    EXPECT_EQ(validators.number_at("total_stake"), 300);
    const Json first = validators.array_at("validators").at(0);
    EXPECT_EQ(names(first), "address stake status joined_at last_block_time total_blocks");
    EXPECT_EQ(get("/blockchain/validator/" + first.string_at("address")).string_at("status"), "ACTIVE");
    const Json network = get("/network/status");
    EXPECT_EQ(network.string_at("abstained"), "minority");
    EXPECT_FALSE(network.bool_at("paused"));
    EXPECT_FALSE(network.bool_at("signing_locked"));
    EXPECT_EQ(network.integer_at("pause_sequence"), 0);
    EXPECT_EQ(get("/health").string_at("status"), "ok");
    const Json peers = get("/network/peers");
    const Json peer = peers.array_at("peers").at(0);
    EXPECT_EQ(peer.string_at("name"), "node-2");
    EXPECT_EQ(peer.integer_at("height"), 7);
}

TEST_F(Rest, WhatIsNotThere) {
    for (const char* path : {"/", "/blockchain/blocks/", "/blockchain/blocks/1000", "/blockchain/blocks/-1",
                             "/blockchain/blocks/0x0", "/blockchain/validator/nobody", "/blockchain"})
        EXPECT_EQ(get(path, 404).string_at("status"), "error") << path;
    EXPECT_EQ(api->answer({"DELETE", "/health", {}}).status, 405U);
    EXPECT_EQ(api->answer({"DELETE", "/health", {}}).allow, "GET, HEAD");
    EXPECT_EQ(api->answer({"GET", "/blockchain/transaction", {}}).status, 405U);
    EXPECT_EQ(api->answer({"GET", "/blockchain/transaction", {}}).allow, "POST");
}

TEST_F(Rest, TransactionsArePosted) {
    Transaction transaction;
    transaction.type = "transfer";
    transaction.sender = keys::address_of(base::Bytes{1});
    transaction.recipient = keys::address_of(base::Bytes{2});
    transaction.units = 5;
    transaction.timestamp = 1'700'000'000;
    transaction.nonce = 1;
    transaction.public_key = {1};
    transaction.signature = {2};
    const auto post = [&](const std::string& body) {
        return api->answer({"POST", "/blockchain/transaction", body});
    };
    const HttpAnswer answer = post(to_json(transaction));
    EXPECT_EQ(answer.status, 200U) << answer.body;
    EXPECT_EQ(Json::parse(answer.body).string_at("status"), "accepted");
    ASSERT_EQ(submitted.size(), 1U);
    EXPECT_EQ(to_json(submitted[0]), to_json(transaction));
    taken = {Verdict::refused, "its signature is wrong"};
    EXPECT_EQ(post(to_json(transaction)).status, 422U);
    for (const char* bad : {"", "{}", "[]", "nonsense"}) EXPECT_EQ(post(bad).status, 400U) << bad;
    EXPECT_EQ(submitted.size(), 2U);
}

TEST_F(Rest, MetricsAreToldAsPrometheusReadsThem) {
    const HttpAnswer answer = api->answer({"GET", "/metrics", {}});
    EXPECT_TRUE(answer.type.starts_with("text/plain"));
    for (const char* line : {"# TYPE bt2c_node_height gauge\nbt2c_node_height 0\n",
                             "# TYPE bt2c_node_blocks_made_total counter\n", "bt2c_node_peers 1\n",
                             "bt2c_node_abstained_total{reason=\"minority\"} 3\n",
                             "bt2c_node_last_block_timestamp_seconds 1700000000\n"})
        EXPECT_NE(answer.body.find(line), std::string::npos) << line << "\n" << answer.body;
}

}  // namespace
}  // namespace bt2c::node
