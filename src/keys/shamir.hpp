#pragma once
// Shamir's sharing of a secret over GF(256), byte by byte, as SLIP-0039 has it. Constant time.
// Source: https://github.com/satoshilabs/slips/blob/master/slip-0039.md

#include <optional>
#include <span>
#include <vector>

#include "crypto/secret.hpp"

namespace bt2c::keys {

/// A point of the polynomials: what they are at `x`.
struct SharePoint {
    std::uint8_t x;
    crypto::SecretBytes y;
};

/// The polynomials through the points, at `x`. The points' x differ, their y are of one size.
crypto::SecretBytes interpolate(std::span<const SharePoint> points, std::uint8_t x);

/// `count` points with x = 0, 1, … of which any `threshold` give the secret back. With a threshold of 1 each
/// is the secret itself.
std::vector<SharePoint> split_secret(base::ByteView secret, unsigned threshold, unsigned count);

/// The secret out of exactly `threshold` points; nothing when they do not belong together.
std::optional<crypto::SecretBytes> recover_secret(std::span<const SharePoint> points, unsigned threshold);

}  // namespace bt2c::keys
