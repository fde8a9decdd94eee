#pragma once
// What was done with the keys of this home, one line for each act: HOME/keys/history.jsonl. It holds no
// secret, and travels with keys/ in every backup.

#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "config/home.hpp"

namespace bt2c::keys {

struct KeyAct {
    enum class Kind {
        recovered,  ///< out of its phrase or shares
        made,       ///< by a rotation
        given_up,   ///< by a rotation
        in_token,   ///< imported into a token
    };
    base::UnixMs at = 0;
    Kind kind = Kind::recovered;
    std::string address;
    std::string reason;  ///< as the operator gave it; empty where none was asked for
};

/// Its file in HOME/keys.
constexpr std::string_view key_history_name = "history.jsonl";

/// Adds an act durably. The oldest are dropped beyond 1 MiB. Throws Error(failed) when it cannot be written.
void remember_act(const config::Home& home, const KeyAct& act);
/// The oldest first; lines that cannot be read are passed over. Empty where there is no such file.
std::vector<KeyAct> key_history(const config::Home& home);

std::string_view act_name(KeyAct::Kind kind);

}  // namespace bt2c::keys
