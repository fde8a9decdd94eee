#pragma once
// Seed phrases as people type them.

#include <string>
#include <string_view>
#include <vector>

#include "crypto/secret.hpp"

namespace bt2c::keys {

/// The longest text that is taken for a phrase.
constexpr std::size_t phrase_bytes_max = 4096;

/// The phrase as its maker meant it: lower case, single blanks. Throws Error(failed) for a word that is not
/// in BIP39's English list, with its position and the words nearest to it, for a number of words that no
/// phrase has, and for a checksum that does not fit.
crypto::SecretBytes clean_phrase(std::string_view typed);

/// Unicode's form NFKD of a text, as BIP39 hashes it. Throws Error(failed) when it is not UTF-8 or too long.
crypto::SecretBytes normalised(std::string_view text);

/// The words of the list nearest to one that is not in it, the nearest first; none that differ in more than
/// three letters.
std::vector<std::string_view> nearest_words(std::string_view word, std::size_t count);

}  // namespace bt2c::keys
