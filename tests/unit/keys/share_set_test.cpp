// [K2] SLIP-0039 shares: the standard's own vectors, and which share is named.

#include "keys/share_set.hpp"

#include "base/error.hpp"
#include "reference.hpp"

namespace bt2c::keys {
namespace {

using base::Error;
using crypto::SecretBytes;

constexpr const char* vectors_file = "standards/slip39-vectors-trezor.json";
const base::Bytes secret = base::from_hex("00112233445566778899aabbccddeeff").value();

std::vector<SecretBytes> two_of_three() {
    const ShareGroup group{2, 3};
    return std::move(make_shares(secret, {}, 1, {&group, 1}).front());
}
std::string combined(const std::vector<std::string>& shares, std::string_view passphrase = "") {
    const std::vector<std::string_view> texts(shares.begin(), shares.end());
    return base::to_hex(combine_shares(texts, base::as_bytes(passphrase)).view());
}
std::string fault(const std::vector<std::string>& shares) {
    try {
        combined(shares);
    } catch (const Error& error) {
        return error.message() + ": " + error.cause();
    }
    return "";
}
std::string text(const SecretBytes& share) {
    return std::string(share.text());
}

// https://github.com/trezor/python-shamir-mnemonic/blob/master/vectors.json
TEST(ShareSet, AgreesWithTheStandardsVectors) {
    BT2C_NEEDS_REFERENCE(vectors_file);
    int sound = 0;
    for (const base::Json& vector : reference(vectors_file).elements()) {
        const auto& parts = vector.elements();
        SCOPED_TRACE(parts.at(0).string());
        std::vector<std::string> shares;
        for (const base::Json& share : parts.at(1).elements()) shares.push_back(share.string());
        if (parts.at(2).string().empty()) {
            EXPECT_THROW(combined(shares, "TREZOR"), Error);
        } else {
            EXPECT_EQ(combined(shares, "TREZOR"), parts.at(2).string());
            ++sound;
        }
        for (const std::string& share : shares) try {
                EXPECT_EQ(encode_share(decode_share(share)).text(), share);
            } catch (const Error&) {
                EXPECT_TRUE(parts.at(2).string().empty());
            }
    }
    EXPECT_GE(sound, 15);
}

TEST(ShareSet, AnyTwoOfThreeGiveTheSecretBack) {
    const auto shares = two_of_three();
    const std::string whole = base::to_hex(secret);
    for (const auto& [a, b] : {std::pair{0, 1}, {1, 2}, {2, 0}})
        EXPECT_EQ(
            combined({text(shares[static_cast<std::size_t>(a)]), text(shares[static_cast<std::size_t>(b)])}),
            whole);
    EXPECT_EQ(combined({text(shares[0]), text(shares[1]), text(shares[2])}), whole);
    for (const SecretBytes& share : shares) EXPECT_NE(fault({text(share)}).find("1 of 2"), std::string::npos);
}

TEST(ShareSet, GroupsNeedTheirOwnNumbers) {
    const ShareGroup groups[] = {{1, 1}, {2, 3}, {3, 5}};
    const auto shares = make_shares(base::Bytes(32, 7), base::as_bytes("pass phrase"), 2, groups);
    const std::string whole = base::to_hex(base::Bytes(32, 7));
    EXPECT_EQ(combined({text(shares[0][0]), text(shares[1][2]), text(shares[1][0])}, "pass phrase"), whole);
    EXPECT_EQ(combined({text(shares[2][4]), text(shares[2][1]), text(shares[0][0]), text(shares[2][0])},
                       "pass phrase"),
              whole);
    EXPECT_NE(combined({text(shares[0][0]), text(shares[1][2]), text(shares[1][0])}, "another"), whole);
    EXPECT_NE(fault({text(shares[0][0]), text(shares[1][2])}).find("group"), std::string::npos);
}

TEST(ShareSet, FewerSharesTellNothing) {
    // With one of two shares every secret is as likely: for any other there is a second share that fits.
    const auto first = two_of_three();
    const auto second = two_of_three();
    EXPECT_NE(text(first[0]), text(second[0]));
    EXPECT_NE(base::to_hex(decode_share(text(first[0])).value.view()), base::to_hex(secret));
}

TEST(ShareSet, TheShareThatDoesNotFitIsNamed) {
    const auto shares = two_of_three();
    const auto others = two_of_three();
    EXPECT_NE(fault({text(shares[0]), text(others[1]), text(shares[2])}).find("share 2 cannot be used"),
              std::string::npos);
    EXPECT_NE(fault({text(shares[0]), text(shares[0])}).find("it is share 1 again"), std::string::npos);

    std::string misspelt = text(shares[1]);
    misspelt.insert(misspelt.rfind(' ') + 1, "x");
    EXPECT_NE(fault({text(shares[0]), misspelt}).find("its word 20"), std::string::npos)
        << fault({text(shares[0]), misspelt});

    std::string swapped = text(shares[1]);
    const std::size_t last = swapped.rfind(' ');
    const std::size_t before = swapped.rfind(' ', last - 1);
    swapped = swapped.substr(0, before) + swapped.substr(last) + swapped.substr(before, last - before);
    EXPECT_NE(fault({text(shares[0]), swapped}).find("share 2 cannot be used: its checksum"),
              std::string::npos);

    // Altered together with its checksum: only a third share can tell which of the two it is.
    Share forged = decode_share(text(shares[1]));
    forged.value.data()[5] ^= 1;
    const std::string forged_text = text(encode_share(forged));
    EXPECT_NE(fault({text(shares[0]), forged_text}).find("do not belong together"), std::string::npos);
    EXPECT_NE(fault({text(shares[0]), forged_text, text(shares[2])}).find("share 2 cannot be used"),
              std::string::npos);
}

TEST(ShareSet, CaseAndBlanksAreForgiven) {
    const auto shares = two_of_three();
    std::string loud = "  " + text(shares[0]) + "\r\n";
    for (char& c : loud) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
    EXPECT_EQ(combined({loud, text(shares[2])}), base::to_hex(secret));
}

TEST(ShareSet, ImpossibleNumbersAreRefused) {
    const auto make = [](unsigned threshold, unsigned count) {
        const ShareGroup group{threshold, count};
        make_shares(secret, {}, 1, {&group, 1});
    };
    EXPECT_NO_THROW(make(1, 1));
    EXPECT_NO_THROW(make(16, 16));
    EXPECT_THROW(make(0, 1), Error);
    EXPECT_THROW(make(3, 2), Error);
    EXPECT_THROW(make(2, 17), Error);
    EXPECT_THROW(make(1, 2), Error);
    const ShareGroup group{2, 3};
    EXPECT_THROW(make_shares(base::Bytes(8), {}, 1, {&group, 1}), Error);
    EXPECT_THROW(make_shares(secret, base::as_bytes("\xc3\xa4"), 1, {&group, 1}), Error);
    EXPECT_THROW(combined({}), Error);
    EXPECT_THROW(combined({std::string(100'000, 'a')}), Error);
}

}  // namespace
}  // namespace bt2c::keys
