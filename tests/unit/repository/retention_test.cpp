// [B7] Which backups are kept, rule by rule, and against somebody who adds backups of his own.

#include "repository/retention.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

namespace bt2c::repository {
namespace {

using base::UnixMs;

constexpr UnixMs hour_ms = 3'600'000, day_ms = 24 * hour_ms;

UnixMs at(const std::string& text) {
    return base::parse_utc(text).value();
}

/// A row of backups, each with the next sequence number.
class Row {
 public:
    BackupFacts& add(UnixMs made_at, BackupType type = BackupType::full, const std::string& chain = "main") {
        BackupFacts facts;
        facts.id = ObjectId::random();
        facts.type = type;
        facts.sequence = ++sequence;
        facts.made_at = made_at;
        facts.chain = type == BackupType::safety ? "" : chain;
        if (type == BackupType::incremental) facts.parent = full_;
        if (type == BackupType::full) full_ = facts.id;
        all.push_back(facts);
        return all.back();
    }
    /// A full backup each day at two, and one incremental each hour.
    void days(UnixMs first, int count) {
        for (int day = 0; day < count; ++day)
            for (int hour = 0; hour < 24; ++hour)
                add(first + day * day_ms + hour * hour_ms,
                    hour == 2 || all.empty() ? BackupType::full : BackupType::incremental);
    }
    std::vector<Verdict> decide(UnixMs now, const RetentionRules& rules = {}) const {
        return decide_retention(all, rules, now);
    }
    /// Rules that keep the backup; empty when it is not kept.
    std::vector<std::string> rules_of(std::size_t i, UnixMs now) const {
        const Verdict verdict = decide(now)[i];
        std::vector<std::string> rules;
        if (verdict.kept)
            for (const Reason& reason : verdict.reasons) rules.push_back(reason.rule);
        return rules;
    }

    std::vector<BackupFacts> all;
    std::uint64_t sequence = 0;

