#pragma once
// Members, a policy and orders for the tests of orders.

#include <map>
#include <string>

#include "crypto/base64.hpp"
#include "crypto/ed25519.hpp"
#include "network/order_check.hpp"

namespace bt2c::network::test {

inline constexpr base::UnixMs issued = 1'790'000'000'000;
inline constexpr base::UnixMs minute = 60'000, hour = 60 * minute, day = 24 * hour;
inline const std::string genesis(64, 'a');

/// The same key for the same name.
inline crypto::SecretBytes seed_of(const std::string& name) {
    crypto::SecretBytes seed(crypto::ed25519_seed_bytes);
    for (std::size_t i = 0; i < name.size() && i < seed.size(); ++i)
        seed.data()[i] = static_cast<std::uint8_t>(name[i]);
    return seed;
}
inline OrderSigner signer_called(const std::string& name, const std::string& key_of = "") {
    const std::string key = key_of.empty() ? name : key_of;
    return {name, crypto::ed25519_public_key(seed_of(key)),
            [key](base::ByteView message) { return crypto::sign_ed25519(seed_of(key), message); }};
}

inline std::string member(const std::string& name, const std::string& may, const std::string& more = "") {
    return "[[member]]\nname = \"" + name + "\"\npublic_key = \"" +
           crypto::to_base64(crypto::ed25519_public_key(seed_of(name))) + "\"\nmay = " + may + "\n" + more;
}
/// alice and bob may do everything, oncall may only pause, carol may not pause.
inline config::EmergencyPolicy policy(const std::string& head = "") {
    const std::string text =
        "network = \"mainnet\"\n" + head + member("alice", R"(["pause", "resume", "unlock"])") +
        member("bob", R"(["pause", "resume", "unlock"])") + member("carol", R"(["resume"])") +
        member("oncall", R"(["pause"])", "pauses_per_30_days = 2\n");
    return config::parse_emergency_policy(text, "emergency-policy.toml");
}

inline Order pause_order(std::int64_t sequence = 1) {
    Order order;
    order.network = "mainnet";
    order.genesis_hash = genesis;
    order.sequence = sequence;
    order.issued_at = issued;
    order.expires_at = issued + 15 * minute;
    order.pause_until = issued + 4 * hour;
    order.reason = "two forks, \"deep\" \xc3\xa9";
    order.incident = "INC-7";
    return order;
}
inline Order resume_order(std::int64_t sequence = 2, std::int64_t resumes = 1) {
    Order order = pause_order(sequence);
    order.action = Action::resume;
    order.pause_until = 0;
    order.resumes = resumes;
    return order;
}
inline Order signed_by(Order order, const std::vector<std::string>& names) {
    for (const std::string& name : names) sign_order(order, signer_called(name), order.issued_at + minute);
    return order;
}

inline OrderSituation situation() {
    OrderSituation situation;
    situation.network = "mainnet";
    situation.genesis_hash = genesis;
    situation.now = issued + 2 * minute;
    return situation;
}
inline OrderSituation paused_situation() {
    OrderSituation paused = situation();
    paused.paused = true;
    paused.pause_sequence = paused.last_sequence = 1;
    return paused;
}

}  // namespace bt2c::network::test
