#include "keys/phrase_candidates.hpp"

#include <algorithm>
#include <cmath>
#include <memory>

#include "base/error.hpp"
#include "base/text.hpp"
#include "crypto/mnemonic.hpp"
#include "keys/phrase.hpp"

namespace bt2c::keys {

using base::Error;
using base::ErrorKind;

namespace {

constexpr std::size_t list_size = 2048;
constexpr std::size_t unknown_max = 4;
constexpr std::uint16_t unknown = 0xffff;

/// All words, the likeliest first, for one place whose word is not known.
using Ranking = std::vector<std::uint16_t>;

/// What stands on the paper.
struct Written {
    WordNumbers words;  ///< `unknown` where a word is not in the list
    crypto::SecretVector<crypto::SecretString> texts;
};

bool is_word_count(std::size_t count) {
    return count >= 12 && count <= 24 && count % 3 == 0;
}

Written parse(std::string_view typed) {
    if (typed.size() > phrase_bytes_max) throw Error(ErrorKind::failed, "this is no phrase: it is too long");
    const auto& list = crypto::mnemonic_words();
    Written written;
    crypto::SecretString text(typed);
    for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t begin = text.find_first_not_of(" \t\r\n", at);
        if (begin == text.npos) break;
        at = std::min(text.find_first_of(" \t\r\n", begin), text.size());
        const std::string_view word = std::string_view(text).substr(begin, at - begin);
        const auto found = std::lower_bound(list.begin(), list.end(), word);
        const bool known = found != list.end() && *found == word;
        written.words.push_back(known ? static_cast<std::uint16_t>(found - list.begin()) : unknown);
        written.texts.emplace_back(word == "?" ? std::string_view() : word);
    }
    return written;
}

Ranking ranking_of(std::string_view text) {
    const auto& list = crypto::mnemonic_words();
    std::vector<std::pair<std::size_t, std::uint16_t>> by_distance;
    for (std::uint16_t i = 0; i < list_size; ++i)
        by_distance.emplace_back(text.empty() || text.size() > 32 ? 0 : base::edit_distance(text, list[i]),
                                 i);
    std::sort(by_distance.begin(), by_distance.end());
    Ranking ranking;
    for (const auto& [distance, number] : by_distance) ranking.push_back(number);
    return ranking;
}

/// Ranks of two places for number i, such that both are likely first: all pairs whose worse rank is s follow
/// all whose worse rank is below s.
std::pair<std::size_t, std::size_t> pair_of_ranks(std::uint64_t i) {
    auto s = static_cast<std::uint64_t>(std::sqrt(static_cast<double>(i)));
    while (s * s > i) --s;
    while ((s + 1) * (s + 1) <= i) ++s;
    const std::uint64_t rest = i - s * s;
    if (rest <= s) return {s, rest};
    return {rest - s - 1, s};
}

/// Words with holes, and every way to fill them.
CandidateStage fill(std::string what, WordNumbers words, const std::vector<Ranking>& rankings) {
    std::vector<std::size_t> holes;
    for (std::size_t i = 0; i < words.size(); ++i)
        if (words[i] == unknown) holes.push_back(i);
    BT2C_ASSERT(holes.size() == rankings.size() && holes.size() <= unknown_max + 1);
    CandidateStage stage{std::move(what), 1, {}};
    for (std::size_t i = 0; i < holes.size(); ++i) stage.count *= list_size;
    stage.candidate = [words = std::move(words), holes, rankings](std::uint64_t i, WordNumbers& out) {
        out = words;
        if (holes.size() == 2) {
            const auto [a, b] = pair_of_ranks(i);
            out[holes[0]] = rankings[0][a];
            out[holes[1]] = rankings[1][b];
            return;
        }
        for (std::size_t h = 0; h < holes.size(); ++h, i /= list_size)
            out[holes[h]] = rankings[h][i % list_size];
    };
    return stage;
}

CandidateStage swapped(const WordNumbers& words, bool neighbours) {
    std::vector<std::pair<std::size_t, std::size_t>> pairs;
    for (std::size_t a = 0; a < words.size(); ++a)
        for (std::size_t b = a + 1; b < words.size(); ++b)
            if ((b == a + 1) == neighbours) pairs.emplace_back(a, b);
    return {neighbours ? "two neighbours swapped" : "two words swapped", pairs.size(),
            [=](std::uint64_t i, WordNumbers& out) {
                out = words;
                std::swap(out[pairs[i].first], out[pairs[i].second]);
            }};
}

/// One word in place of another, words that are written alike first.
CandidateStage replaced(const Written& written) {
    struct Change {
        std::uint8_t distance, position;
        std::uint16_t word;
        auto operator<=>(const Change&) const = default;
    };
    const auto changes = std::make_shared<std::vector<Change>>();
    const auto& list = crypto::mnemonic_words();
    for (std::size_t position = 0; position < written.words.size(); ++position)
        for (std::uint16_t word = 0; word < list_size; ++word)
            if (word != written.words[position])
                changes->push_back(
                    {static_cast<std::uint8_t>(base::edit_distance(written.texts[position], list[word])),
                     static_cast<std::uint8_t>(position), word});
    std::sort(changes->begin(), changes->end());
    return {"one word in place of another", changes->size(),
            [words = written.words, changes](std::uint64_t i, WordNumbers& out) {
                out = words;
                out[(*changes)[i].position] = (*changes)[i].word;
            }};
}

}  // namespace

