#pragma once
// A network is paused and resumed in one chain database. docs/network.md says what changes.

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "chaindb/sqlite/connection.hpp"

namespace bt2c::chaindb {

/// What of an order a database has to know.
struct PauseOrder {
    std::string network;
    std::int64_t sequence = 0;
    double issued_at = 0;              ///< Unix time, s
    std::optional<double> until = {};  ///< of a pause: when it ends by itself; nothing: never
    std::string reason;
    std::string authority;  ///< who ordered it, for people: "root on node-1", "alice, bob"
    std::string text = {};  ///< the signed order; empty without a policy
};

struct PauseOutcome {
    bool changed = false;       ///< false: it was so already
    std::int64_t sequence = 0;  ///< of the order in force
    std::int64_t validators_changed = 0;
    std::optional<std::int64_t> height;  ///< of the network's tip; nothing where it has no block
    std::string tip_hash;
    std::vector<std::string> left_alone;  ///< of a resume: what was changed meanwhile, one line each
    double paused_seconds = 0;            ///< of a resume: what timers were shifted by
};

/// Pauses the network, in one transaction. A paused one only gets the order's end, reason and sequence
/// (`changed` is false where those are the same too).
/// Throws Error(failed) when the database lacks `blocks` or `validators`, is read-only or full; Error(busy)
/// when it is locked for longer than the connection's patience; nothing is changed then.
PauseOutcome apply_pause(sqlite::Connection& database, const PauseOrder& order);

/// Resumes it. Throws as apply_pause(), and Error(findings) when the saved states are not those of the
/// pause, or there are none, unless `force`: then what can be restored is, and the rest is reported.
PauseOutcome apply_resume(sqlite::Connection& database, const PauseOrder& order, bool force);

/// Ends a pause whose time is over, as a resume at that time would; `changed` is false where there is none.
/// No order is kept: the pause's own said when. Throws as apply_resume().
PauseOutcome end_pause_in_time(sqlite::Connection& database, const std::string& network, double now_s);

/// What a database says of a network's pause.
struct PauseState {
    bool paused = false;  ///< by us, or by the newest row of `network_status`
    bool denied = false;  ///< the newest row of `network_status` says otherwise than the pause's own record
    std::optional<std::int64_t> recorded_height;  ///< of the newest block when it was paused
    bool recorded = false;                        ///< there is our record of the pause
    bool guarded = false;                         ///< the triggers are there
    bool sound = false;                           ///< the saved states have their hash
    std::int64_t sequence = 0;                    ///< of the newest order applied, 0: none
    std::string action;                           ///< of that order
    double since = 0;                             ///< Unix time of the pause, s
    std::optional<double> until;
    std::string reason, authority;
    std::int64_t saved_validators = 0;
    std::int64_t active_validators = 0;  ///< ACTIVE now; during a pause also by `is_active` alone
    std::int64_t validators = 0;
    std::optional<std::int64_t> height;
    std::string tip_hash, genesis_hash;
};
/// Changes nothing. Works on read-only connections and images.
PauseState read_pause_state(sqlite::Connection& database, const std::string& network);

/// Stake of validators that are ACTIVE, or during a pause were before it.
struct ActiveStake {
    double total = 0;  ///< coins
    double own = 0;    ///< of the addresses asked for
};
ActiveStake read_active_stake(sqlite::Connection& database, const std::string& network,
                              const std::vector<std::string>& addresses);

/// The newest blocks of a network: height and hash, the highest first.
std::vector<std::pair<std::int64_t, std::string>> newest_blocks(sqlite::Connection& database,
                                                                const std::string& network,
                                                                std::int64_t count);

/// The median time between the newest blocks, so that one late block says nothing (of a few gaps the least);
/// 0 where there are none.
double usual_block_time_s(sqlite::Connection& database, const std::string& network);

/// Unix time of the network's newest block; 0 where it has none.
double newest_block_time_s(sqlite::Connection& database, const std::string& network);

/// Whether a new block would be refused: what a node looks at before it makes one. Cheap.
bool is_paused(sqlite::Connection& database, const std::string& network);

/// A key was rotated during a pause: the saved state goes with the validator. Within the caller's
/// transaction; nothing happens where the network is not paused.
void rename_saved_validator(sqlite::Connection& database, const std::string& network,
                            const std::string& old_address, const std::string& new_address);

}  // namespace bt2c::chaindb
