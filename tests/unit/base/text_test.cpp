#include "base/text.hpp"

#include <gtest/gtest.h>

#include <cstdint>

namespace bt2c::base {
namespace {

TEST(Text, SizesHaveThreeDigits) {
    EXPECT_EQ(human_size(0), "0 B");
    EXPECT_EQ(human_size(1023), "1023 B");
    EXPECT_EQ(human_size(1024), "1.00 KiB");
    EXPECT_EQ(human_size(1536), "1.50 KiB");
    EXPECT_EQ(human_size(10 * 1024), "10.0 KiB");
    EXPECT_EQ(human_size(500 * 1024), "500 KiB");
    EXPECT_EQ(human_size(1024 * 1024 - 1), "1.00 MiB");
    EXPECT_EQ(human_size(UINT64_MAX), "16.0 EiB");
}

TEST(Text, DurationsReadLikeSpeech) {
    EXPECT_EQ(human_duration(0), "0.0 s");
    EXPECT_EQ(human_duration(0.84), "0.8 s");
    EXPECT_EQ(human_duration(59.4), "59 s");
    EXPECT_EQ(human_duration(59.6), "1 min 00 s");
    EXPECT_EQ(human_duration(125), "2 min 05 s");
    EXPECT_EQ(human_duration(3 * 3600 + 12 * 60), "3 h 12 min");
    EXPECT_EQ(human_duration(50 * 3600), "2 d 02 h");
    EXPECT_EQ(human_duration(-2), "-2.0 s");
}

TEST(Text, CountsHaveCommas) {
    EXPECT_EQ(human_count(0), "0");
    EXPECT_EQ(human_count(999), "999");
    EXPECT_EQ(human_count(1000), "1,000");
    EXPECT_EQ(human_count(1650000), "1,650,000");
    EXPECT_EQ(human_count(UINT64_MAX), "18,446,744,073,709,551,615");
}

TEST(Text, NearestWordIsATypingErrorAway) {
    const std::vector<std::string> words{"backup", "restore", "list-backups", "help"};
    EXPECT_EQ(nearest_word("bakcup", words), "backup");
    EXPECT_EQ(nearest_word("restor", words), "restore");
    EXPECT_EQ(nearest_word("hlep", words), "help");
    EXPECT_EQ(nearest_word("list-bakups", words), "list-backups");
    EXPECT_EQ(nearest_word("frobnicate", words), "");
    EXPECT_EQ(nearest_word("", words), "");
    EXPECT_EQ(nearest_word("x", {}), "");
    EXPECT_EQ(nearest_word(std::string(1'000'000, 'a'), words), "");
}

TEST(Text, PrintableKeepsLettersAndShowsWhatSteersATerminal) {
    EXPECT_EQ(printable("Sicherung für Zoë ✓ 備份"), "Sicherung für Zoë ✓ 備份");
    EXPECT_EQ(printable("a\x1b[31mb\n\t\x7f"), "a\\x1b[31mb\\x0a\\x09\\x7f");
    EXPECT_EQ(printable("\xc2\x9b"), "\\xc2\\x9b");           // CSI as one C1 control
    EXPECT_EQ(printable("\xff\xc3"), "\\xff\\xc3");           // no UTF-8, and cut off
    EXPECT_EQ(printable("\xc0\x80"), "\\xc0\\x80");           // overlong
    EXPECT_EQ(printable("\xed\xa0\x80"), "\\xed\\xa0\\x80");  // a surrogate
    EXPECT_EQ(printable(std::string_view("\0", 1)), "\\x00");
}

TEST(Text, IsCutBetweenCharacters) {
    EXPECT_EQ(cut_to("abc", 3), "abc");
    EXPECT_EQ(cut_to("abcd", 3), "abc");
    EXPECT_EQ(cut_to("ab\u0436", 4), "ab\u0436");
    EXPECT_EQ(cut_to("ab\u0436x", 3), "ab");
    EXPECT_EQ(cut_to("\u20ac\u20ac", 5), "\u20ac");
    EXPECT_EQ(cut_to("\u20ac", 2), "");
}

}  // namespace
}  // namespace bt2c::base
