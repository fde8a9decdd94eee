#pragma once
// Brings a source back into a node's home.

#include <functional>
#include <string>
#include <vector>

#include "config/home.hpp"
#include "restore/source.hpp"

namespace bt2c::restore {

struct RestoreRequest {
    bool database = true;
    bool config = true;
    bool keys = true;  ///< keys/ and wallets/
    /// Goes on where the space seems short, and where the proof of the chain found problems.
    bool force = false;
    /// Settings that the home has stay where the source has others, which are put beside them: they say where
    /// the backups are, the way back among them.
    bool keep_settings = false;
};

/// What a chain's check said of the database that is about to take its place.
struct ChainProof {
    bool ok = false;
    std::vector<repository::NetworkState> networks;
    std::string problem;  ///< the first one, for the error message
};

/// What a restore needs of the jobs that it does not include.
struct RestoreHooks {
    /// Checks the chain of the database that is restored; from another thread, and while it is being written
    /// where the source allows. Empty: it is not proved now.
    std::function<ChainProof(const chaindb::PageImage&)> prove_chain;
    /// Keeps the present state; returns the safety backup's id, or where it is.
    std::function<std::string()> keep_present_state;
};

struct RestorePlan {
    std::vector<std::string> steps;  ///< what would be done, for people
    std::uint64_t bytes_needed = 0, bytes_free = 0;
    double expected_seconds = 0;
    std::vector<std::string> parts;  ///< "database", "config", "keys"
};

/// What would be done, without touching anything. Throws as restore() where it is plain already
/// that it cannot be done.
RestorePlan plan_restore(const RestoreSource& source, const config::Home& target,
                         const RestoreRequest& request);

struct RestoreResult {
    std::vector<std::string> parts;
    bool database() const { return !parts.empty() && parts.front() == "database"; }
    std::string safety_backup;  ///< empty where there was nothing to keep
    bool verified = false;      ///< image and chain were proved; without a database: the files' contents
    std::string problem;        ///< what is wrong with the chain that was restored all the same
    std::vector<repository::NetworkState> networks;
    /// The node must not sign until 'network unlock-signing': another one may run with these keys.
    bool signing_locked = false;
    std::vector<std::string> kept;  ///< files that were left as they are, with the reason
    std::string settings_beside;    ///< where the source's settings are, if the home's stayed; else empty
    bool settings_placed = false;   ///< the home's settings are the source's
};

/// The order: everything of the source is written beside and proved; the present state is kept;
/// signing is locked; configuration, keys and wallets take their places file by file; the database takes its
/// place last, by rename. Cut off at any instant, the database is the old one or the new one, whole. Throws
/// Error: busy while another process has the home's database open for writing, whatever is restored; findings
/// when the chain's check finds problems, `force` is not set and the source is no safety backup; failed
/// otherwise. Up to the moment where files take their places nothing was changed, and the error says so.
RestoreResult restore(const RestoreSource& source, const config::Home& target, const RestoreRequest& request,
                      const RestoreHooks& hooks, base::Progress& progress);

}  // namespace bt2c::restore
