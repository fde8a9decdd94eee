#pragma once
// Orders: signed instructions to pause or resume a network, or to let a validator sign again.
// docs/orders.md describes them for other implementations.

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/time.hpp"
#include "config/emergency_policy.hpp"

namespace bt2c::network {

using Action = config::EmergencyAction;

struct OrderSignature {
    std::string signer;
    base::Bytes public_key;  ///< Ed25519, as the signer claims
    base::UnixMs signed_at = 0;
    base::Bytes signature;
};

struct Order {
    std::string network;
    std::string genesis_hash;  ///< of the chain's lowest block
    Action action = Action::pause;
    std::string scope = "all";  ///< of an unlock the validator's address
    std::int64_t sequence = 0;  ///< its number on its network, 1 to 2^53
    base::UnixMs issued_at = 0, expires_at = 0;
    base::UnixMs pause_until = 0;  ///< of a pause: when it ends by itself; else 0
    std::int64_t resumes = 0;      ///< of a resume: the sequence of the pause that it ends; else 0
    std::string reason, incident;
    std::vector<OrderSignature> signatures;

    /// What a signer signs: the order as compact JSON, with the signer's name and time. Its member `purpose`
    /// keeps it apart from whatever else that key signs.
    std::string signed_text(std::string_view signer, base::UnixMs signed_at) const;
    /// The order without its signatures: two orders are the same when these texts are.
    std::string unsigned_text() const;
    /// The whole order, on one line.
    std::string text() const;
    /// Names the order for people: the first 16 hex digits of SHA-256 of unsigned_text().
    std::string id() const;
    /// Whether it is the same order, whoever signed it.
    bool is(const Order& other) const { return unsigned_text() == other.unsigned_text(); }

    /// What cannot be in any order, in words; empty when its form is sound.
    std::string fault() const;

    /// Reads what text() writes, and nothing that differs from it by a byte but for one line end. Throws
    /// Error(failed) when it is malformed. No signature is looked at: that takes a policy
    /// (order_check.hpp).
    static Order parse(std::string_view text);
};

inline constexpr std::size_t order_bytes_max = 64 << 10;
inline constexpr std::size_t order_signatures_max = 32;
inline constexpr std::size_t reason_bytes_max = 1000;
inline constexpr std::size_t order_id_bytes_max = 64;  ///< of names, addresses and incidents
inline constexpr std::int64_t sequence_max = std::int64_t{1} << 53;

/// A key that can sign orders, wherever its private part is.
struct OrderSigner {
    std::string name;
    base::Bytes public_key;
    std::function<base::Bytes(base::ByteView)> sign;  ///< Ed25519
};

/// Adds a signature. Throws Error(usage) when the order's form is not sound, Error(failed) when that name or
/// key has signed it already, or the signature does not verify.
void sign_order(Order& order, const OrderSigner& signer, base::UnixMs now);

/// Whether that signature of the order is by that key.
bool verifies(const Order& order, const OrderSignature& signature, base::ByteView public_key);

/// Reads a file of at most 64 KiB; throws as parse().
Order read_order(const std::filesystem::path& file);
/// Durably; a file that is there is replaced only with `replace`, else Error(failed).
void write_order(const std::filesystem::path& file, const Order& order, bool replace);

}  // namespace bt2c::network
