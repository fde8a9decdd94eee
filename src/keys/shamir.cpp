#include "keys/shamir.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "crypto/hash.hpp"

namespace bt2c::keys {

using crypto::SecretBytes;

namespace {

/// Where the secret and its digest stand.
constexpr std::uint8_t secret_x = 255;
constexpr std::uint8_t digest_x = 254;
constexpr std::size_t digest_bytes = 4;

/// Product in GF(256) with the polynomial of AES, x⁸ + x⁴ + x³ + x + 1, without tables or branches that would
/// tell of the factors.
std::uint8_t multiply(std::uint8_t a, std::uint8_t b) {
    unsigned product = 0;
    unsigned shifted = a;
    for (unsigned bit = 0; bit < 8; ++bit) {
        product ^= shifted & (0U - (static_cast<unsigned>(b) >> bit & 1U));
        shifted = (shifted << 1) ^ (0x11bU & (0U - (shifted >> 7 & 1U)));
    }
    return static_cast<std::uint8_t>(product);
}

/// a⁻¹ = a²⁵⁴.
std::uint8_t inverse(std::uint8_t a) {
    std::uint8_t result = 1;
    std::uint8_t power = a;
    for (int bit = 1; bit < 8; ++bit) {
        power = multiply(power, power);
        result = multiply(result, power);
    }
    return result;
}

SecretBytes digest_of(base::ByteView secret, base::ByteView key) {
    const crypto::Digest digest = crypto::hmac_sha256(key, secret);
    return SecretBytes::copy_of(base::ByteView(digest).first(digest_bytes));
}

}  // namespace

SecretBytes interpolate(std::span<const SharePoint> points, std::uint8_t x) {
    SecretBytes result(points.front().y.size());
    for (const SharePoint& point : points) {
        // Lagrange's basis: 1 at this point's x, 0 at the others'.
        std::uint8_t numerator = 1;
        std::uint8_t denominator = 1;
        for (const SharePoint& other : points) {
            if (other.x == point.x) continue;
            numerator = multiply(numerator, static_cast<std::uint8_t>(x ^ other.x));
            denominator = multiply(denominator, static_cast<std::uint8_t>(point.x ^ other.x));
        }
        const std::uint8_t factor = multiply(numerator, inverse(denominator));
        for (std::size_t i = 0; i < result.size(); ++i)
            result.data()[i] =
                static_cast<std::uint8_t>(result.data()[i] ^ multiply(factor, point.y.data()[i]));
    }
    return result;
}

std::vector<SharePoint> split_secret(base::ByteView secret, unsigned threshold, unsigned count) {
    BT2C_ASSERT(threshold >= 1 && threshold <= count && count <= 16 && secret.size() > digest_bytes);
    std::vector<SharePoint> shares;
    if (threshold == 1) {
        for (unsigned i = 0; i < count; ++i)
            shares.push_back({static_cast<std::uint8_t>(i), SecretBytes::copy_of(secret)});
        return shares;
    }
    const SecretBytes random = SecretBytes::random(secret.size() - digest_bytes);
    const SecretBytes digest = digest_of(secret, random.view());
    SecretBytes digest_y(secret.size());
    std::ranges::copy(random.view(), std::ranges::copy(digest.view(), digest_y.data()).out);
    for (unsigned i = 0; i + 2 < threshold; ++i)
        shares.push_back({static_cast<std::uint8_t>(i), SecretBytes::random(secret.size())});
    std::vector<SharePoint> base;
    for (const SharePoint& share : shares) base.push_back({share.x, share.y.copy()});
    base.push_back({digest_x, std::move(digest_y)});
    base.push_back({secret_x, SecretBytes::copy_of(secret)});
    for (unsigned i = threshold - 2; i < count; ++i) {
        const auto x = static_cast<std::uint8_t>(i);
        shares.push_back({x, interpolate(base, x)});
    }
    return shares;
}

std::optional<SecretBytes> recover_secret(std::span<const SharePoint> points, unsigned threshold) {
    BT2C_ASSERT(points.size() == threshold && threshold > 0);
    if (threshold == 1) return points.front().y.copy();
    SecretBytes secret = interpolate(points, secret_x);
    const SecretBytes digest_y = interpolate(points, digest_x);
    const SecretBytes expected = digest_of(secret.view(), digest_y.view().subspan(digest_bytes));
    if (!crypto::equal(expected.view(), digest_y.view().first(digest_bytes))) return std::nullopt;
    return secret;
}

}  // namespace bt2c::keys
