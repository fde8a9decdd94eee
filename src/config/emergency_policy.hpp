#pragma once
// Who may pause and resume the network: HOME/config/emergency-policy.toml. docs/orders.md lists its keys.

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "config/home.hpp"

namespace bt2c::config {

/// What an order can ask for.
enum class EmergencyAction {
    pause,
    resume,
    unlock,  ///< that a validator may sign again after a restore
};
std::string_view action_name(EmergencyAction action);
std::optional<EmergencyAction> parse_action(std::string_view name);

/// Names of members and networks: 1 to 64 letters, digits, '-', '_' and '.', the first a letter or digit.
bool is_emergency_name(std::string_view name);

struct EmergencyMember {
    std::string name;
    base::Bytes public_key;  ///< Ed25519
    std::vector<EmergencyAction> actions;
    int pauses_per_30_days = 3;

    bool may(EmergencyAction action) const;
};

struct EmergencyPolicy {
    std::string network;
    int pause_threshold = 1;
    int resume_threshold = 2;  ///< also what a running pause is extended with
    int unlock_threshold = 0;  ///< 0: unlocking takes no order
    int longest_pause_hours = 24;
    int order_valid_minutes = 15;  ///< the longest time from issue to expiry
    int clock_tolerance_seconds = 120;
    int resume_stake_percent = 67;  ///< of the active stake that must be reachable for a resume
    std::vector<EmergencyMember> members;
    std::string digest;  ///< SHA-256 of the file, in hex

    const EmergencyMember* find(std::string_view name) const;  ///< nullptr: no member
    int threshold(EmergencyAction action) const;
};

fs::path emergency_policy_file(const Home& home);

/// Nothing where there is no such file. Throws Error(usage) naming file and line for a syntax error, an
/// unknown key (with the nearest known one), a wrong type, a value out of range, rules that cannot be met
/// (more signatures than members who may sign), two members of one name or key, and a file that anybody may
/// write; Error(failed) when it cannot be read.
std::optional<EmergencyPolicy> load_emergency_policy(const Home& home);

/// The same from a text at hand; `name` is what messages call it.
EmergencyPolicy parse_emergency_policy(std::string_view text, const fs::path& name);

}  // namespace bt2c::config
