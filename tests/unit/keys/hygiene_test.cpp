// [K2] Nothing of a key or a phrase stays behind in this process's memory.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "base/error.hpp"
#include "crypto/mnemonic.hpp"
#include "keys/derive_key.hpp"
#include "keys/phrase.hpp"
#include "keys/phrase_search.hpp"
#include "keys/rotation_record.hpp"
#include "keys/share_set.hpp"
#include "keys/wallet_file.hpp"

namespace bt2c::keys {
namespace {

constexpr std::uint8_t mask = 0x5a;
constexpr std::size_t needle_bytes = 24;

/// What is looked for, masked, so that the search does not find itself.
base::Bytes masked(base::ByteView secret) {
    base::Bytes needle(secret.begin(), secret.begin() + needle_bytes);
    for (std::uint8_t& byte : needle) byte ^= mask;
    return needle;
}

bool is_at(const char* at, const base::Bytes& needle) {
    for (std::size_t i = 0; i < needle.size(); ++i)
        if ((static_cast<std::uint8_t>(at[i]) ^ mask) != needle[i]) return false;
    return true;
}

/// By its first byte, which the library finds quickly.
bool contains(std::string_view memory, const base::Bytes& needle) {
    const auto first = static_cast<char>(needle[0] ^ mask);
    for (std::size_t at = memory.find(first);
         at != std::string_view::npos && memory.size() - at >= needle.size(); at = memory.find(first, at + 1))
        if (is_at(memory.data() + at, needle)) return true;
    return false;
}

/// What is looked for, by name.
using Needles = std::vector<std::pair<std::string, base::Bytes>>;

/// Which secrets stand in memory, and in which map; empty when none does. Only what this process can read
/// itself.
std::string found_of(const Needles& needles) {
    std::string found;
    std::ifstream maps("/proc/self/maps");
    std::ifstream memory("/proc/self/mem", std::ios::binary);
    for (std::string line; std::getline(maps, line);) {
        std::uint64_t begin = 0, end = 0;
        char dash = 0;
        std::string rights;
        std::istringstream(line) >> std::hex >> begin >> dash >> end >> rights;
        if (!rights.starts_with("rw") || end - begin > (std::uint64_t{1} << 32)) continue;
        constexpr std::size_t piece = 1 << 20;
        std::vector<char> bytes(piece + needle_bytes);
        for (std::uint64_t at = begin; at < end; at += piece) {
            memory.clear();
            memory.seekg(static_cast<std::streamoff>(at));
            memory.read(bytes.data(),
                        static_cast<std::streamsize>(std::min<std::uint64_t>(bytes.size(), end - at)));
            const auto got = static_cast<std::size_t>(memory.gcount());
            for (const auto& [name, needle] : needles)
                if (contains({bytes.data(), got}, needle)) found += name + " in " + line + "\n";
        }
    }
    return found;
}

/// A phrase that no text of this program contains.
crypto::SecretBytes fresh_phrase() {
    return crypto::mnemonic_from_entropy(crypto::SecretBytes::random(16).view());
}

TEST(Hygiene, SearchFindsWhatIsThere) {
    const crypto::SecretBytes phrase = fresh_phrase();
    EXPECT_THAT(found_of({{"phrase", masked(phrase.view())}}), testing::StartsWith("phrase in "));
}

TEST(Hygiene, NothingOfAKeyStays) {
    Needles needles;
    {
        const crypto::SecretBytes phrase = fresh_phrase();
        needles.emplace_back("phrase", masked(phrase.view()));
        const crypto::SecretBytes clean = clean_phrase(phrase.text());
        const crypto::SecretBytes seed = seed_of_phrase(clean.view());
        needles.emplace_back("seed", masked(seed.view()));
        const DerivedKey derived = derive_key(seed.view());
        needles.emplace_back("p", masked(derived.key.p.view()));
        needles.emplace_back("q", masked(derived.key.q.view()));
        needles.emplace_back("d", masked(derived.key.d.view()));
        const crypto::SecretBytes password = fresh_phrase();
        needles.emplace_back("password", masked(password.view()));
        const std::string text = wallet_text(derived.key, clean.view(), password.view(), 0);
        WalletFile::parse(text).open(password.view());
    }
    EXPECT_EQ(found_of(needles), "");
}

/// The same of a number as the libraries have it in memory, the lowest byte first.
base::Bytes masked_little_endian(base::ByteView number) {
    base::Bytes needle(needle_bytes);
    for (std::size_t i = 0; i < needle_bytes; ++i) needle[i] = number[number.size() - 1 - i] ^ mask;
    return needle;
}

TEST(Hygiene, NothingOfARotationStays) {
    Needles needles;
    {
        const crypto::SecretBytes old_phrase = fresh_phrase(), new_phrase = fresh_phrase();
        const RsaKey old_key = derive_key(seed_of_phrase(old_phrase.view()).view()).key;
        const RsaKey new_key = derive_key(seed_of_phrase(new_phrase.view()).view()).key;
        for (const RsaKey* key : {&old_key, &new_key})
            for (const auto& [name, number] : {std::pair("p", key->p.view()),
                                               {"q", key->q.view()},
                                               {"d", key->d.view()},
                                               {"dp", key->dp.view()},
                                               {"dq", key->dq.view()}}) {
                needles.emplace_back(name, masked(number));
                needles.emplace_back(std::string(name) + ", little-endian", masked_little_endian(number));
            }
        RotationRecord record;
        record.network = "mainnet";
        sign_rotation(record, signer_of(old_key), signer_of(new_key));
        RotationRecord::parse(record.text());
    }
    EXPECT_EQ(found_of(needles), "");
}

TEST(Hygiene, NothingOfASearchStays) {
    Needles needles;
    {
        const crypto::SecretBytes phrase = fresh_phrase();
        needles.emplace_back("phrase", masked(phrase.view()));
        KeyIdentity identity = identity_of_address("bt2c_zmav5edjfrkm5xayqtgfpfkg2q");
        identity.phrase_digest = crypto::sha256(phrase.view());
        const crypto::SecretBytes entropy = crypto::entropy_from_mnemonic(phrase.text()).entropy.copy();
        base::SilentProgress silent;
        PhraseSearch(phrase.text(), identity, Variant::current).run(2, 0, silent);
        const ShareGroup group{2, 3};
        const auto shares = make_shares(entropy.view(), {}, 1, {&group, 1}).front().front().copy();
        needles.emplace_back("share", masked(shares.view()));
    }
    EXPECT_EQ(found_of(needles), "");
}

}  // namespace
}  // namespace bt2c::keys
