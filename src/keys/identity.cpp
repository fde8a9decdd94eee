#include "keys/identity.hpp"

#include "base/error.hpp"
#include "base/text.hpp"
#include "crypto/base64.hpp"
#include "keys/integer.hpp"

namespace bt2c::keys {

using base::Error;
using base::ErrorKind;

KeyIdentity identity_of_address(std::string_view address) {
    if (!is_address(address))
        throw Error(ErrorKind::usage, base::format("'{}' is no address", base::printable(address)))
            .cause("an address is 'bt2c_' and 26 lower-case letters and digits");
    return {std::string(address), std::nullopt, std::nullopt};
}

KeyIdentity identity_of_wallet(const WalletFile& wallet) {
    KeyIdentity identity{wallet.address, std::nullopt, wallet.phrase_digest};
    if (!wallet.public_key.empty()) identity.modulus = modulus_of(wallet.public_key);
    return identity;
}

KeyIdentity identity_of_public_key(base::ByteView bytes) {
    constexpr std::string_view begin = "-----BEGIN PUBLIC KEY-----";
    constexpr std::string_view end = "-----END PUBLIC KEY-----";
    base::Bytes der(bytes.begin(), bytes.end());
    if (bytes.empty() || bytes[0] != 0x30) {
        std::string text(base::as_text(bytes));
        std::erase_if(text, [](char c) { return c == '\n' || c == '\r'; });
        std::string_view body = text;
        if (body.starts_with(begin) && body.ends_with(end)) {
            body.remove_prefix(begin.size());
            body.remove_suffix(end.size());
        }
        der = crypto::from_base64(body).value_or(base::Bytes());
    }
    return {address_of(der), modulus_of(der), std::nullopt};
}

std::optional<RsaKey> matching_key(base::ByteView phrase, const KeyIdentity& identity, Variant variant) {
    if (identity.phrase_digest && crypto::sha256(phrase) != *identity.phrase_digest) return std::nullopt;
    const crypto::SecretBytes seed = seed_of_phrase(phrase);
    FirstPrimeTest divides;
    if (identity.modulus)
        divides = [n = Integer(*identity.modulus)](base::ByteView prime) {
            return n.divisible_by(Integer(prime));
        };
    DerivedKey derived = derive_key(seed.view(), variant, divides);
    if (derived.key.n.empty()) return std::nullopt;
    if (address_of(encode_public_key(derived.key)) != identity.address) return std::nullopt;
    return std::move(derived.key);
}

}  // namespace bt2c::keys