std::vector<CandidateStage> candidates_of(std::string_view typed) {
    const Written written = parse(typed);
    const std::size_t count = written.words.size();
    std::vector<Ranking> rankings;
    for (std::size_t i = 0; i < count; ++i)
        if (written.words[i] == unknown) rankings.push_back(ranking_of(written.texts[i]));
    if (rankings.size() > unknown_max)
        throw Error(ErrorKind::failed, base::format("{} words of the phrase are unknown", rankings.size()))
            .cause(base::format("no more than {} can be searched for", unknown_max));
    std::vector<CandidateStage> stages;
    if (is_word_count(count)) {
        stages.push_back(
            fill(rankings.empty() ? "as it is written" : "the unknown words", written.words, rankings));
        if (rankings.empty()) {
            stages.push_back(swapped(written.words, true));
            stages.push_back(swapped(written.words, false));
            stages.push_back(replaced(written));
        }
    }
    if (is_word_count(count - 1))
        for (std::size_t extra = 0; extra < count; ++extra) {
            WordNumbers words = written.words;
            words.erase(words.begin() + static_cast<std::ptrdiff_t>(extra));
            std::vector<Ranking> rest;
            for (std::size_t i = 0; i < count; ++i)
                if (i != extra && written.words[i] == unknown) rest.push_back(ranking_of(written.texts[i]));
            stages.push_back(
                fill(base::format("word {} is one too many", extra + 1), std::move(words), rest));
        }
    if (is_word_count(count + 1))
        for (std::size_t gap = 0; gap <= count; ++gap) {
            WordNumbers words = written.words;
            words.insert(words.begin() + static_cast<std::ptrdiff_t>(gap), unknown);
            std::vector<Ranking> all = rankings;
            const auto before = std::count(written.words.begin(),
                                           written.words.begin() + static_cast<std::ptrdiff_t>(gap), unknown);
            all.insert(all.begin() + before, ranking_of(""));
            stages.push_back(
                fill(base::format("a word is missing at place {}", gap + 1), std::move(words), all));
        }
    if (stages.empty())
        throw Error(ErrorKind::failed, base::format("the phrase has {} words", count))
            .cause(
                "phrases have 12, 15, 18, 21 or 24 words; one missing word, or one too many, can be searched "
                "for")
            .hint("put '?' in the place of each word that cannot be read");
    return stages;
}

}  // namespace bt2c::keys
