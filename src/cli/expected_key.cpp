#include "cli/expected_key.hpp"

#include "base/error.hpp"
#include "base/text.hpp"
#include "platform/file.hpp"

namespace bt2c::cli {

namespace {
constexpr std::uint64_t public_key_file_bytes_max = 8 << 10;
}

void ExpectedKey::declare(Options& options) {
    options.value(address_, "--expect-address", "ADDRESS", "the address that the key should have");
    options.value(wallet_, "--expect-wallet", "FILE", "a wallet file that the key should be that of");
    options.value(public_key_, "--expect-public-key", "FILE",
                  "the public key that it should have: base64, PEM or DER");
}

std::optional<keys::KeyIdentity> ExpectedKey::identity() const {
    std::vector<keys::KeyIdentity> known;
    if (wallet_) known.push_back(keys::identity_of_wallet(keys::WalletFile::read(*wallet_)));
    if (public_key_)
        known.push_back(
            keys::identity_of_public_key(platform::read_file(*public_key_, public_key_file_bytes_max)));
    if (!address_.empty()) known.push_back(keys::identity_of_address(address_));
    if (known.empty()) return std::nullopt;
    for (const keys::KeyIdentity& other : known)
        if (other.address != known[0].address)
            throw base::Error(base::ErrorKind::usage, "what is expected does not agree")
                .cause(base::format("one is the key of {}, the other that of {}", known[0].address,
                                    other.address));
    if (known.size() > 1 && !known[0].modulus) known[0].modulus = known[1].modulus;
    return known[0];
}

}  // namespace bt2c::cli
