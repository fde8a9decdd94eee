#include "keys/share.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/text.hpp"
#include "keys/phrase.hpp"

namespace bt2c::keys {

/// data/slip39-words.txt, turned into a source file by the build.
extern const char* const slip39_words_text;

using base::Error;
using base::ErrorKind;
using crypto::SecretBytes;

namespace {

constexpr std::size_t share_list_size = 1024;
constexpr unsigned word_bits = 10;
constexpr std::size_t header_words = 4;
constexpr std::size_t checksum_words = 3;
/// A secret of 128 bits, the smallest that the standard knows.
constexpr std::size_t words_min = 20;
constexpr std::size_t words_max = 59;  // 512 bits
constexpr std::size_t padding_bits_max = 8;

const std::vector<std::string_view>& words_list() {
    static const std::vector<std::string_view> words = [] {
        std::vector<std::string_view> list;
        std::string_view rest = slip39_words_text;
        while (!rest.empty()) {
            const std::size_t end = std::min(rest.find('\n'), rest.size());
            list.push_back(rest.substr(0, end));
            rest.remove_prefix(std::min(end + 1, rest.size()));
        }
        BT2C_ASSERT(list.size() == share_list_size && std::is_sorted(list.begin(), list.end()));
        return list;
    }();
    return words;
}

/// Words as numbers; zeroed when they go.
class Numbers {
 public:
    explicit Numbers(std::size_t count) : bytes_(count * 2) {}
    std::uint16_t get(std::size_t i) const {
        return static_cast<std::uint16_t>(bytes_.data()[2 * i] << 8 | bytes_.data()[2 * i + 1]);
    }
    void set(std::size_t i, unsigned value) {
        bytes_.data()[2 * i] = static_cast<std::uint8_t>(value >> 8);
        bytes_.data()[2 * i + 1] = static_cast<std::uint8_t>(value);
    }
    std::size_t size() const { return bytes_.size() / 2; }

 private:
    SecretBytes bytes_;
};

/// The Reed-Solomon code over GF(1024) that guards a share.
std::uint32_t polymod(bool extendable, const Numbers& words) {
    constexpr std::array<std::uint32_t, 10> generator{0x00E0E040, 0x01C1C080, 0x03838100, 0x07070200,
                                                      0x0E0E0009, 0x1C0C2412, 0x38086C24, 0x3090FC48,
                                                      0x21B1F890, 0x03F3F120};
    std::uint32_t checksum = 1;
    const auto take = [&](std::uint32_t value) {
        const std::uint32_t top = checksum >> 20;
        checksum = (checksum & 0xFFFFFU) << 10 ^ value;
        for (unsigned i = 0; i < generator.size(); ++i) checksum ^= (0U - (top >> i & 1U)) & generator[i];
    };
    for (const char c : std::string_view(extendable ? "shamir_extendable" : "shamir"))
        take(static_cast<unsigned char>(c));
    for (std::size_t i = 0; i < words.size(); ++i) take(words.get(i));
    return checksum;
}

Error unsound_share(std::string why) {
    return Error(ErrorKind::failed, "this is no share").cause(std::move(why));
}

std::uint16_t number_of(const std::string& word, std::size_t position) {
    const auto& list = words_list();
    const auto found = std::lower_bound(list.begin(), list.end(), word);
    if (found != list.end() && *found == word) return static_cast<std::uint16_t>(found - list.begin());
    std::vector<std::string> all(list.begin(), list.end());
    const std::string near = base::nearest_word(word, all);
    Error error = unsound_share(base::format("its word {}, '{}', is not in the list of words", position,
                                             base::printable(word.substr(0, 32))));
    if (!near.empty()) error.hint(base::format("did you mean {}?", near));
    throw error;
}

Numbers numbers_of(std::string_view text) {
    if (text.size() > phrase_bytes_max) throw unsound_share("it is too long");
    std::vector<std::uint16_t> found;
    std::string word;
    const auto end_word = [&] {
        if (word.empty()) return;
        found.push_back(number_of(word, found.size() + 1));
        crypto::wipe(word.data(), word.size());
        word.clear();
    };
    for (const char c : text) {
        if (c == ' ' || c == '\t' || c == '\n' || c == '\r')
            end_word();
        else
            word += base::ascii_lower({&c, 1});
    }
    end_word();
    if (found.size() < words_min || found.size() > words_max)
        throw unsound_share(
            base::format("it has {} words; shares have 20, 33, or some number between", found.size()));
    Numbers words(found.size());
    for (std::size_t i = 0; i < found.size(); ++i) words.set(i, found[i]);
    crypto::wipe(found.data(), found.size() * sizeof found[0]);
    return words;
}

}  // namespace

bool Share::same_set(const Share& other) const noexcept {
    return identifier == other.identifier && extendable == other.extendable && exponent == other.exponent &&
           group_threshold == other.group_threshold && group_count == other.group_count &&
           value.size() == other.value.size();
}

SecretBytes encode_share(const Share& share) {
    const std::size_t value_words = (share.value.size() * 8 + word_bits - 1) / word_bits;
    Numbers words(header_words + value_words + checksum_words);
    const unsigned first =
        static_cast<unsigned>(share.identifier) << 5 | (share.extendable ? 1U : 0U) << 4 | share.exponent;
    const unsigned second = static_cast<unsigned>(share.group) << 16 | (share.group_threshold - 1U) << 12 |
                            (share.group_count - 1U) << 8 | static_cast<unsigned>(share.member) << 4 |
                            (share.member_threshold - 1U);
    words.set(0, first >> 10);
    words.set(1, first & 1023U);
    words.set(2, second >> 10);
    words.set(3, second & 1023U);
    const std::size_t padding = value_words * word_bits - share.value.size() * 8;
    for (std::size_t i = 0; i < value_words; ++i) {
        unsigned word = 0;
        for (std::size_t bit = i * word_bits; bit < (i + 1) * word_bits; ++bit) {
            const std::size_t at = bit - padding;
            const bool set = bit >= padding && (share.value.data()[at / 8] >> (7 - at % 8) & 1) != 0;
            word = word << 1 | (set ? 1U : 0U);
        }
        words.set(header_words + i, word);
    }
    const std::uint32_t checksum = polymod(share.extendable, words) ^ 1U;
    for (unsigned i = 0; i < checksum_words; ++i)
        words.set(words.size() - checksum_words + i, checksum >> (10 * (2 - i)) & 1023U);
    SecretBytes text(words.size() * 9);
    std::uint8_t* at = text.data();
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (i > 0) *at++ = ' ';
        at = std::ranges::copy(words_list()[words.get(i)], at).out;
    }
    return text.first(static_cast<std::size_t>(at - text.data()));
}

