#include "chain/canonical_json.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace bt2c::chain {
namespace {

// The texts are what Python 3.11's repr() prints.
TEST(CanonicalFloat, PrintsAsPythonDoes) {
    const struct {
        double value;
        const char* text;
    } cases[] = {
        {0.0, "0.0"},
        {-0.0, "-0.0"},
        {1.0, "1.0"},
        {21.0, "21.0"},
        {100.0, "100.0"},
        {0x1.5798ee2308c3ap-27, "1e-08"},
        {0x1.4f8b588e368f1p-17, "1e-05"},
        {0x1.a36371ea531a8p-14, "9.999e-05"},
        {0x1.a36e2eb1c432dp-14, "0.0001"},
        {0x1.02e4b6ce5dc68p-13, "0.00012345"},
        {0x1.c6bf526340000p+49, "1000000000000000.0"},
        {0x1.1c37937e07fffp+53, "9999999999999998.0"},
        {0x1.1c37937e08000p+53, "1e+16"},
        {0x1.b69b4ba630f35p+56, "1.2345678901234568e+17"},
        {0x1.9fc1ceb000000p+30, "1743811500.0"},
        {0x1.9fc1d361182d4p+30, "1743811800.27361"},
        {0x1.9fc1ceb2d8319p+30, "1743811500.7111266"},
        {0x0.0000000000001p-1022, "5e-324"},
        {0x1.fffffffffffffp+1023, "1.7976931348623157e+308"},
        {0x1.0p-44, "5.684341886080802e-14"},
        {0x1.0p+53, "9007199254740992.0"},
        {0x1.0000000000001p+53, "9007199254740994.0"},
        {0x1.0f0cf064dd592p+73, "1e+22"},
        {0x1.52d02c7e14af6p+76, "1e+23"},
        {0x1.5555555555555p-1, "0.6666666666666666"},
        {-0x1.421f5f40d8376p-23, "-1.5e-07"},
        {0x1.249ad2594c37dp+332, "1e+100"},
        {std::numeric_limits<double>::infinity(), "Infinity"},
        {-std::numeric_limits<double>::infinity(), "-Infinity"},
        {std::numeric_limits<double>::quiet_NaN(), "NaN"},
    };
    for (const auto& [value, text] : cases) EXPECT_EQ(float_text(value), text);
}

std::string quoted(std::string_view text) {
    std::string out;
    return append_string(out, text) ? out : "(refused)" + out;
}

// The texts are what Python 3.11's json.dumps() prints.
TEST(CanonicalString, EscapesAsPythonDoes) {
    EXPECT_EQ(quoted("mainnet"), "\"mainnet\"");
    EXPECT_EQ(quoted("a\"b\\c/\n\r\t\f\b"), "\"a\\\"b\\\\c/\\n\\r\\t\\f\\b\"");
    EXPECT_EQ(quoted(std::string_view("\0\x1F\x7F", 3)), "\"\\u0000\\u001f\x7F\"");
    EXPECT_EQ(quoted("Zürich"), "\"Z\\u00fcrich\"");
    EXPECT_EQ(quoted("\xF0\x9F\x98\x80"), "\"\\ud83d\\ude00\"");
    EXPECT_EQ(quoted("\xE2\x82\xAC"), "\"\\u20ac\"");
}

TEST(CanonicalString, RefusesWhatIsNotUtf8) {
    for (const char* text :
         {"\xFF", "\xC3", "\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "a\x80", "\xE2\x82"})
        EXPECT_EQ(quoted(text), "(refused)");
}

TEST(CanonicalObject, IsEmptyWhenAStringIsNotUtf8) {
    CanonicalObject good;
    EXPECT_EQ(good.member("a", std::int64_t{-1}).member("b", 1.5).member("c", "x").raw("d", "{}").text(),
              R"({"a": -1, "b": 1.5, "c": "x", "d": {}})");
    CanonicalObject bad;
    EXPECT_EQ(bad.member("a", "\xFF").member("b", "x").text(), "");
}

}  // namespace
}  // namespace bt2c::chain
