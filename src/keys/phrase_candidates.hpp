#pragma once
// What a damaged phrase may have been: every phrase that one usual mistake makes into it, the likely ones
// first.

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/wiping_allocator.hpp"

namespace bt2c::keys {

/// Numbers of words in BIP39's list.
using WordNumbers = crypto::SecretVector<std::uint16_t>;

/// One kind of mistake.
struct CandidateStage {
    std::string what;         ///< "two words swapped"
    std::uint64_t count = 0;  ///< candidates, before the checksum is looked at; at most 2^62
    /// Fills in candidate 0 … count − 1. Safe in several threads.
    std::function<void(std::uint64_t, WordNumbers&)> candidate;
};

/// @param typed the words, with '?' for one that cannot be read; words that are not in the list are taken for
///     misspelt ones. Throws Error(failed) when no single mistake leads from a phrase to it, or when more
///     than four words are unknown.
std::vector<CandidateStage> candidates_of(std::string_view typed);

}  // namespace bt2c::keys
