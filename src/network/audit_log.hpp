#pragma once
// The log of orders and acts: HOME/network/audit.jsonl. Each line holds the hash of the one before, so that a
// change of one line shows. docs/orders.md describes it.
//
// Whoever can write the file can also make a whole new one, or leave off its end: that is only seen where
// another copy is, which is_extension_of() compares.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "config/home.hpp"

namespace bt2c::network {

enum class AuditEvent {
    order_created,
    order_signed,
    order_sent,
    order_accepted,
    order_refused,
    paused,
    resumed,
    lapsed,  ///< a pause ended by itself
    forced,  ///< a check was overruled; the detail says which and why
    signing_locked,
    signing_unlocked,
    log_mended,  ///< a line that was cut off in the writing was dropped
};
std::string_view event_name(AuditEvent event);

/// What is to be logged.
struct AuditAct {
    AuditEvent event = AuditEvent::order_accepted;
    std::string network = {};
    std::int64_t sequence = 0;  ///< of the order that it is about, 0: none
    std::string actor = {};     ///< who: "alice, bob", "root on node-1"
    std::string detail = {};    ///< cut to 4000 bytes
    std::string order = {};     ///< its text, or empty
};

/// One line.
struct AuditEntry {
    std::int64_t number = 0;  ///< 1, 2, 3, …
    base::UnixMs at = 0;
    std::string event;  ///< as event_name(); newer programs may know more
    std::string network;
    std::int64_t sequence = 0;
    std::string actor, detail, order;
    std::string previous;  ///< the hash of the line before, in hex; zeros in the first
    std::string hash;      ///< SHA-256 of the line without this member, in hex

    std::string hashed_text() const;
    std::string line() const;  ///< without its end
    /// Throws Error(failed) when it is no line that line() could have written; the hash is not checked.
    static AuditEntry parse(std::string_view line);
};

std::filesystem::path audit_file(const config::Home& home);

/// Adds an entry, durably; makes the file where there is none. A last line without its end, which a power
/// failure or a full disk leaves behind, gives way to an entry that says so. Works on a damaged log too, so
/// that damage never keeps an act from being logged. Throws Error(failed) when it cannot be written and
/// Error(busy) when another process holds it for longer than ten seconds.
AuditEntry append_audit(const config::Home& home, const AuditAct& act, base::UnixMs now);

/// The newest `limit` entries, the oldest of them first; lines that are none are passed over. Empty where
/// there is no log.
std::vector<AuditEntry> read_audit(const config::Home& home, std::size_t limit);

/// Calls `use` with every entry, from the first on.
void for_each_audit_entry(const config::Home& home, const std::function<void(const AuditEntry&)>& use);

struct AuditFinding {
    std::int64_t line = 0;  ///< from 1
    std::string what;
};
struct AuditReport {
    std::int64_t entries = 0;
    std::string last_hash;  ///< keep it elsewhere: it tells later whether the end was left off
    bool torn = false;      ///< the last line has no end: no damage, the next entry will mend it
    std::int64_t findings_count = 0;
    std::vector<AuditFinding> findings;  ///< the first 100
};
/// Lines that were changed, removed, put in or put elsewhere. No log is a sound one, without entries.
AuditReport verify_audit(const config::Home& home);

/// Whether the one file begins with all whole lines of the other: what a restore may put in its place.
bool is_extension_of(const std::filesystem::path& longer, const std::filesystem::path& shorter);

}  // namespace bt2c::network
