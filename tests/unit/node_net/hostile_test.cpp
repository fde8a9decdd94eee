// [N1] Connections of strangers, liars and the slow.

#include <arpa/inet.h>
#include <sys/socket.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>

#include "keys/derive_key.hpp"
#include "node/wire.hpp"
#include "platform/file.hpp"
#include "unit/node_net/net_fixture.hpp"

namespace bt2c::node {
namespace {

using std::chrono::milliseconds;

/// A connection without TLS.
struct PlainClient {
    explicit PlainClient(std::uint16_t port) : socket(::socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        connected = ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    }
    void write(const std::string& text) const {
        ASSERT_EQ(::send(socket.get(), text.data(), text.size(), MSG_NOSIGNAL),
                  static_cast<ssize_t>(text.size()));
    }
    platform::Descriptor socket;
    bool connected = false;
};

/// A node's end of a connection whose program does as it likes.
struct Client {
    Client(EventLoop& loop, std::uint16_t port, const TlsIdentity& identity, milliseconds reads_after = {})
        : transport(loop, identity, {},
                    {[this](const LinkInfo& info) { link = info.id; },
                     [this, reads_after](LinkId, const std::string& text) {
                         received.push_back(text);
                         return reads_after;
                     },
                     [this](LinkId, const std::string& why) { closed = why; },
                     [this](LinkId, const std::string&, const std::string& why) { failed = why; }}) {
        transport.dial("127.0.0.1", port);
    }
    void send_raw(const std::string& bytes) {
        transport.send(link, std::make_shared<const std::string>(bytes));
    }
    void say(const std::string& text) { transport.send(link, frame_of(text)); }

