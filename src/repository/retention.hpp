#pragma once
// Which backups are kept, and why. A pure function of what is known of them; docs/repository-format.md says
// how the others are removed.

#include <optional>
#include <string>
#include <vector>

#include "repository/manifest.hpp"

namespace bt2c::repository {

/// How far a clock may be off: stamps further in the future are not trusted.
constexpr base::UnixMs clock_tolerance_ms = base::UnixMs{5} * 60 * 1000;

/// Windows reach back from the newest backup of the same chain, not from now: a clock that is ahead, or a
/// node that stands still, makes no backups old.
struct RetentionRules {
    int recent_days = 7;      ///< every backup
    int daily_days = 30;      ///< one of each day
    int weekly_weeks = 13;    ///< one of each week, which begin on Mondays
    int monthly_months = 12;  ///< one of each month
    int safety_days = 30;     ///< what a restore put away, before the newest backup of any kind
    /// Behind a gap of more than 32 days windows on what lies before it reach back from the last backup
    /// before it, until those behind it span `recent_days`: one backup under a clock that jumped must not
    /// make all others old before somebody looks. Then they follow, four days each day.
    bool wait_at_gaps = false;
};

/// What the rules look at.
struct BackupFacts {
    ObjectId id;
    BackupType type = BackupType::full;
    std::optional<ObjectId> parent = {};
    std::uint64_t sequence = 0;
    base::UnixMs made_at = 0;                    ///< as it says itself
    std::string chain = {};                      ///< from chain_of()
    std::optional<base::UnixMs> proved_at = {};  ///< the latest proof
    bool failed = false;                         ///< it did not restore when it was tested last
    std::optional<std::string> pin = {};         ///< why it is pinned; may be empty
    std::string kept_for = {};                   ///< why it is kept for an upgrade; empty: it is not
};
/// Tells chains apart: networks and the hashes of their lowest blocks.
std::string chain_of(const Manifest& manifest);

struct Reason {
    /// newest, base, recent, daily, weekly, monthly, safety, proved, pinned, upgrade, future or parent; of a
    /// backup that is not kept: superseded or expired.
    std::string rule;
    std::string text;  ///< for people, one clause
};

struct Verdict {
    bool kept = false;
    std::vector<Reason> reasons;  ///< at least one
};

/// One verdict for each backup, in the same order. Never given up: the newest of each chain, the one that was
/// proved last of each chain, what the next incremental backup builds on, pinned ones, those kept for an
/// upgrade, those whose stamp or proof lies in the future, and what one of these is made against.
///
/// Of a day, week or month the first proved backup stands for it, else the first full one, else the first;
/// later ones never displace it, but where a test found that it does not restore. First is what the sequence
/// says. A backup whose stamp contradicts the sequence counts as made when the one before it was, and stands
/// for a day only where nothing else does; it counts as made when it says, too, among its like: what either
/// keeps is kept.
std::vector<Verdict> decide_retention(const std::vector<BackupFacts>& backups, const RetentionRules& rules,
                                      base::UnixMs now);

}  // namespace bt2c::repository