Share decode_share(std::string_view text) {
    const Numbers words = numbers_of(text);
    Share share;
    const unsigned first = static_cast<unsigned>(words.get(0)) << 10 | words.get(1);
    const unsigned second = static_cast<unsigned>(words.get(2)) << 10 | words.get(3);
    share.identifier = static_cast<std::uint16_t>(first >> 5);
    share.extendable = (first >> 4 & 1U) != 0;
    share.exponent = static_cast<std::uint8_t>(first & 15U);
    share.group = static_cast<std::uint8_t>(second >> 16);
    share.group_threshold = static_cast<std::uint8_t>((second >> 12 & 15U) + 1);
    share.group_count = static_cast<std::uint8_t>((second >> 8 & 15U) + 1);
    share.member = static_cast<std::uint8_t>(second >> 4 & 15U);
    share.member_threshold = static_cast<std::uint8_t>((second & 15U) + 1);
    if (polymod(share.extendable, words) != 1)
        throw unsound_share("its checksum does not fit: a word is wrong, or two are swapped");
    const std::size_t value_words = words.size() - header_words - checksum_words;
    const std::size_t padding = value_words * word_bits % 16;
    if (padding > padding_bits_max) throw unsound_share(base::format("no share has {} words", words.size()));
    if (share.group_threshold > share.group_count)
        throw unsound_share("it asks for more groups than there are");
    share.value = SecretBytes((value_words * word_bits - padding) / 8);
    for (std::size_t bit = 0; bit < value_words * word_bits; ++bit) {
        const bool set =
            (words.get(header_words + bit / word_bits) >> (word_bits - 1 - bit % word_bits) & 1) != 0;
        if (!set) continue;
        if (bit < padding) throw unsound_share("its padding is not empty");
        const std::size_t at = bit - padding;
        share.value.data()[at / 8] |= static_cast<std::uint8_t>(0x80U >> (at % 8));
    }
    return share;
}

}  // namespace bt2c::keys
