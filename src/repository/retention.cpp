#include "repository/retention.hpp"

#include <algorithm>
#include <chrono>
#include <limits>
#include <map>
#include <numeric>
#include <tuple>

#include "base/text.hpp"

namespace bt2c::repository {

using base::format;
using base::UnixMs;

namespace {

constexpr UnixMs day_ms = UnixMs{24} * 3600 * 1000;
constexpr int days_per_week = 7, days_per_year = 365, months_per_year = 12;
/// Longer than any schedule waits: behind it the node stood still, or its clock jumped.
constexpr UnixMs gap_ms = 32 * day_ms;
/// How fast windows that stood still follow: a year in three months.
constexpr int days_moved_per_day = 4;

std::string date_of(UnixMs time) {
    return base::format_utc(time).substr(0, 10);
}

/// Where the windows of one chain reach back from.
struct Anchor {
    UnixMs newest = 0;                                ///< for what was made after the last long gap
    UnixMs held = 0;                                  ///< for what was made before it
    UnixMs gap = std::numeric_limits<UnixMs>::min();  ///< when that began

    UnixMs of(UnixMs time) const { return time <= gap ? held : newest; }
    std::string told(UnixMs time) const {
        return of(time) == newest ? "" : format(", counted from {}: a long gap follows", date_of(held));
    }
};

/// Until the backups behind a gap span `settled_ms`, windows on what lies before it stand still: one backup
/// by a clock that jumped ahead must not make all others old. Then they follow, never so fast that most
/// backups would go at once; where another gap comes before they have caught up, from where they were.
/// @param times in their order, at least one
Anchor anchor_of(const std::vector<UnixMs>& times, UnixMs settled_ms) {
    Anchor anchor{times.back(), times.back()};
    bool waits = false;
    for (std::size_t first = 0, last; first < times.size(); first = last + 1) {
        for (last = first; last + 1 < times.size() && times[last + 1] - times[last] <= gap_ms;) ++last;
        const UnixMs settled_for = std::max<UnixMs>(0, times[last] - times[first] - settled_ms);
        if (waits) anchor.held = std::min(times[last], anchor.held + settled_for * days_moved_per_day);
        if (last + 1 == times.size()) break;
        if (!waits) anchor.held = times[last];
        waits = true;
        anchor.gap = times[last];
    }
    return anchor;
}

/// A kind of bucket: how far it reaches, and what bucket a time falls into.
struct Period {
    std::string_view rule, prefix;
    UnixMs reach_ms;
    std::string (*bucket)(UnixMs);
};

std::string week_of(UnixMs time) {
    using std::chrono::floor;
    const std::chrono::sys_time<std::chrono::milliseconds> at{std::chrono::milliseconds(time)};
    const auto day = floor<std::chrono::days>(at);
    const std::chrono::weekday weekday(day);
    const auto monday = day - (weekday - std::chrono::Monday);
    return date_of(std::chrono::milliseconds(monday.time_since_epoch()).count());
}

/// When a backup was made: as far as its stamp is believed, or as it says itself. What either keeps is kept:
/// the majority that decides what is believed may be the wrong one.
enum class Reading { settled, own };
constexpr Reading readings[] = {Reading::settled, Reading::own};

class Decision {
 public:
    Decision(const std::vector<BackupFacts>& backups, const RetentionRules& rules, UnixMs now)
        : backups_(backups),
          rules_(rules),
          latest_ms_(now + clock_tolerance_ms),
          verdicts_(backups.size()),
          made_(backups.size()),
          in_order_(backups.size()),
          periods_{{"daily", "the day ", rules.daily_days * day_ms, date_of},
                   {"weekly", "the week from ", day_ms * days_per_week * rules.weekly_weeks, week_of},
                   {"monthly", "the month ", day_ms * days_per_year * rules.monthly_months / months_per_year,
                    [](UnixMs time) { return date_of(time).substr(0, 7); }}} {}

    std::vector<Verdict> run() {
        sort();
        settle_times();
        keep_single_ones();
        find_anchors();
        keep_windows();
        keep_periods();
        keep_parents();
        explain_others();
        return std::move(verdicts_);
    }

 private:
    bool future(std::size_t i) const { return backups_[i].made_at > latest_ms_; }
    bool proved(std::size_t i) const { return backups_[i].proved_at && *backups_[i].proved_at <= latest_ms_; }
    bool safety(std::size_t i) const { return backups_[i].type == BackupType::safety; }

    void keep(std::size_t i, std::string_view rule, std::string text) {
        verdicts_[i].kept = true;
        verdicts_[i].reasons.push_back({std::string(rule), std::move(text)});
    }

