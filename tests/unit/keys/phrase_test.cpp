// [K1] Phrases as people type them.

#include "keys/phrase.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"

namespace bt2c::keys {
namespace {

using base::Error;

constexpr std::string_view sound =
    "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about";

std::string told(std::string_view typed) {
    try {
        clean_phrase(typed);
    } catch (const Error& error) {
        return error.message() + "|" + error.cause() + "|" + error.hint();
    }
    return "";
}

TEST(Phrase, CaseAndBlanksAreForgiven) {
    EXPECT_EQ(clean_phrase("  Abandon ABANDON\tabandon abandon abandon abandon abandon abandon abandon\n"
                           "abandon   abandon about\r\n")
                  .text(),
              sound);
}

TEST(Phrase, UnknownWordIsNamedWithItsPlaceAndNeighbours) {
    std::string typed(sound);
    typed.replace(typed.size() - 5, 5, "abuot");
    EXPECT_NE(told(typed).find("word 12 of the phrase, 'abuot'"), std::string::npos) << told(typed);
    EXPECT_NE(told(typed).find("about"), std::string::npos);
    EXPECT_NE(told("\xc3\xa4 " + std::string(sound.substr(8))).find("word 1 "), std::string::npos);
}

TEST(Phrase, WrongNumbersOfWordsAndChecksumsAreTold) {
    EXPECT_NE(told("").find("0 words"), std::string::npos);
    EXPECT_NE(told("zoo zoo").find("2 words"), std::string::npos);
    std::string typed(sound);
    typed.replace(typed.size() - 5, 5, "zebra");
    EXPECT_NE(told(typed).find("checksum"), std::string::npos);
    EXPECT_NE(told(std::string(10'000, 'a')).find("longer"), std::string::npos);
}

TEST(Phrase, NearestWordsComeFirst) {
    EXPECT_EQ(nearest_words("abuot", 1).at(0), "about");
    EXPECT_EQ(nearest_words("zoo", 1).at(0), "zoo");
    EXPECT_TRUE(nearest_words("qqqqqqqqqqqq", 5).empty());
    EXPECT_TRUE(nearest_words(std::string(4000, 'a'), 5).empty());
}

TEST(Phrase, OtherTextsAreNormalised) {
    EXPECT_EQ(normalised("Z\xc3\xbcrich").text(), "Zu\xcc\x88rich");
    EXPECT_EQ(normalised(" A  b\n").text(), " A  b\n");
    EXPECT_THROW(normalised("\xff\xfe"), Error);
}

}  // namespace
}  // namespace bt2c::keys
