#pragma once
// The tables and triggers of a paused network: pieces of network_pause.cpp. docs/network.md.

#include <string>

#include "chaindb/network_pause.hpp"

namespace bt2c::chaindb {

/// Makes the tables where they are missing.
void create_pause_tables(sqlite::Connection& database);

/// The triggers that refuse new blocks.
/// @param height of the pause; rows above it may not come to be by an UPDATE either
void add_guard(sqlite::Connection& database, const std::string& network, std::optional<std::int64_t> height);
void remove_guard(sqlite::Connection& database, const std::string& network);
bool has_guard(sqlite::Connection& database, const std::string& network);

/// Adds a row to `network_status`.
void add_status(sqlite::Connection& database, const PauseOrder& order, const char* status);
void add_order(sqlite::Connection& database, const PauseOrder& order, const char* action);
/// The newest order's sequence; 0: none.
std::int64_t last_sequence(sqlite::Connection& database, const std::string& network);

// Saved states.

/// Which of the saved columns `validators` has.
struct SavedColumns {
    bool is_active = false, last_validation = false, unstake_requested_at = false;
    static SavedColumns of(sqlite::Connection& database);
    /// SQL: a row of `validators` takes part although its network is paused.
    const char* awake() const;
};
/// Saves those that are not saved yet; of these only those that are awake, when `only_awake`.
void save_validators(sqlite::Connection& database, const std::string& network, const SavedColumns& columns,
                     bool only_awake);
/// SHA-256, in hex, over network, time of the pause and all saved rows with their types.
std::string saved_hash(sqlite::Connection& database, const std::string& network);
/// Gives back what was saved and shifts timers; what was changed meanwhile is told and left.
void restore_validators(sqlite::Connection& database, const std::string& network, const SavedColumns& columns,
                        PauseOutcome& outcome);
/// Open requests to leave that were waiting at `paused_at` (Unix time, s) wait from so much later on.
void shift_requests(sqlite::Connection& database, const std::string& network, double paused_at,
                    PauseOutcome& outcome);

}  // namespace bt2c::chaindb
