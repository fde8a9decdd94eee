#include "repository/retention.hpp"

#include <algorithm>
#include <chrono>
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

std::string date_of(UnixMs time) {
    return base::format_utc(time).substr(0, 10);
}

/// Where windows reach back from, of times in their order. Until the backups behind a gap span `settled_ms`,
/// it is the last one before it: one backup by a clock that jumped ahead must not make all others old.
UnixMs anchor_before_gap(const std::vector<UnixMs>& times, UnixMs settled_ms) {
    std::size_t first = times.size() - 1;
    while (first > 0 && times[first] - times[first - 1] <= gap_ms) --first;
    return first > 0 && times.back() - times[first] < settled_ms ? times[first - 1] : times.back();
}

std::string counted_from(UnixMs anchor, UnixMs newest) {
    return anchor == newest ? "" : format(", counted from {}: a long gap follows", date_of(anchor));
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

    void keep_windows() {
        const auto anchor_of = [&](const std::vector<UnixMs>& times) {
            return rules_.wait_at_gaps ? anchor_before_gap(times, rules_.recent_days * day_ms) : times.back();
        };
        std::map<std::string, std::vector<UnixMs>> of_chain;
        std::vector<UnixMs> all;
        for (const std::size_t i : order_) {
            if (future(i)) continue;
            all.push_back(made_[i]);
            if (!safety(i)) of_chain[backups_[i].chain].push_back(made_[i]);
        }
        for (const auto& [chain, times] : of_chain) {
            anchors_[chain] = anchor_of(times);
            counted_[chain] = counted_from(anchors_[chain], times.back());
        }
        const UnixMs anchor = all.empty() ? 0 : anchor_of(all);
        for (const std::size_t i : order_) {
            if (future(i)) continue;
            if (safety(i)) {
                if (made_[i] > anchor - rules_.safety_days * day_ms)
                    keep(i, "safety",
                         format("a safety backup of the last {} days{}", rules_.safety_days,
                                counted_from(anchor, all.back())));
            } else if (made_[i] > anchors_[backups_[i].chain] - rules_.recent_days * day_ms) {
                keep(i, "recent",
                     format("of the last {} days{}", rules_.recent_days, counted_[backups_[i].chain]));
            }
        }
    }

    /// Lower is better.
    auto rank(std::size_t i) const {
        return std::tuple(backups_[i].failed, !proved(i), !in_order_[i],
                          backups_[i].type != BackupType::full);
    }

    void keep_periods() {
        for (std::size_t p = 0; p < periods_.size(); ++p) {
            auto& best = best_[p];
            for (const std::size_t i : order_) {
                if (future(i) || safety(i)) continue;
                const auto at = best.try_emplace({backups_[i].chain, periods_[p].bucket(made_[i])}, i).first;
                if (rank(i) < rank(at->second)) at->second = i;
            }
            for (const auto& [bucket, i] : best)
                if (within(p, i))
                    keep(i, periods_[p].rule,
                         format("{}{}{}", periods_[p].prefix, bucket.second, counted_[backups_[i].chain]));
        }
    }
    bool within(std::size_t period, std::size_t i) {
        return made_[i] > anchors_[backups_[i].chain] - periods_[period].reach_ms;
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
                for (std::size_t p = 0; p < periods_.size() && reason.text.empty(); ++p) {
                    const auto& best = best_[p].at({backups_[i].chain, periods_[p].bucket(made_[i])});
                    if (best != i && within(p, best))
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
    std::map<std::string, UnixMs> anchors_;       ///< by chain
    std::map<std::string, std::string> counted_;  ///< by chain: what counted_from() says
    std::vector<Period> periods_;
    std::map<std::pair<std::string, std::string>, std::size_t> best_[3];  ///< by chain and bucket
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
