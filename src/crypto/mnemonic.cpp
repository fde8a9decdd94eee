#include "crypto/mnemonic.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include "base/error.hpp"
#include "crypto/hash.hpp"

namespace bt2c::crypto {

/// data/bip39-english.txt, turned into a source file by the build.
extern const char* const bip39_english_text;

namespace {

constexpr unsigned word_bits = 11;
constexpr std::size_t longest_word = 8;

bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/// Bit `at` of the entropy followed by its checksum.
bool bit_of(base::ByteView entropy, const Digest& checksum, std::size_t at) {
    const std::uint8_t byte = at / 8 < entropy.size() ? entropy[at / 8] : checksum[at / 8 - entropy.size()];
    return (byte >> (7 - at % 8) & 1) != 0;
}

}  // namespace

const std::vector<std::string_view>& mnemonic_words() {
    static const std::vector<std::string_view> words = [] {
        std::vector<std::string_view> list;
        std::string_view rest = bip39_english_text;
        while (!rest.empty()) {
            const std::size_t end = std::min(rest.find('\n'), rest.size());
            list.push_back(rest.substr(0, end));
            rest.remove_prefix(std::min(end + 1, rest.size()));
        }
        BT2C_ASSERT(list.size() == 2048 && std::is_sorted(list.begin(), list.end()));
        return list;
    }();
    return words;
}

SecretBytes mnemonic_from_entropy(base::ByteView entropy) {
    BT2C_ASSERT(entropy.size() >= 16 && entropy.size() <= 32 && entropy.size() % 4 == 0);
    const Digest checksum = sha256(entropy);
    const std::size_t words = entropy.size() * 8 * 33 / 32 / word_bits;
    SecretBytes text(words * (longest_word + 1));
    std::size_t used = 0;
    for (std::size_t i = 0; i < words; ++i) {
        unsigned index = 0;
        for (std::size_t bit = i * word_bits; bit < (i + 1) * word_bits; ++bit)
            index = index << 1 | (bit_of(entropy, checksum, bit) ? 1U : 0U);
        if (i > 0) text.data()[used++] = ' ';
        for (const char c : mnemonic_words()[index]) text.data()[used++] = static_cast<std::uint8_t>(c);
    }
    return text.first(used);
}

MnemonicResult entropy_from_mnemonic(std::string_view phrase) {
    MnemonicResult result;
    SecretBytes bits(34);  // 24 words of 11 bits are 33 bytes
    std::size_t count = 0;
    std::array<char, longest_word> word{};
    for (std::size_t at = 0; at < phrase.size();) {
        if (is_blank(phrase[at])) {
            ++at;
            continue;
        }
        std::size_t length = 0;
        for (; at < phrase.size() && !is_blank(phrase[at]); ++at, ++length)
            if (length < word.size())
                word[length] = static_cast<char>(std::tolower(static_cast<unsigned char>(phrase[at])));
        const std::string_view lower(word.data(), std::min(length, word.size()));
        const auto& list = mnemonic_words();
        const auto found = std::lower_bound(list.begin(), list.end(), lower);
        ++count;
        if (length > word.size() || found == list.end() || *found != lower) {
            if (result.fault == MnemonicFault::none) result.word_position = count;
            result.fault = MnemonicFault::unknown_word;
        } else if (count <= 24) {
            const auto index = static_cast<std::size_t>(found - list.begin());
            for (std::size_t bit = 0; bit < word_bits; ++bit)
                if ((index >> (word_bits - 1 - bit) & 1) != 0) {
                    const std::size_t position = (count - 1) * word_bits + bit;
                    bits.data()[position / 8] |= static_cast<std::uint8_t>(0x80U >> (position % 8));
                }
        }
    }
    wipe(word.data(), word.size());
    if (count < 12 || count > 24 || count % 3 != 0) {
        result.fault = MnemonicFault::word_count;
        return result;
    }
    if (result.fault != MnemonicFault::none) return result;
    const std::size_t checksum_bits = count * word_bits / 33;
    const std::size_t entropy_bytes = checksum_bits * 4;
    SecretBytes entropy = bits.first(entropy_bytes);
    const auto mask = static_cast<std::uint8_t>(0xFF00U >> checksum_bits);
    if ((sha256(entropy.view())[0] & mask) != (bits.data()[entropy_bytes] & mask))
        result.fault = MnemonicFault::checksum;
    else
        result.entropy = std::move(entropy);
    return result;
}

}  // namespace bt2c::crypto
