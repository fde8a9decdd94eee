// [K1] Wallet files of both kinds: theirs by us, ours as theirs, and what is wrong with others.

#include "keys/wallet_file.hpp"

#include "base/error.hpp"
#include "keys/derive_key.hpp"
#include "keys/wallet_store.hpp"
#include "reference.hpp"
#include "support/temporary_folder.hpp"

namespace bt2c::keys {
namespace {

using base::Error;
using base::ErrorKind;

constexpr std::string_view password = "correct horse battery staple";

crypto::SecretBytes der_in(const WalletFile& file, std::string_view with) {
    return encode_pkcs1(file.open(base::as_bytes(with)));
}
ErrorKind kind_of_opening(const WalletFile& file, std::string_view with) {
    try {
        file.open(base::as_bytes(with));
    } catch (const Error& error) {
        EXPECT_NE(error.hint(), "");
        return error.kind();
    }
    return ErrorKind::usage;
}

const std::string& sample_text() {
    static const std::string text =
        wallet_text(derive_key(seed_of_phrase(base::as_bytes("zoo")).view()).key, base::as_bytes("zoo"),
                    base::as_bytes(password), 1'760'000'000);
    return text;
}

TEST(WalletFile, BothKindsOfTheChainsToolsAreRead) {
    BT2C_NEEDS_REFERENCE("wallets-open.json");
    for (const char* name : {"wallets-open.json", "wallets-unversioned-open.json"})
        for (const base::Json& vector : reference(name).elements()) {
            SCOPED_TRACE(vector.string_at("description"));
            const WalletFile file = WalletFile::parse(vector.string_at("wallet_text"));
            EXPECT_EQ(file.address, vector.string_at("address"));
            const crypto::SecretBytes der = der_in(file, vector.string_at("password"));
            EXPECT_EQ(base::to_hex(crypto::sha256(der.view())), vector.string_at("private_key_pkcs1_sha256"));
            EXPECT_EQ(kind_of_opening(file, "another password"), ErrorKind::wrong_secret);
            for (const char* member : {"wrong_password_padding_fails", "wrong_password_padding_passes"})
                if (const base::Json* wrong = vector.find(member)) {
                    EXPECT_EQ(kind_of_opening(file, wrong->string()), ErrorKind::wrong_secret);
                }
            if (file.versioned) {
                EXPECT_EQ(file.phrase_digest, crypto::sha256(base::as_bytes(vector.string_at("mnemonic"))));
            }
        }
}

TEST(WalletFile, IsWrittenInTheFormOfTheReference) {
    BT2C_NEEDS_REFERENCE("wallets-open.json");
    const base::Json vectors = reference("wallets-open.json");
    const base::Json& vector = vectors.elements().at(0);
    const std::string& theirs = vector.string_at("wallet_text");
    const WalletFile file = WalletFile::parse(theirs);
    const base::Json json = base::Json::parse(theirs);
    const std::string ours = wallet_text(
        file.open(base::as_bytes(vector.string_at("password"))), base::as_bytes(vector.string_at("mnemonic")),
        base::as_bytes(vector.string_at("password")), json.integer_at("creation_time"));
    // The same but for salt, iv and what they seal: equal line by line otherwise.
    const auto masked = [](std::string text) {
        for (const char* member : {"\"salt\": \"", "\"iv\": \"", "\"encrypted_key\": \""}) {
            const std::size_t at = text.find(member) + std::string_view(member).size();
            text.erase(at, text.find('"', at) - at);
        }
        return text;
    };
    EXPECT_EQ(masked(ours), masked(theirs));
    EXPECT_NE(ours, theirs) << "salt and iv are new each time";
    EXPECT_TRUE(crypto::equal(der_in(WalletFile::parse(ours), vector.string_at("password")).view(),
                              der_in(file, vector.string_at("password")).view()));
}

TEST(WalletFile, DamageIsToldApartFromAWrongPassword) {
    const WalletFile sound = WalletFile::parse(sample_text());
    EXPECT_EQ(kind_of_opening(sound, "correct horse battery stable"), ErrorKind::wrong_secret);
    for (const std::size_t at :
         {std::size_t{0}, std::size_t{100}, std::size_t{500}, sound.encrypted_key.size() - 1}) {
        WalletFile altered = sound;
        altered.encrypted_key[at] ^= 1;
        EXPECT_EQ(kind_of_opening(altered, password), ErrorKind::failed) << at;
    }
    WalletFile altered = sound;
    altered.iv[3] ^= 1;
    EXPECT_EQ(kind_of_opening(altered, password), ErrorKind::failed);
}

TEST(WalletFile, PartsThatDisagreeAreRefused) {
    const auto other = derive_key(seed_of_phrase(base::as_bytes("wrong")).view());
    WalletFile file = WalletFile::parse(sample_text());
    const std::string other_address = address_of(encode_public_key(other.key));
    std::string text = sample_text();
    text.replace(text.find(file.address), file.address.size(), other_address);
    EXPECT_THROW(WalletFile::parse(text), Error) << "the address of another key";
    file.address = other_address;
    EXPECT_EQ(kind_of_opening(file, password), ErrorKind::failed) << "a sound key of another address";
}

TEST(WalletFile, HostileTextIsRefused) {
    for (
        const std::string& text :
        {std::string(), std::string("{}"), std::string("[]"), std::string("\xff\xfe"),
         std::string(R"({"version": "2.0"})"), std::string(R"({"version": 1})"),
         std::string(
             R"({"address": "bt2c_zmav5edjfrkm5xayqtgfpfkg2q", "salt": "?", "iv": "", "encrypted_key": ""})"),
         std::string(R"({"version": "1.0", "address": "bt2c_zmav5edjfrkm5xayqtgfpfkg2q"})")})
        EXPECT_THROW(WalletFile::parse(text), Error) << text;
    for (std::size_t size = 0; size < sample_text().size(); size += 31)
        EXPECT_THROW(WalletFile::parse(sample_text().substr(0, size)), Error) << size;
}

TEST(WalletFile, ShortPasswordsAreRefusedByTheirCharacters) {
    const RsaKey key = derive_key(seed_of_phrase(base::as_bytes("zoo")).view()).key;
    EXPECT_THROW(wallet_text(key, {}, base::as_bytes("eleven char"), 0), Error);
    EXPECT_THROW(wallet_text(key, {}, base::as_bytes("\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc"), 0),
                 Error);
}

TEST(WalletStore, KeepsWhatIsThere) {
    const support::TemporaryFolder folder;
    const std::string address = "bt2c_zmav5edjfrkm5xayqtgfpfkg2q";
    EXPECT_FALSE(store_wallet(folder / "wallets", address, "old", false));
    const std::filesystem::path path = wallet_path(folder / "wallets", address);
    EXPECT_EQ(support::file_text(path), "old");
    EXPECT_EQ(std::filesystem::status(path).permissions(), static_cast<std::filesystem::perms>(0600));
    EXPECT_THROW(store_wallet(folder / "wallets", address, "new", false), Error);
    EXPECT_EQ(support::file_text(path), "old");
    for (const std::string& text : {std::string("new"), std::string("newer")}) {
        const std::string before = support::file_text(path);
        const auto kept = store_wallet(folder / "wallets", address, text, true);
        ASSERT_TRUE(kept);
        EXPECT_EQ(support::file_text(*kept), before);
        EXPECT_EQ(support::file_text(path), text);
    }
}

}  // namespace
}  // namespace bt2c::keys
