#pragma once
// A node obeys an order: checks it against its policy, logs it, and changes its database.

#include <optional>
#include <string>

#include "base/error.hpp"
#include "chaindb/network_pause.hpp"
#include "config/emergency_policy.hpp"
#include "config/home.hpp"
#include "network/order_check.hpp"

namespace bt2c::network {

/// The node that is to obey.
struct Obedient {
    config::Home home;
    std::string network;
    std::optional<config::EmergencyPolicy> policy;
    /// Who orders where there is no policy: "root on node-1". Empty: an order is refused then.
    std::string authority_without_policy;
    int lock_patience_ms = 10'000;  ///< for other writers of the database
};

/// Overrules saved states that are not those of the pause.
struct Override {
    std::string reason;
};

struct Obeyed {
    std::optional<base::Error> refusal;  ///< the order does not count here, and never will
    chaindb::PauseOutcome outcome;
    chaindb::PauseState state;  ///< afterwards
};

/// Obeys an order to pause or resume. The log has it before the database is changed, so that it counts once
/// though this process is killed in between: the same order again ends what was begun, and brings a restored
/// database up to date. Throws Error as chaindb::apply_pause() and apply_resume(); another attempt may do
/// better then.
Obeyed obey(const Obedient& node, const Order& order, CheckMode mode,
            const std::optional<Override>& force = {});

/// The same without an order: whoever may write to the database is authority enough where there is no policy.
/// @param order its sequence is chosen here
Obeyed obey_local(const Obedient& node, chaindb::PauseOrder order, Action action,
                  const std::optional<Override>& force = {});

/// Ends a pause of the node's network whose time is over. False where there is none.
bool end_pause_in_time(const Obedient& node);

/// The node's database, beside a node that may run. Throws Error(failed) when it is not there, or is none.
chaindb::sqlite::Connection open_database(const config::Home& home, int lock_patience_ms);

}  // namespace bt2c::network
