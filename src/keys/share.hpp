#pragma once
// One SLIP-0039 share as words: 20 of them for a secret of 128 bits, 33 for one of 256.

#include <cstdint>
#include <string_view>

#include "crypto/secret.hpp"

namespace bt2c::keys {

struct Share {
    std::uint16_t identifier = 0;  ///< 15 bits, the same in all shares of a set
    bool extendable = true;        ///< the identifier is not part of the encryption
    std::uint8_t exponent = 0;     ///< PBKDF2 runs 10000·2^exponent times
    std::uint8_t group = 0, group_threshold = 1, group_count = 1;
    std::uint8_t member = 0, member_threshold = 1;
    crypto::SecretBytes value;

    /// Whether two shares are of one set, as far as what all shares of a set have in common.
    bool same_set(const Share& other) const noexcept;
};

/// The words, lower case, joined by blanks.
crypto::SecretBytes encode_share(const Share& share);

/// Case and blanks are forgiven. Throws Error(failed) for an unknown word (with its place and the nearest
/// words), a wrong number of words, a checksum that does not fit, and values that no share has.
Share decode_share(std::string_view words);

}  // namespace bt2c::keys