    LinkId link = 0;
    std::vector<std::string> received;
    std::string closed, failed;
    Transport transport;
};

struct Hostile : NodeNet {
    TestNode& server(const std::function<void(PeersOptions&)>& adjust = nullptr) {
        return started("node-a", {}, adjust);
    }
    std::unique_ptr<Client> client(const TestNode& to, milliseconds reads_after = {}) {
        auto made =
            std::make_unique<Client>(loop, to.port(), identity_of(test_authority(), "node-x"), reads_after);
        EXPECT_TRUE(until([&] { return made->link != 0; })) << made->failed;
        return made;
    }
    Hello good_hello(const TestNode& to) {
        Hello hello;
        hello.network = "testnet";
        hello.genesis = to.chain.blocks[0].header.hash;
        hello.name = "node-x";
        hello.instance = "x";
        hello.height = 0;
        hello.hash = hello.genesis;
        return hello;
    }
    /// The server still takes who behaves.
    void expect_alive(TestNode& at) {
        TestNode& good = started("node-good", {at.port()});
        EXPECT_TRUE(until([&] { return good.peers->list().size() == 1; })) << at.all_lines();
    }
};

TEST_F(Hostile, CertificatesOfOthersAreRefused) {
    TestNode& a = server();
    const crypto::CertifiedKey other = crypto::make_authority("test-authority", valid_now());
    TlsIdentity identity = identity_of(other, "node-b");
    TestNode& b = started("node-b", {a.port()}, nullptr, std::move(identity));
    ASSERT_TRUE(until([&] { return b.said("its certificate is of another authority"); })) << b.all_lines();

    // One that takes ours, so that the server has to look.
    identity = identity_of(other, "node-c");
    identity.authority = test_authority().certificate;
    TestNode& c = started("node-c", {a.port()}, nullptr, std::move(identity));
    ASSERT_TRUE(until([&] { return a.said("its certificate is of another authority"); })) << a.all_lines();
    EXPECT_TRUE(c.peers->list().empty());
    expect_alive(a);
}

TEST_F(Hostile, ExpiredAndFutureCertificatesAreRefused) {
    TestNode& a = server();
    const base::UnixMs now = base::now_unix_ms();
    started("node-b", {a.port()}, nullptr,
            identity_of(test_authority(), "node-b", {now - 86'400'000, now - 3'600'000}));
    ASSERT_TRUE(until([&] { return a.said("its certificate has expired"); })) << a.all_lines();
    started("node-c", {a.port()}, nullptr,
            identity_of(test_authority(), "node-c", {now + 3'600'000, now + 86'400'000}));
    ASSERT_TRUE(until([&] { return a.said("its certificate is not valid yet"); })) << a.all_lines();
    EXPECT_TRUE(a.peers->list().empty());
}

TEST_F(Hostile, WithoutACertificateNobodyGetsIn) {
    namespace ssl = boost::asio::ssl;
    TestNode& a = server();
    ssl::context context(ssl::context::tlsv13);
    ssl::stream<boost::asio::ip::tcp::socket> stream(loop.context(), context);
    stream.next_layer().connect({boost::asio::ip::make_address("127.0.0.1"), a.port()});
    stream.async_handshake(ssl::stream_base::client, [](const boost::system::error_code&) {});
    ASSERT_TRUE(until([&] { return a.said("refused a connection"); })) << a.all_lines();
    EXPECT_TRUE(a.said("peer did not return a certificate")) << a.all_lines();
}

TEST_F(Hostile, OlderTlsIsNotSpoken) {
    namespace ssl = boost::asio::ssl;
    TestNode& a = server();
    ssl::context context(ssl::context::tlsv12);
    ssl::stream<boost::asio::ip::tcp::socket> stream(loop.context(), context);
    stream.next_layer().connect({boost::asio::ip::make_address("127.0.0.1"), a.port()});
    stream.async_handshake(ssl::stream_base::client, [](const boost::system::error_code&) {});
    ASSERT_TRUE(until([&] { return a.said("unsupported protocol"); })) << a.all_lines();
}

TEST_F(Hostile, PlainTextIsRefused) {
    TestNode& a = server();
    const PlainClient client(a.port());
    client.write("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    ASSERT_TRUE(until([&] { return a.said("the TLS handshake failed"); })) << a.all_lines();
    expect_alive(a);
}

TEST_F(Hostile, TheSilentHoldTheirPlacesForAMomentOnly) {
    TestNode& a = server([](PeersOptions& options) {
        options.limits.unproved_per_host = 4;
        options.limits.handshake = milliseconds(700);
    });
    std::vector<std::unique_ptr<PlainClient>> silent;
    for (int i = 0; i < 12; ++i) silent.push_back(std::make_unique<PlainClient>(a.port()));
    ASSERT_TRUE(until([&] { return a.said("there are too many connections"); })) << a.all_lines();
    ASSERT_TRUE(until([&] { return a.said("it takes too long"); })) << a.all_lines();
    expect_alive(a);
}

TEST_F(Hostile, LengthsThatMakeNoSenseEndTheConnection) {
    TestNode& a = server([](PeersOptions& options) { options.ban = milliseconds(0); });
    for (const std::string& length :
         {std::string("\xff\xff\xff\xff", 4), std::string("\0\0\0\0", 4), std::string("\0\x40\0\1", 4)}) {
        const auto x = client(a);
        x->send_raw(length);
        ASSERT_TRUE(until([&] { return !x->closed.empty(); }));
    }
    EXPECT_TRUE(a.said("it sent a message of 4294967295 bytes")) << a.all_lines();
    expect_alive(a);
}

TEST_F(Hostile, SlowWritersAreDropped) {
    TestNode& a = server([](PeersOptions& options) { options.limits.idle = milliseconds(500); });
    const auto x = client(a);
    x->say(message_text(good_hello(a)));
    ASSERT_TRUE(until([&] { return a.peers->list().size() == 1; })) << a.all_lines();
    // Bytes keep coming, and never make a whole message.
    x->send_raw(std::string("\0\0\1\0", 4));
    std::function<void()> drip = [&] {
        x->send_raw(" ");
        loop.after(milliseconds(50), drip);
    };
    drip();
    ASSERT_TRUE(until([&] { return a.said("nothing whole came from it"); })) << a.all_lines();
    EXPECT_TRUE(a.peers->list().empty());
}

TEST_F(Hostile, SlowReadersAreDropped) {
    TestNode& a = server([](PeersOptions& options) {
        options.limits.queue_bytes = 100'000;
        options.status = milliseconds(100'000);
    });
    const auto x = client(a, milliseconds(100'000));
    x->say(message_text(good_hello(a)));
    ASSERT_TRUE(until([&] { return a.peers->list().size() == 1; })) << a.all_lines();
    Block block = fake_block(1, a.chain.tip().hash);
    block.transactions[0].payload = std::string(16'000, 'a');
    for (int i = 0; i < 2000; ++i) {
        block.header.hash = crypto::sha256(base::as_bytes(std::to_string(i)));
        loop.post([&a, block] { a.peers->broadcast(block); });
    }
    ASSERT_TRUE(until([&] { return a.said("it reads too slowly"); })) << a.all_lines();
    EXPECT_TRUE(a.peers->list().empty());
    expect_alive(a);
}

TEST_F(Hostile, WhoSaysNothingOrNonsenseIsDropped) {
    TestNode& a = server([](PeersOptions& options) {
        options.hello = milliseconds(300);
        options.ban = milliseconds(0);
    });
    const auto silent = client(a);
    ASSERT_TRUE(until([&] { return a.said("it does not say who it is"); })) << a.all_lines();
    const Message get = GetBlocks{1, 1, 1};
    const std::string hello = message_text(good_hello(a));
    for (const std::string& text : {std::string("nonsense"), std::string("{\"type\":\"hello\"}"),
                                    message_text(get), std::string(hello_bytes_max + 1, ' ')}) {
        const auto x = client(a);
        x->say(text);
        ASSERT_TRUE(until([&] { return !x->closed.empty(); })) << text.substr(0, 40);
    }
    const auto twice = client(a);
    twice->say(hello);
    twice->say(hello);
    ASSERT_TRUE(until([&] { return !twice->closed.empty(); }));
    EXPECT_TRUE(a.peers->list().empty());
    expect_alive(a);
}

TEST_F(Hostile, AFloodIsReadAtAnEvenPace) {
    TestNode& a = server();
    const auto x = client(a);
    x->say(message_text(good_hello(a)));
    for (int i = 0; i < 6000; ++i) x->say("{\"type\":\"ping\"}");
    const auto begin = std::chrono::steady_clock::now();
    const auto pongs = [&] {
        return std::ranges::count_if(
            x->received, [](const std::string& text) { return text.find("pong") != std::string::npos; });
    };
    ASSERT_TRUE(until([&] { return pongs() == 6000; }));
    // 4,000 at once, and 2,000 in each second after that.
    EXPECT_GT(std::chrono::steady_clock::now() - begin, milliseconds(800));
    EXPECT_EQ(a.peers->list().size(), 1U);
}

TEST_F(Hostile, ATwinIsBelievedWithProofOnly) {
    const auto signer = keys::signer_of(
        keys::derive_key(keys::seed_of_phrase(base::as_bytes("a key of the test")).view()).key);
    TestNode& a = server([&](PeersOptions& options) { options.signer = signer; });
    Hello other = good_hello(a);
    const auto twin = [&](base::UnixMs time, bool sound) {
        other.time = time;
        const std::string text = hello_signed_text(other, {}, true);
        base::Bytes signature = signer.sign(base::as_bytes(text));
        if (!sound) signature[0] ^= 1;
        return message_text(Twin{text, signature});
    };
    const auto x = client(a);
    x->say(message_text(good_hello(a)));
    // Signed by an earlier process of this node, most likely.
    x->say(twin(base::now_unix_ms() - 3'600'000, true));
    x->say(message_text(Twin{"{\"purpose\":\"bt2c node hello\"}", {1, 2, 3}}));
    x->say("{\"type\":\"ping\"}");
    ASSERT_TRUE(
        until([&] { return !x->received.empty() && x->received.back().find("pong") != std::string::npos; }));
    EXPECT_FALSE(a.peers->view().twin);
    x->say(twin(base::now_unix_ms() + 1000, true));
    ASSERT_TRUE(until([&] { return a.peers->view().twin; })) << a.all_lines();
    x->say(twin(base::now_unix_ms() + 1000, false));
    ASSERT_TRUE(until([&] { return a.said("it tells of a twin without proof"); })) << a.all_lines();
}

}  // namespace
}  // namespace bt2c::node
