#include "keys/phrase.hpp"

#include <utf8proc.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "base/error.hpp"
#include "base/text.hpp"
#include "crypto/mnemonic.hpp"

namespace bt2c::keys {

using base::Error;
using base::ErrorKind;
using base::format;
using crypto::SecretBytes;

namespace {

constexpr std::size_t nearest_distance_max = 3;

std::string_view word_at(std::string_view phrase, std::size_t position) {
    constexpr std::string_view blanks = " \t\r\n";
    for (;; --position) {
        phrase.remove_prefix(std::min(phrase.find_first_not_of(blanks), phrase.size()));
        const std::string_view word = phrase.substr(0, phrase.find_first_of(blanks));
        if (position <= 1) return word;
        phrase.remove_prefix(word.size());
    }
}

std::size_t count_words(std::string_view phrase) {
    std::size_t count = 0;
    while (!word_at(phrase, count + 1).empty()) ++count;
    return count;
}

Error unknown_word(std::string_view phrase, std::size_t position) {
    const std::string_view word = word_at(phrase, position);
    std::string near;
    for (const std::string_view candidate : nearest_words(base::ascii_lower(word), 5))
        near += (near.empty() ? "" : ", ") + std::string(candidate);
    Error error(ErrorKind::failed, format("word {} of the phrase, '{}', is not in the list of words",
                                          position, base::printable(word.substr(0, 32))));
    error.hint(near.empty()
                   ? "look at what was written down; put '?' for a word that cannot be read, and name "
                     "what the key should be with --expect-address"
                   : format("did you mean {}?", near));
    return error;
}

void check_size(std::string_view text) {
    if (text.size() > phrase_bytes_max)
        throw Error(ErrorKind::failed,
                    format("this is no phrase: it is longer than {} bytes", phrase_bytes_max));
}

}  // namespace

SecretBytes clean_phrase(std::string_view typed) {
    check_size(typed);
    const crypto::MnemonicResult result = crypto::entropy_from_mnemonic(typed);
    switch (result.fault) {
        case crypto::MnemonicFault::none: break;
        case crypto::MnemonicFault::unknown_word: throw unknown_word(typed, result.word_position);
        case crypto::MnemonicFault::word_count:
            throw Error(ErrorKind::failed, format("the phrase has {} words", count_words(typed)))
                .cause("phrases have 12, 15, 18, 21 or 24 words")
                .hint("with --expect-address a missing word, or one too many, is searched for");
        case crypto::MnemonicFault::checksum:
            throw Error(ErrorKind::failed, "the phrase's checksum does not fit its words")
                .cause("a word is another one than was written down, or two are swapped")
                .hint(
                    "with --expect-address the wrong word is searched for; --raw-phrase takes the text as it "
                    "is");
    }
    return crypto::mnemonic_from_entropy(result.entropy.view());
}

SecretBytes normalised(std::string_view text) {
    check_size(text);
    // ASCII is its own normal form, and need not pass through a library's memory.
    if (std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; }))
        return SecretBytes::copy_of(base::as_bytes(text));
    struct Wipe {
        utf8proc_ssize_t size;
        void operator()(utf8proc_uint8_t* bytes) const noexcept {
            crypto::wipe(bytes, static_cast<std::size_t>(size));
            std::free(bytes);
        }
    };
    utf8proc_uint8_t* out = nullptr;
    const utf8proc_ssize_t size = utf8proc_map(
        reinterpret_cast<const utf8proc_uint8_t*>(text.data()), static_cast<utf8proc_ssize_t>(text.size()),
        &out, static_cast<utf8proc_option_t>(UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | UTF8PROC_STABLE));
    if (size < 0) throw Error(ErrorKind::failed, "the phrase is not UTF-8").cause(utf8proc_errmsg(size));
    const std::unique_ptr<utf8proc_uint8_t, Wipe> owner(out, Wipe{size});
    return SecretBytes::copy_of({out, static_cast<std::size_t>(size)});
}

std::vector<std::string_view> nearest_words(std::string_view word, std::size_t count) {
    std::vector<std::pair<std::size_t, std::string_view>> found;
    if (word.size() <= phrase_bytes_max / 64)
        for (const std::string_view candidate : crypto::mnemonic_words())
            if (const std::size_t distance = base::edit_distance(word, candidate);
                distance <= nearest_distance_max)
                found.emplace_back(distance, candidate);
    std::stable_sort(found.begin(), found.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    std::vector<std::string_view> words;
    for (std::size_t i = 0; i < std::min(count, found.size()); ++i) words.push_back(found[i].second);
    return words;
}

}  // namespace bt2c::keys
