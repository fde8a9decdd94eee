#pragma once
// Nodes without a chain of their own on one loop.

#include <gtest/gtest.h>

#include <algorithm>

#include "crypto/certificate.hpp"
#include "node/peers.hpp"
#include "unit/node_net/fake_chain.hpp"

namespace bt2c::node {

inline crypto::Validity valid_now() {
    const base::UnixMs now = base::now_unix_ms();
    return {now - 3'600'000, now + 86'400'000};
}

/// The authority of a test's network.
inline const crypto::CertifiedKey& test_authority() {
    static const crypto::CertifiedKey authority = crypto::make_authority("test-authority", valid_now());
    return authority;
}
inline TlsIdentity identity_of(const crypto::CertifiedKey& authority, const std::string& name,
                               const crypto::Validity& validity = valid_now()) {
    crypto::CertifiedKey issued = crypto::issue_certificate(authority, name, validity);
    return {authority.certificate, issued.certificate, std::move(issued.key)};
}

struct TestNode {
    TestNode(EventLoop& loop, const std::string& name, std::vector<std::uint16_t> dial = {},
             std::function<void(PeersOptions&)> adjust = nullptr, TlsIdentity identity = {})
        : log([this, name](const std::string& line) { lines.push_back(line); }) {
        if (identity.certificate.empty()) identity = identity_of(test_authority(), name);
        PeersOptions options;
        options.name = name;
        options.network = "testnet";
        options.genesis = chain.blocks[0].header.hash;
        options.listen = {"127.0.0.1", 0};
        options.limits.unproved_per_host = 32;
        options.status = std::chrono::milliseconds(100);
        for (const std::uint16_t port : dial) options.dial.push_back({"127.0.0.1", port});
        if (adjust) adjust(options);
        start = [this, &loop, options = std::make_shared<PeersOptions>(options),
                 identity = std::make_shared<TlsIdentity>(std::move(identity))] {
            peers = std::make_unique<Peers>(loop, *options, *identity, chain, log,
                                            PeersEvents{[this] { ++tip_changes; }, [] {}});
        };
    }
    std::uint16_t port() const { return peers->listening_port(); }
    bool said(const std::string& words) const {
        return std::ranges::any_of(
            lines, [&](const std::string& line) { return line.find(words) != std::string::npos; });
    }
    std::string all_lines() const {
        std::string text;
        for (const std::string& line : lines) text += line + "\n";
        return text;
    }

    FakeChain chain;
    std::vector<std::string> lines;
    EventLog log;
    std::function<void()> start;
    std::unique_ptr<Peers> peers;
    int tip_changes = 0;
};

struct NodeNet : testing::Test {
    TestNode& node(const std::string& name, std::vector<std::uint16_t> dial = {},
                   std::function<void(PeersOptions&)> adjust = nullptr, TlsIdentity identity = {}) {
        nodes.push_back(
            std::make_unique<TestNode>(loop, name, std::move(dial), std::move(adjust), std::move(identity)));
        return *nodes.back();
    }
    TestNode& started(const std::string& name, std::vector<std::uint16_t> dial = {},
                      std::function<void(PeersOptions&)> adjust = nullptr, TlsIdentity identity = {}) {
        TestNode& made = node(name, std::move(dial), std::move(adjust), std::move(identity));
        made.start();
        return made;
    }
    /// Runs the loop until it holds; false after twenty seconds.
    bool until(const std::function<bool()>& holds,
               std::chrono::milliseconds patience = std::chrono::seconds(20)) {
        const auto deadline = std::chrono::steady_clock::now() + patience;
        bool good = false;
        loop.post([&] { look(holds, deadline, good); });
        loop.run();
        return good;
    }
    /// Lets things happen that should not; a slow machine makes this weaker, never wrong.
    void for_a_while(std::chrono::milliseconds time = std::chrono::milliseconds(400)) {
        until([] { return false; }, time);
    }

    EventLoop loop;
    std::vector<std::unique_ptr<TestNode>> nodes;

 private:
    void look(const std::function<bool()>& holds, std::chrono::steady_clock::time_point deadline,
              bool& good) {
        good = holds();
        if (good || std::chrono::steady_clock::now() > deadline) return loop.stop();
        loop.after(std::chrono::milliseconds(5),
                   [this, holds, deadline, &good] { look(holds, deadline, good); });
    }
};

}  // namespace bt2c::node
