#pragma once
// Finds the phrase that a damaged one was, when something is known of its key.

#include <optional>
#include <string>
#include <vector>

#include "base/progress.hpp"
#include "keys/identity.hpp"
#include "keys/phrase_candidates.hpp"

namespace bt2c::keys {

class PhraseSearch {
 public:
    /// Throws Error as candidates_of(). The identity must outlive the search.
    PhraseSearch(std::string_view typed, const KeyIdentity& identity, Variant variant);

    /// Candidates, before their checksums are looked at.
    std::uint64_t total() const { return total_; }
    /// What the search takes at the most, by what each test costs on a processor of today.
    double expected_seconds(unsigned threads) const;

    struct Found {
        crypto::SecretBytes phrase;
        RsaKey key;
        std::string what;  ///< the mistake: "two words swapped"
    };
    /// Nothing when no candidate is the phrase. Interrupted, its Error(interrupted) hints at where to go on.
    /// @param start_at candidates that an earlier search has tried
    std::optional<Found> run(unsigned threads, std::uint64_t start_at, base::Progress& progress) const;

 private:
    struct Place {
        const CandidateStage* stage;
        std::uint64_t index;
    };
    Place place_of(std::uint64_t number) const;
    std::optional<RsaKey> key_of(const WordNumbers& words, crypto::SecretBytes& phrase) const;

    const KeyIdentity& identity_;
    const Variant variant_;
    std::vector<CandidateStage> stages_;
    std::uint64_t total_ = 0;
};

}  // namespace bt2c::keys
