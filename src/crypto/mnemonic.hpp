#pragma once
// BIP39 phrases: entropy as words that people can write down.
// Source: https://github.com/bitcoin/bips/blob/master/bip-0039.mediawiki

#include <string>
#include <string_view>
#include <vector>

#include "crypto/secret.hpp"

namespace bt2c::crypto {

/// Words of the English list joined by blanks. `entropy`: 16, 20, 24, 28 or 32 bytes.
SecretBytes mnemonic_from_entropy(base::ByteView entropy);

/// What is wrong with a phrase, or nothing.
enum class MnemonicFault { none, word_count, unknown_word, checksum };
struct MnemonicResult {
    MnemonicFault fault = MnemonicFault::none;
    std::size_t word_position = 0;  ///< of the first unknown word, from 1
    SecretBytes entropy;            ///< empty unless fault is none
};
/// Forgives case and any amount of white space between words.
MnemonicResult entropy_from_mnemonic(std::string_view phrase);

/// The 2048 words, sorted.
const std::vector<std::string_view>& mnemonic_words();

}  // namespace bt2c::crypto