 private:
    std::optional<ObjectId> full_;
};

std::size_t kept(const std::vector<Verdict>& verdicts) {
    return static_cast<std::size_t>(std::ranges::count(verdicts, true, &Verdict::kept));
}

bool has(const std::vector<std::string>& rules, const std::string& rule) {
    return std::ranges::find(rules, rule) != rules.end();
}

TEST(Retention, AYearOfTheUsualSchedule) {
    Row row;
    const UnixMs first = at("2025-11-01T00:00:00Z");
    row.days(first, 420);
    const UnixMs now = first + 420 * day_ms;
    const auto verdicts = row.decide(now);
    std::map<std::string, int> by_rule;
    for (std::size_t i = 0; i < verdicts.size(); ++i) {
        ASSERT_FALSE(verdicts[i].reasons.empty());
        if (!verdicts[i].kept) continue;
        for (const Reason& reason : verdicts[i].reasons) ++by_rule[reason.rule];
        const UnixMs age = row.all.back().made_at - row.all[i].made_at;
        if (age >= 8 * day_ms) {
            EXPECT_EQ(row.all[i].type, BackupType::full);
        }
        EXPECT_LT(age, 366 * day_ms);
    }
    EXPECT_EQ(by_rule["recent"], 7 * 24);
    EXPECT_EQ(by_rule["daily"], 30);
    EXPECT_EQ(by_rule["weekly"], 13);
    EXPECT_EQ(by_rule["monthly"], 12);
    EXPECT_EQ(by_rule["newest"], 1);
}

TEST(Retention, PrunedDailyEndsWithTheSameAsPrunedOnce) {
    Row row;
    const UnixMs first = at("2025-01-01T00:00:00Z");
    UnixMs now = first;
    for (int day = 0; day < 500; ++day) {
        row.days(first + day * day_ms, 1);
        now = first + (day + 1) * day_ms;
        const auto verdicts = row.decide(now);
        std::vector<BackupFacts> left;
        for (std::size_t i = 0; i < verdicts.size(); ++i)
            if (verdicts[i].kept) left.push_back(row.all[i]);
        row.all = left;
    }
    Row once;
    once.days(first, 500);
    std::vector<std::pair<std::uint64_t, UnixMs>> daily, at_once;
    for (const BackupFacts& facts : row.all) daily.emplace_back(facts.sequence, facts.made_at);
    const auto verdicts = once.decide(now);
    for (std::size_t i = 0; i < verdicts.size(); ++i)
        if (verdicts[i].kept) at_once.emplace_back(once.all[i].sequence, once.all[i].made_at);
    EXPECT_EQ(daily, at_once);
}

TEST(Retention, BackupsThatAnIntruderAddsDisplaceNone) {
    Row row;
    const UnixMs first = at("2026-01-01T00:00:00Z");
    for (int day = 0; day < 100; ++day) {
        row.add(first + day * day_ms + 2 * hour_ms);                                    // good
        for (int i = 0; i < 3; ++i) row.add(first + day * day_ms + (3 + i) * hour_ms);  // slightly newer
    }
    const UnixMs now = first + 100 * day_ms;
    const auto verdicts = row.decide(now);
    Row good;
    for (std::size_t i = 0; i < row.all.size(); i += 4) good.all.push_back(row.all[i]);
    const auto alone = good.decide(now);
    for (std::size_t i = 0; i < alone.size(); ++i)
        if (alone[i].kept) {
            EXPECT_TRUE(verdicts[4 * i].kept) << i;
        }
}

TEST(Retention, ForgedStampsDisplaceNone) {
    Row row;
    const UnixMs first = at("2026-01-01T02:00:00Z");
    for (int day = 0; day < 60; ++day) row.add(first + day * day_ms);
    const UnixMs now = first + 60 * day_ms;
    const auto before = row.decide(now);
    // Made now, and said to be of each of those days, a little before the good one.
    for (int day = 0; day < 20; ++day) row.add(first + day * day_ms - hour_ms);
    // One that says to be made now and first of all.
    row.add(now - hour_ms).sequence = 0;
    const auto after = row.decide(now);
    for (std::size_t i = 0; i < before.size(); ++i)
        if (before[i].kept) {
            EXPECT_TRUE(after[i].kept) << i;
        }
}

TEST(Retention, OfAnotherChainDisplacesNone) {
    Row row;
    const UnixMs first = at("2026-01-01T02:00:00Z");
    row.add(first);
    for (int i = 1; i < 50; ++i) row.add(first + i * day_ms, BackupType::full, "other");
    EXPECT_TRUE(has(row.rules_of(0, first + 50 * day_ms), "newest"));
    EXPECT_TRUE(has(row.rules_of(49, first + 50 * day_ms), "newest"));
}

TEST(Retention, StampsFromTheFutureAreNotBelieved) {
    Row row;
    const UnixMs first = at("2026-01-01T02:00:00Z");
    for (int day = 0; day < 10; ++day) row.add(first + day * day_ms);
    row.add(at("2043-01-01T00:00:00Z"));
    const UnixMs now = first + 10 * day_ms;
    const auto verdicts = row.decide(now);
    EXPECT_EQ(kept(verdicts), 11U);
    EXPECT_TRUE(has(row.rules_of(10, now), "future"));
    EXPECT_TRUE(has(row.rules_of(9, now), "newest")) << "one from the future is no newest";
    EXPECT_TRUE(has(row.rules_of(0, now), "daily"));
}

TEST(Retention, AClockThatIsAheadMakesNoneOld) {
    Row row;
    const UnixMs first = at("2026-01-01T00:00:00Z");
    row.days(first, 40);
    const auto right = row.decide(first + 40 * day_ms);
    const auto ahead = row.decide(at("2043-01-01T00:00:00Z"));
    for (std::size_t i = 0; i < right.size(); ++i) EXPECT_EQ(right[i].kept, ahead[i].kept) << i;
}

TEST(Retention, BehindAGapWindowsStandStillForAWeek) {
    Row row;
    const RetentionRules careful{.wait_at_gaps = true};
    row.days(at("2026-01-01T00:00:00Z"), 60);
    row.add(at("2026-03-02T00:00:00Z"), BackupType::safety);
    const auto before = row.decide(row.all.back().made_at, careful);
    // A clock that jumped ahead by years, or a node that comes back: with its first backup, and six days
    // later.
    const UnixMs back = at("2029-01-01T00:00:00Z");
    row.days(back, 6);
    for (const UnixMs now : {back, row.all.back().made_at}) {
        Row seen = row;
        std::erase_if(seen.all, [&](const BackupFacts& one) { return one.made_at > now; });
        const auto after = seen.decide(now, careful);
        for (std::size_t i = 0; i < before.size(); ++i)
            EXPECT_TRUE(after[i].kept || !before[i].kept) << i << " " << after[i].reasons.front().text;
        auto at_once = seen.decide(now);
        at_once.resize(before.size());
        EXPECT_LT(kept(at_once), kept(before) / 2) << "nobody asked to wait";
        const auto of_a_day = std::ranges::find(after[before.size() - 26].reasons, "recent", &Reason::rule);
        ASSERT_NE(of_a_day, after[before.size() - 26].reasons.end());
        EXPECT_EQ(of_a_day->text, "of the last 7 days, counted from 2026-03-01: a long gap follows");
    }
    // Then they follow, four days each day, and what is behind the gap is thinned as ever.
    row.days(back + 6 * day_ms, 34);
    const auto kept_before = [&](UnixMs now) {
        Row seen = row;
        std::erase_if(seen.all, [&](const BackupFacts& one) { return one.made_at > now; });
        auto after = seen.decide(now, careful);
        after.resize(before.size());
        return kept(after);
    };
    EXPECT_LT(kept_before(back + 9 * day_ms), kept(before));
    EXPECT_GT(kept_before(back + 9 * day_ms), 10U);
    EXPECT_GT(kept_before(back + 20 * day_ms), 0U);
}

/// A row that is pruned each day as a schedule does it.
class PrunedRow : public Row {
 public:
    explicit PrunedRow(int incrementals_a_day) : incrementals_a_day_(incrementals_a_day) {}

