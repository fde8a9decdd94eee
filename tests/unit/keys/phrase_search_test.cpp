// [K1] Damaged phrases, and what they were.

#include "keys/phrase_search.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "base/parallel.hpp"
#include "keys/phrase.hpp"

namespace bt2c::keys {
namespace {

using base::Error;

constexpr std::string_view sound =
    "offer salon river hole elegant crowd come together orange horror slogan real";
constexpr const char* address = "bt2c_ilglu3mcvs7s6eruv2p72ymepu";

KeyIdentity with_digest() {
    KeyIdentity identity = identity_of_address(address);
    identity.phrase_digest = crypto::sha256(base::as_bytes(sound));
    return identity;
}

std::optional<PhraseSearch::Found> search(std::string_view typed, const KeyIdentity& identity,
                                          std::uint64_t start_at = 0) {
    base::SilentProgress silent;
    return PhraseSearch(typed, identity, Variant::current).run(base::worker_count(), start_at, silent);
}

std::string with(std::string_view before, std::string_view after) {
    std::string text(sound);
    text.replace(text.find(before), before.size(), after);
    return text;
}

TEST(PhraseSearch, FindsWhatEachMistakeMade) {
    const KeyIdentity identity = with_digest();
    const std::pair<std::string, std::string> mistakes[] = {
        {std::string(sound), "as it is written"},
        {with("river", "?"), "the unknown words"},
        {with("salon", "?").replace(0, 5, "?"), "the unknown words"},
        {with("horror", "horor"), "the unknown words"},
        {with("horror", "zebra"), "one word in place of another"},
        {with("offer salon", "salon offer"), "two neighbours swapped"},
        {with("offer salon river", "river salon offer"), "two words swapped"},
        {with("come ", ""), "a word is missing at place 7"},
        {with("real", "real zoo"), "word 13 is one too many"},
        {with("offer", "abandon offer"), "word 1 is one too many"},
    };
    for (const auto& [typed, mistake] : mistakes) {
        const auto found = search(typed, identity);
        ASSERT_TRUE(found) << typed;
        EXPECT_EQ(found->phrase.text(), sound) << typed;
        EXPECT_EQ(found->what, mistake) << typed;
        EXPECT_EQ(address_of(encode_public_key(found->key)), address);
    }
}

TEST(PhraseSearch, GoesByTheAddressAlone) {
    const KeyIdentity identity = identity_of_address(address);
    const auto found = search(with("hole elegant", "elegant hole"), identity);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->phrase.text(), sound);
}

TEST(PhraseSearch, GoesByTheModulus) {
    KeyIdentity identity = identity_of_address(address);
    const auto key = matching_key(base::as_bytes(sound), identity);
    ASSERT_TRUE(key);
    identity.modulus = base::Bytes(key->n.view().begin(), key->n.view().end());
    EXPECT_TRUE(search(with("hole elegant", "elegant hole"), identity));
    EXPECT_TRUE(search(with("river", "rivver"), identity));
}

TEST(PhraseSearch, GoesOnWhereAnotherStopped) {
    const KeyIdentity identity = with_digest();
    const std::string typed = with("river", "?");
    const PhraseSearch whole(typed, identity, Variant::current);
    EXPECT_EQ(whole.total(), 2048U);
    EXPECT_TRUE(search(typed, identity, 1000)) << "'river' stands behind";
    EXPECT_FALSE(search(typed, identity, 2000));
    EXPECT_THROW(search(typed, identity, 2048), Error);
}

TEST(PhraseSearch, SaysHowLongItTakes) {
    const KeyIdentity by_address = identity_of_address(address);
    const KeyIdentity by_digest = with_digest();
    const auto expected = [](std::string_view typed, const KeyIdentity& identity) {
        return PhraseSearch(typed, identity, Variant::current).expected_seconds(2);
    };
    EXPECT_LT(expected(with("river", "?"), by_address), 10);
    EXPECT_LT(expected(with("river", "rice"), by_address), 45);
    EXPECT_GT(expected(with("river", "?").replace(0, 5, "?"), by_address), 1000);
    EXPECT_LT(expected(with("river", "?").replace(0, 5, "?"), by_digest), 10);
}

TEST(PhraseSearch, HopelessOnesAreRefused) {
    const KeyIdentity identity = with_digest();
    for (const char* typed :
         {"", "zoo", "zoo zoo zoo zoo zoo zoo zoo zoo", "? ? ? ? ? zoo zoo zoo zoo zoo zoo zoo"})
        EXPECT_THROW(PhraseSearch(typed, identity, Variant::current), Error) << typed;
    EXPECT_THROW(PhraseSearch(std::string(1 << 20, 'a'), identity, Variant::current), Error);
    EXPECT_FALSE(search("zoo ? zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo", identity));
}

}  // namespace
}  // namespace bt2c::keys
