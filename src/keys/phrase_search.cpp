#include "keys/phrase_search.hpp"

#include <algorithm>
#include <array>

#include "base/error.hpp"
#include "base/parallel.hpp"
#include "base/text.hpp"
#include "crypto/mnemonic.hpp"

namespace bt2c::keys {

using base::Error;
using base::ErrorKind;
using crypto::SecretBytes;

namespace {

/// Measured on one core of a server of 2023: what one candidate costs when it comes to each test.
constexpr double checksum_s = 0.5e-6;
constexpr double digest_s = 2e-6;
constexpr double modulus_s = 12e-3;
constexpr double derivation_s = 24e-3;

constexpr std::uint64_t unit_candidates = 64;

/// BIP39: the words' bits are the entropy and the first bits of its SHA-256.
bool checksum_fits(const WordNumbers& words) {
    std::array<std::uint8_t, 33> bits{};
    for (std::size_t i = 0; i < words.size(); ++i) {
        const std::size_t at = i * 11;
        const std::uint32_t shifted = std::uint32_t{words[i]} << (24 - 11 - at % 8);
        for (std::size_t byte = 0; byte < 3 && at / 8 + byte < bits.size(); ++byte)
            bits[at / 8 + byte] |= static_cast<std::uint8_t>(shifted >> (16 - 8 * byte));
    }
    const std::size_t checksum_bits = words.size() / 3;
    const std::size_t entropy_bytes = checksum_bits * 4;
    const crypto::Digest digest = crypto::sha256(base::ByteView(bits).first(entropy_bytes));
    const auto mask = static_cast<std::uint8_t>(0xff00U >> checksum_bits);
    const bool fits = ((digest[0] ^ bits[entropy_bytes]) & mask) == 0;
    crypto::wipe(bits.data(), bits.size());
    return fits;
}

/// The words joined by blanks, in `text`, which has room for the longest phrase; its length.
std::size_t join(const WordNumbers& words, SecretBytes& text) {
    const auto& list = crypto::mnemonic_words();
    std::uint8_t* at = text.data();
    for (const std::uint16_t word : words) {
        if (at != text.data()) *at++ = ' ';
        at = std::copy(list[word].begin(), list[word].end(), at);
    }
    return static_cast<std::size_t>(at - text.data());
}

struct Stop {};

}  // namespace

PhraseSearch::PhraseSearch(std::string_view typed, const KeyIdentity& identity, Variant variant)
    : identity_(identity), variant_(variant), stages_(candidates_of(typed)) {
    for (const CandidateStage& stage : stages_) total_ += stage.count;
}

double PhraseSearch::expected_seconds(unsigned threads) const {
    double seconds = 0;
    WordNumbers words;
    for (const CandidateStage& stage : stages_) {
        stage.candidate(0, words);
        const double survivors =
            static_cast<double>(stage.count) / static_cast<double>(1U << (words.size() / 3));
        const double test_s = identity_.phrase_digest ? digest_s
                              : identity_.modulus     ? modulus_s
                                                      : derivation_s;
        seconds += static_cast<double>(stage.count) * checksum_s + survivors * test_s;
    }
    return seconds / threads;
}

PhraseSearch::Place PhraseSearch::place_of(std::uint64_t number) const {
    for (const CandidateStage& stage : stages_) {
        if (number < stage.count) return {&stage, number};
        number -= stage.count;
    }
    BT2C_ASSERT(false);
    return {};
}

std::optional<RsaKey> PhraseSearch::key_of(const WordNumbers& words, SecretBytes& text) const {
    if (!checksum_fits(words)) return std::nullopt;
    return matching_key(text.view().first(join(words, text)), identity_, variant_);
}

std::optional<PhraseSearch::Found> PhraseSearch::run(unsigned threads, std::uint64_t start_at,
                                                     base::Progress& progress) const {
    if (start_at >= total_)
        throw Error(ErrorKind::usage, base::format("there are only {} candidates to start at", total_));
    const std::uint64_t units = (total_ - start_at + unit_candidates - 1) / unit_candidates;
    std::optional<Found> found;
    std::uint64_t tried = start_at;
    progress.items_phase("trying phrases", total_ - start_at);
    const auto work = [&](std::uint64_t unit) {
        std::optional<Found> result;
        thread_local SecretBytes text(24 * 9);
        WordNumbers words(24);
        const std::uint64_t first = start_at + unit * unit_candidates;
        const std::uint64_t end = std::min(first + unit_candidates, total_);
        for (std::uint64_t number = first; number < end && !result; ++number) {
            const Place place = place_of(number);
            place.stage->candidate(place.index, words);
            if (auto key = key_of(words, text))
                result = Found{text.first(join(words, text)), std::move(*key), place.stage->what};
            base::throw_if_interrupted();
        }
        crypto::wipe(text.data(), text.size());
        return result;
    };
    try {
        base::ordered_parallel(threads, units, work, [&](std::uint64_t unit, std::optional<Found> result) {
            const std::uint64_t end = std::min(start_at + (unit + 1) * unit_candidates, total_);
            progress.advance(end - tried);
            tried = end;
            if (!result) return;
            found = std::move(result);
            throw Stop();
        });
    } catch (const Stop&) {
    } catch (Error& error) {
        if (error.kind() == ErrorKind::interrupted)
            error
                .state(base::format("{} of {} candidates were tried; nothing was written",
                                    base::human_count(tried), base::human_count(total_)))
                .hint(base::format("to go on, run the same command with '--start-at {}'", tried));
        throw;
    }
    return found;
}

}  // namespace bt2c::keys
