#include "crypto/mnemonic.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/json.hpp"
#include "platform/file.hpp"

namespace bt2c::crypto {
namespace {

using base::Bytes;

constexpr const char* zeros_phrase =
    "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon "
    "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon art";

// https://github.com/trezor/python-mnemonic/blob/master/vectors.json
TEST(Mnemonic, AgreesWithThePublishedVectors) {
    const auto file = std::filesystem::path(BT2C_SOURCE_DIR) /
                      "../shared/reference/vectors/standards/bip39-vectors-trezor.json";
    if (!std::filesystem::exists(file)) GTEST_SKIP() << "no reference data at " << file;
    const base::Bytes text = platform::read_file(file, 10'000'000);
    const base::Json vectors = base::Json::parse(base::as_text(text));
    int of_24_words = 0;
    for (const base::Json& vector : vectors.array_at("english")) {
        const Bytes entropy = base::from_hex(vector.elements().at(0).string()).value();
        const std::string& phrase = vector.elements().at(1).string();
        EXPECT_EQ(mnemonic_from_entropy(entropy).text(), phrase);
        const MnemonicResult read = entropy_from_mnemonic(phrase);
        EXPECT_EQ(read.fault, MnemonicFault::none);
        EXPECT_EQ(base::to_hex(read.entropy.view()), base::to_hex(entropy));
        if (entropy.size() == 32) ++of_24_words;
    }
    EXPECT_EQ(of_24_words, 8);
}

TEST(Mnemonic, OfZeros) {
    EXPECT_EQ(mnemonic_from_entropy(Bytes(32)).text(), zeros_phrase);
}

TEST(Mnemonic, ForgivesCaseAndBlanks) {
    std::string phrase = "  \t";
    for (const char c : std::string(zeros_phrase)) {
        phrase += static_cast<char>(std::toupper(c));
        if (c == ' ') phrase += "\r\n ";
    }
    const MnemonicResult read = entropy_from_mnemonic(phrase + "\n");
    EXPECT_EQ(read.fault, MnemonicFault::none);
    EXPECT_EQ(base::to_hex(read.entropy.view()), std::string(64, '0'));
}

TEST(Mnemonic, NamesTheFault) {
    std::string phrase = zeros_phrase;
    EXPECT_EQ(entropy_from_mnemonic("").fault, MnemonicFault::word_count);
    EXPECT_EQ(entropy_from_mnemonic(phrase + " abandon").fault, MnemonicFault::word_count);
    EXPECT_EQ(entropy_from_mnemonic(phrase + " " + phrase).fault, MnemonicFault::word_count);
    EXPECT_EQ(entropy_from_mnemonic(phrase.substr(0, phrase.size() - 3) + "zoo").fault,
              MnemonicFault::checksum);
    phrase.replace(8, 7, "abandonx");
    const MnemonicResult unknown = entropy_from_mnemonic(phrase);
    EXPECT_EQ(unknown.fault, MnemonicFault::unknown_word);
    EXPECT_EQ(unknown.word_position, 2U);
    EXPECT_TRUE(unknown.entropy.empty());
}

TEST(Mnemonic, WordsThatAreTooLongAreUnknown) {
    std::string phrase = zeros_phrase;
    phrase.replace(0, 7, std::string(1000, 'a'));
    EXPECT_EQ(entropy_from_mnemonic(phrase).word_position, 1U);
    // Eight letters of a longer word are no word.
    phrase = zeros_phrase;
    phrase.replace(0, 7, "abstractly");
    EXPECT_EQ(entropy_from_mnemonic(phrase).fault, MnemonicFault::unknown_word);
}

}  // namespace
}  // namespace bt2c::crypto