    /// As Repository::list() sorts them, oldest first.
    void sort() {
        order_.resize(backups_.size());
        std::iota(order_.begin(), order_.end(), std::size_t{0});
        std::ranges::sort(order_, {}, [&](std::size_t i) {
            return std::tuple(backups_[i].sequence, backups_[i].made_at, backups_[i].id);
        });
    }

    /// The most backups whose stamps rise with the sequence are believed; so a few that were forged, or made
    /// while a clock was wrong, do not change what the others say.
    void settle_times() {
        std::vector<std::size_t> tails;  // of the rising rows of each length, the one that ends lowest
        std::vector<std::size_t> before(backups_.size(), SIZE_MAX);
        for (const std::size_t i : order_) {
            made_[i] = backups_[i].made_at;
            if (future(i)) continue;
            const auto at =
                std::ranges::upper_bound(tails, made_[i], {}, [&](std::size_t t) { return made_[t]; });
            if (at != tails.begin()) before[i] = *(at - 1);
            if (at == tails.end())
                tails.push_back(i);
            else
                *at = i;
        }
        for (std::size_t i = tails.empty() ? SIZE_MAX : tails.back(); i != SIZE_MAX; i = before[i])
            in_order_[i] = true;
        const auto first = std::ranges::find_if(order_, [&](std::size_t i) { return in_order_[i]; });
        UnixMs time = first == order_.end() ? 0 : made_[*first];
        for (const std::size_t i : order_) {
            if (in_order_[i]) time = made_[i];
            if (!future(i)) made_[i] = time;
        }
    }

    void keep_single_ones() {
        std::map<std::string, std::size_t> newest, last_proved;
        std::optional<std::size_t> full, sibling;
        for (const std::size_t i : order_) {
            const BackupFacts& backup = backups_[i];
            if (backup.pin) keep(i, "pinned", backup.pin->empty() ? "pinned" : "pinned: " + *backup.pin);
            if (!backup.kept_for.empty()) keep(i, "upgrade", backup.kept_for);
            if (future(i)) keep(i, "future", "its time is in the future, which is not believed");
            if (backup.proved_at && !proved(i)) keep(i, "proved", "proved, at a time in the future");
            if (proved(i)) {
                const auto at = last_proved.try_emplace(backup.chain, i).first;
                if (*backups_[at->second].proved_at <= *backup.proved_at) at->second = i;
            }
            if (!safety(i) && !future(i)) newest[backup.chain] = i;
            if (backup.type == BackupType::full) full = i;
        }
        for (const auto& [chain, i] : newest)
            keep(i, "newest", newest.size() == 1 ? "the newest" : "the newest of its chain");
        for (const auto& [chain, i] : last_proved) keep(i, "proved", "proved last");
        if (!full) return;
        for (const std::size_t i : order_)
            if (backups_[i].parent == backups_[*full].id) sibling = i;
        keep(*full, "base", "the next incremental backup builds on it");
        if (sibling) keep(*sibling, "base", "the next incremental backup builds on it");
    }

    void find_anchors() {
        std::vector<UnixMs> all;
        std::map<std::string, std::vector<UnixMs>> of_chain;
        for (const std::size_t i : order_) {
            if (future(i)) continue;
            all.push_back(made_[i]);
            if (!safety(i)) of_chain[backups_[i].chain].push_back(made_[i]);
        }
        const auto find = [&](const std::vector<UnixMs>& times) {
            return rules_.wait_at_gaps ? anchor_of(times, rules_.recent_days * day_ms)
                                       : Anchor{times.back(), times.back()};
        };
        if (!all.empty()) anchor_ = find(all);
        for (const auto& [chain, times] : of_chain) anchors_[chain] = find(times);
    }

    /// When a backup was made can be read in two ways where its stamp contradicts the sequence.
    UnixMs time(Reading reading, std::size_t i) const {
        return reading == Reading::settled ? made_[i] : backups_[i].made_at;
    }
    bool has(Reading reading, std::size_t i) const {
        return !future(i) && (reading == Reading::settled || !in_order_[i]);
    }

    void keep_windows() {
        for (const std::size_t i : order_)
            for (const Reading reading : readings)
                if (has(reading, i) && keep_in_window(i, time(reading, i))) break;
    }
    bool keep_in_window(std::size_t i, UnixMs at) {
        const Anchor& anchor = safety(i) ? anchor_ : anchors_[backups_[i].chain];
        const int days = safety(i) ? rules_.safety_days : rules_.recent_days;
        if (at <= anchor.of(at) - days * day_ms) return false;
        if (safety(i))
            keep(i, "safety", format("a safety backup of the last {} days{}", days, anchor.told(at)));
        else
            keep(i, "recent", format("of the last {} days{}", days, anchor.told(at)));
        return true;
    }

