#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdlib>

#include "chain/canonical_json.hpp"
#include "chain/hash.hpp"

namespace bt2c::chain {
namespace {

TEST(CanonicalFloatProperty, ReadsBackTheSame) {
    EXPECT_TRUE(rc::check("any finite double survives its text", [](std::uint64_t bits) {
        const auto value = std::bit_cast<double>(bits);
        RC_PRE(std::isfinite(value));
        const std::string text = float_text(value);
        RC_ASSERT(std::bit_cast<std::uint64_t>(std::strtod(text.c_str(), nullptr)) == bits);
        // A float's text always shows that it is one.
        RC_ASSERT(text.find_first_of(".e") != std::string::npos);
    }));
}

TEST(CanonicalFloatProperty, IsTheShortest) {
    EXPECT_TRUE(rc::check("no text with fewer digits reads back the same", [](std::uint64_t bits) {
        const auto value = std::bit_cast<double>(bits);
        RC_PRE(std::isfinite(value) && value != 0);
        const std::string text = float_text(value);
        std::string digits;
        for (const char c : text.substr(0, text.find('e')))
            if (c >= '0' && c <= '9' && (c != '0' || !digits.empty())) digits += c;
        while (digits.size() > 1 && digits.back() == '0') digits.pop_back();
        RC_PRE(digits.size() > 1);
        char shorter[64];
        std::snprintf(shorter, sizeof shorter, "%.*e", static_cast<int>(digits.size()) - 2, value);
        RC_ASSERT(std::strtod(shorter, nullptr) != value);
    }));
}

TEST(HashTextProperty, ReadsBackTheSame) {
    EXPECT_TRUE(rc::check("a hash survives its text", [](const Hash& hash) {
        Hash back{};
        RC_ASSERT(parse_hash(hash_text(hash), back));
        RC_ASSERT(back == hash);
    }));
}

}  // namespace
}  // namespace bt2c::chain