    /// A full backup, the prune behind it, and incremental ones.
    void day(UnixMs first) {
        add(first + 2 * hour_ms);
        prune(first + 2 * hour_ms);
        for (int i = 1; i <= incrementals_a_day_; ++i)
            add(first + 2 * hour_ms + i * 20 * hour_ms / incrementals_a_day_, BackupType::incremental);
    }
    void prune(UnixMs now) {
        const auto verdicts = decide(now, {.wait_at_gaps = true});
        std::vector<BackupFacts> left;
        for (std::size_t i = 0; i < verdicts.size(); ++i)
            if (verdicts[i].kept) left.push_back(all[i]);
        most_at_once =
            std::max(most_at_once, 1 - static_cast<double>(left.size()) / static_cast<double>(all.size()));
        all = left;
    }
    bool has_full_of(UnixMs first, UnixMs last) const {
        return std::ranges::any_of(all, [&](const BackupFacts& one) {
            return one.type == BackupType::full && one.made_at >= first && one.made_at < last;
        });
    }

    double most_at_once = 0;  ///< the largest share that one prune retired

 private:
    int incrementals_a_day_;
};

TEST(Retention, BehindGapsNoPruneRetiresMostAtOnce) {
    for (const int incrementals : {0, 23})
        for (const int life_days : {15, 100})
            for (const int gap_days : {33, 100, 3650})
                for (const int between_days : {0, 9, 20}) {
                    PrunedRow row(incrementals);
                    UnixMs time = at("2026-01-01T00:00:00Z");
                    for (int day = 0; day < life_days; ++day, time += day_ms) row.day(time);
                    row.most_at_once = 0;
                    for (const int days : {between_days, 60}) {
                        if (days > 0) time += gap_days * day_ms;
                        for (int day = 0; day < days; ++day, time += day_ms) row.day(time);
                    }
                    EXPECT_LE(row.most_at_once, 0.5)
                        << incrementals << " a day, " << life_days << " days, then gaps of " << gap_days
                        << ", " << between_days << " days between";
                }
}

TEST(Retention, HoursWithASlowClockCostNoneThatWasMadeByARightOne) {
    for (const int hours_slow : {8, 60, 100}) {
        PrunedRow row(23);
        const UnixMs first = at("2026-01-01T00:00:00Z");
        int day = 0;
        for (; day < 60; ++day) row.day(first + day * day_ms);
        for (int hour = 0; hour < hours_slow; ++hour)
            row.add(first + day * day_ms + hour * hour_ms - 730 * day_ms, BackupType::incremental);
        day += hours_slow / 24 + 1;
        for (const int mended = day; day < mended + 40; ++day) {
            row.day(first + day * day_ms);
            for (int old = std::max(0, day - 29); old < day; ++old)
                if (old < 60 || old >= mended) {
                    ASSERT_TRUE(row.has_full_of(first + old * day_ms, first + (old + 1) * day_ms))
                        << "of day " << old << " on day " << day << ", " << hours_slow << " hours slow";
                }
        }
    }
}

TEST(Retention, TwoRowsWithTheSameNumbersKeepWhatEachWouldKeep) {
    // Each was made while the other could not be seen.
    PrunedRow row(0);
    const UnixMs first = at("2026-01-01T00:00:00Z");
    for (int day = 0; day < 7; ++day) row.day(first + day * day_ms);
    row.sequence = 1;
    for (int day = 7; day < 10; ++day) row.add(first + day * day_ms + 2 * hour_ms);
    row.sequence = 7;
    for (int day = 10; day < 30; ++day) row.day(first + day * day_ms);
    for (int day = 1; day < 30; ++day)
        EXPECT_TRUE(row.has_full_of(first + day * day_ms, first + (day + 1) * day_ms)) << day;
}

TEST(Retention, AGoodBackupWithAnOldStampIsTakenForOneOfItsNeighboursTime) {
    Row row;
    const UnixMs first = at("2026-01-01T02:00:00Z");
    for (int day = 0; day < 10; ++day) row.add(first + day * day_ms);
    row.add(at("2001-01-01T00:00:00Z"));  // a clock that had lost its battery
    row.add(first + 10 * day_ms);
    EXPECT_TRUE(has(row.rules_of(10, first + 11 * day_ms), "recent"));
}

TEST(Retention, PinnedAndProvedStayForEver) {
    Row row;
    const UnixMs first = at("2020-01-01T02:00:00Z");
    row.add(first).pin = "before the fork";
    row.add(first + day_ms).proved_at = first + 2 * day_ms;
    row.add(first + 2 * day_ms).proved_at = first + 3 * day_ms;
    row.add(first + 3 * day_ms);
    const UnixMs last = first + 2000 * day_ms;
    row.add(last);
    EXPECT_EQ(row.rules_of(0, last), std::vector<std::string>{"pinned"});
    EXPECT_TRUE(row.rules_of(1, last).empty()) << "another one was proved later";
    EXPECT_EQ(row.rules_of(2, last), std::vector<std::string>{"proved"});
    EXPECT_TRUE(row.rules_of(3, last).empty());
    EXPECT_EQ(row.decide(last)[0].reasons[0].text, "pinned: before the fork");
    EXPECT_EQ(row.decide(last)[3].reasons[0].rule, "expired");
}

TEST(Retention, AProvedBackupStandsForItsDay) {
    Row row;
    const UnixMs first = at("2026-01-01T02:00:00Z");
    row.add(first);
    row.add(first + hour_ms).proved_at = first + 2 * hour_ms;
    row.add(first + 20 * day_ms).proved_at = first + 21 * day_ms;
    const auto verdicts = row.decide(first + 20 * day_ms);
    EXPECT_FALSE(verdicts[0].kept);
    EXPECT_EQ(verdicts[0].reasons[0].rule, "superseded");
    EXPECT_TRUE(verdicts[1].kept);
}

TEST(Retention, ABackupThatDoesNotRestoreStandsForNoDayThatHasAnother) {
    Row row;
    const UnixMs first = at("2026-01-01T02:00:00Z");
    row.add(first).failed = true;
    row.add(first + hour_ms);
    row.add(first + day_ms).failed = true;
    row.add(first + 20 * day_ms);
    const auto verdicts = row.decide(first + 20 * day_ms);
    EXPECT_FALSE(verdicts[0].kept);
    EXPECT_TRUE(has(row.rules_of(1, first + 20 * day_ms), "daily"));
    EXPECT_TRUE(has(row.rules_of(2, first + 20 * day_ms), "daily")) << "something of it may be of use";
}

TEST(Retention, AKeptIncrementalKeepsItsFullBackup) {
    Row row;
    const UnixMs first = at("2020-01-01T02:00:00Z");
    row.add(first);
    row.add(first + hour_ms, BackupType::incremental).pin = "";
    row.add(first + 2 * hour_ms, BackupType::incremental);
    row.add(first + 2000 * day_ms);
    const UnixMs now = first + 2000 * day_ms;
    EXPECT_EQ(row.rules_of(0, now), std::vector<std::string>{"parent"});
    EXPECT_TRUE(row.rules_of(2, now).empty());
}

TEST(Retention, WhatTheNextIncrementalBuildsOnIsKept) {
    Row row;
    const UnixMs first = at("2020-01-01T02:00:00Z");
    const ObjectId full = row.add(first).id;
    row.add(first + hour_ms, BackupType::safety).parent = full;
    row.add(first + 2000 * day_ms, BackupType::incremental);
    const UnixMs now = first + 2000 * day_ms;
    EXPECT_TRUE(has(row.rules_of(0, now), "base"));
    row.all.pop_back();
    row.add(first + 2000 * day_ms, BackupType::safety);  // of another kind of database: it has no parent
    EXPECT_TRUE(has(row.rules_of(1, now), "base"));
}

TEST(Retention, SafetyBackupsHaveARuleOfTheirOwn) {
    Row row;
    const UnixMs first = at("2026-01-01T02:00:00Z");
    row.add(first);
    row.add(first + hour_ms, BackupType::safety);
    row.add(first + 29 * day_ms, BackupType::full);
    const UnixMs now = first + 40 * day_ms;
    EXPECT_EQ(row.rules_of(1, now), std::vector<std::string>{"safety"});
    row.add(first + 31 * day_ms, BackupType::full);
    EXPECT_TRUE(row.rules_of(1, now).empty());
}

TEST(Retention, RulesCanBeChanged) {
    Row row;
    const UnixMs first = at("2026-01-01T00:00:00Z");
    row.days(first, 60);
    const UnixMs now = first + 60 * day_ms;
    const RetentionRules rules{
        .recent_days = 1, .daily_days = 0, .weekly_weeks = 0, .monthly_months = 0, .safety_days = 1};
    // A day's, the full one that yesterday's last incrementals were made against, and no more.
    EXPECT_LE(kept(row.decide(now, rules)), 26U);
    EXPECT_EQ(kept(row.decide(now, {.recent_days = 100})), row.all.size());
}

TEST(Retention, OfNoneNoneIsDecided) {
    EXPECT_TRUE(Row().decide(0).empty());
}

}  // namespace
}  // namespace bt2c::repository
