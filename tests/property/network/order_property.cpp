// [N1] Whatever happens to a signed order on its way, it counts as it was signed or not at all.

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/error.hpp"
#include "network/order_check.hpp"
#include "unit/network/policy.hpp"

namespace bt2c::network {
namespace {

/// Making keys takes longer than checking signatures.
const config::EmergencyPolicy& rules() {
    static const config::EmergencyPolicy policy = test::policy();
    return policy;
}

/// Whether a node would take it, and obey something else than was signed.
bool counts_as_another(const std::string& text, const Order& original) {
    try {
        const Order order = Order::parse(text);
        check(order, rules(), test::situation(), CheckMode::fresh);
        return order.text() != original.text();
    } catch (const base::Error&) {
        return false;
    }
}

bool counts(const std::string& text) {
    try {
        check(Order::parse(text), rules(), test::situation(), CheckMode::fresh);
        return true;
    } catch (const base::Error&) {
        return false;
    }
}

TEST(OrderBytes, NoSingleByteCanBeChanged) {
    const Order order = test::signed_by(test::pause_order(), {"alice"});
    const std::string text = order.text() + "\n";
    ASSERT_TRUE(counts(text));
    std::size_t tried = 0;
    for (std::size_t at = 0; at < text.size(); ++at)
        // All bits, and the characters that mean something in JSON, hexadecimal or base64.
        for (const int other : {1, 2, 4, 8, 16, 32, 64, 128, 256 + '"', 256 + '\\', 256 + ' ', 256 + '0',
                                256 + 'a', 256 + 'A', 256 + '='}) {
            std::string changed = text;
            changed[at] = static_cast<char>(other < 256 ? changed[at] ^ other : other - 256);
            if (changed == text) continue;
            ++tried;
            ASSERT_FALSE(counts(changed)) << at << " " << other;
        }
    EXPECT_GT(tried, text.size() * 10);
}

TEST(OrderBytes, NoneCanBeLeftOutOrPutIn) {
    const Order order = test::signed_by(test::pause_order(), {"alice"});
    const std::string text = order.text();
    for (std::size_t at = 0; at < text.size(); ++at) {
        std::string changed = text;
        ASSERT_FALSE(counts(changed.erase(at, 1))) << at;
        ASSERT_FALSE(counts(text.substr(0, at))) << at;
        for (const char put : {' ', '0', '"', ',', '\n', '\t'}) {
            changed = text;
            ASSERT_FALSE(counts(changed.insert(at, 1, put))) << at << put;
        }
    }
}

RC_GTEST_PROP(OrderBytes, SeveralChangesNeverMakeAnotherOrder, ()) {
    const Order order = test::signed_by(test::pause_order(), {"alice", "bob"});
    std::string text = order.text();
    const int changes = *rc::gen::inRange(1, 6);
    for (int i = 0; i < changes; ++i) {
        const auto at = *rc::gen::inRange<std::size_t>(0, text.size());
        text[at] = *rc::gen::arbitrary<char>();
    }
    RC_ASSERT(!counts_as_another(text, order));
}

RC_GTEST_PROP(OrderBytes, WhatIsSignedComesBack, ()) {
    Order order = test::pause_order(*rc::gen::inRange<std::int64_t>(1, sequence_max));
    order.reason = *rc::gen::string<std::string>();
    order.reason.resize(std::min<std::size_t>(order.reason.size(), 200));
    order = test::signed_by(order, {"alice"});
    const Order read = Order::parse(order.text());
    RC_ASSERT(read.text() == order.text());
    RC_ASSERT(verifies(read, read.signatures[0], test::signer_called("alice").public_key));
}

/// A signature of one order never counts for another.
RC_GTEST_PROP(OrderBytes, SignaturesDoNotMove, ()) {
    const Order signed_order = test::signed_by(test::pause_order(), {"alice"});
    Order other = test::pause_order();
    switch (*rc::gen::inRange(0, 6)) {
        case 0: other.sequence = *rc::gen::inRange<std::int64_t>(2, 1000); break;
        case 1: other.pause_until += *rc::gen::inRange<std::int64_t>(1, test::hour); break;
        case 2: other.issued_at -= *rc::gen::inRange<std::int64_t>(1, test::minute); break;
        case 3: other.expires_at -= *rc::gen::inRange<std::int64_t>(1, test::minute); break;
        case 4: other.incident += *rc::gen::element('a', 'b'); break;
        default: other.reason.pop_back(); other.reason.pop_back();
    }
    other.signatures = signed_order.signatures;
    RC_ASSERT(!counts(other.text()));
}

}  // namespace
}  // namespace bt2c::network