    /// Lower is better.
    auto rank(std::size_t i) const {
        return std::tuple(backups_[i].failed, !proved(i), !in_order_[i],
                          backups_[i].type != BackupType::full);
    }

    using Bucket = std::tuple<Reading, std::string, std::string>;  ///< of which chain, and which day or so
    Bucket bucket(std::size_t period, Reading reading, std::size_t i) const {
        return {reading, backups_[i].chain, periods_[period].bucket(time(reading, i))};
    }

    void keep_periods() {
        for (std::size_t p = 0; p < periods_.size(); ++p) {
            auto& best = best_[p];
            for (const Reading reading : readings)
                for (const std::size_t i : order_) {
                    if (!has(reading, i) || safety(i)) continue;
                    const auto at = best.try_emplace(bucket(p, reading, i), i).first;
                    if (rank(i) < rank(at->second)) at->second = i;
                }
            for (const auto& [bucket, i] : best) {
                const UnixMs at = time(std::get<Reading>(bucket), i);
                if (within(p, i, at))
                    keep(i, periods_[p].rule,
                         format("{}{}{}", periods_[p].prefix, std::get<2>(bucket),
                                anchors_[backups_[i].chain].told(at)));
            }
        }
    }
    bool within(std::size_t period, std::size_t i, UnixMs at) {
        return at > anchors_[backups_[i].chain].of(at) - periods_[period].reach_ms;
    }

    void keep_parents() {
        std::map<ObjectId, std::size_t> by_id;
        for (const std::size_t i : order_) by_id[backups_[i].id] = i;
        std::map<std::size_t, std::pair<std::size_t, std::size_t>> needed;  // count, and one of them
        for (const std::size_t i : order_)
            if (verdicts_[i].kept && backups_[i].parent)
                if (const auto parent = by_id.find(*backups_[i].parent); parent != by_id.end()) {
                    auto& [count, one] = needed[parent->second];
                    ++count;
                    one = i;
                }
        for (const auto& [parent, need] : needed)
            keep(parent, "parent",
                 need.first == 1 ? format("{} is made against it", backups_[need.second].id.brief())
                                 : format("{} kept backups are made against it", need.first));
    }

    void explain_others() {
        for (const std::size_t i : order_) {
            if (verdicts_[i].kept) continue;
            Reason reason{"expired", ""};
            if (safety(i)) {
                reason.text = format("a safety backup older than {} days", rules_.safety_days);
            } else {
                const Reading reading = in_order_[i] ? Reading::settled : Reading::own;
                for (std::size_t p = 0; p < periods_.size() && reason.text.empty(); ++p) {
                    const std::size_t best = best_[p].at(bucket(p, reading, i));
                    if (best != i && within(p, best, time(reading, best)))
                        reason = {"superseded", format("{} stands for its {}", backups_[best].id.brief(),
                                                       p == 0   ? "day"
                                                       : p == 1 ? "week"
                                                                : "month")};
                }
                if (reason.text.empty()) reason.text = "older than the rules reach";
            }
            verdicts_[i].reasons.push_back(std::move(reason));
        }
    }

    const std::vector<BackupFacts>& backups_;
    const RetentionRules& rules_;
    UnixMs latest_ms_;  ///< that is not in the future
    std::vector<Verdict> verdicts_;
    std::vector<UnixMs> made_;    ///< as far as it is believed
    std::vector<bool> in_order_;  ///< its stamp fits the sequence
    std::vector<std::size_t> order_;
    Anchor anchor_;                          ///< of all together
    std::map<std::string, Anchor> anchors_;  ///< by chain
    std::vector<Period> periods_;
    std::map<Bucket, std::size_t> best_[3];  ///< who stands for it, by period
};

}  // namespace

std::string chain_of(const Manifest& manifest) {
    std::vector<std::string> parts;
    for (const NetworkState& network : manifest.networks)
        parts.push_back(network.network + " " + network.genesis_hash);
    std::ranges::sort(parts);
    std::string chain;
    for (const std::string& part : parts) chain += part + "\n";
    return chain;
}

std::vector<Verdict> decide_retention(const std::vector<BackupFacts>& backups, const RetentionRules& rules,
                                      UnixMs now) {
    return Decision(backups, rules, now).run();
}

}  // namespace bt2c::repository
