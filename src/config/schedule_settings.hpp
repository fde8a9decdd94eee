#pragma once
// When jobs run by themselves, and what they may take of the machine: the table `schedule` of dr.toml.

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace bt2c::config {

/// A time of each day, or of one day of the week; in UTC, which knows no summer time.
struct WeeklyTime {
    std::optional<int> weekday = std::nullopt;  ///< 0 Sunday … 6 Saturday; nothing: every day
    int minute = 0;                             ///< of the day

    friend bool operator==(const WeeklyTime&, const WeeklyTime&) = default;
};
/// "02:00", "Sun 04:00"; nullopt for anything else.
std::optional<WeeklyTime> parse_weekly_time(std::string_view text);
/// What parse_weekly_time() reads.
std::string weekly_time_text(const WeeklyTime& time);

struct ScheduleSettings {
    /// `full`, `verify`, `restore_test`: a time as parse_weekly_time() reads it, or "off".
    std::optional<WeeklyTime> full = WeeklyTime{{}, 2 * 60};
    std::optional<WeeklyTime> verify = WeeklyTime{{}, 3 * 60};
    std::optional<WeeklyTime> restore_test = WeeklyTime{0, 4 * 60};
    /// `incremental_minutes`: a whole part of an hour from 5 minutes on, or of a day; 0: none are made.
    int incremental_minutes = 60;
    /// `prune`: after each full backup.
    bool prune = true;
    /// `keeper`: this home has no chain; it keeps the key of a repository that nodes store in, tests what
    /// they stored and prunes it.
    bool keeper = false;
    /// `jitter_seconds`: a job starts up to so much later, each node by an amount of its own; 0 to 3600.
    int jitter_seconds = 300;
    /// `cpu_percent`: of all processors together, that a job may take; 10 to 100.
    int cpu_percent = 50;
    /// `io_mib_per_second`: read from disks and written to them by a job, on average; 0: any amount.
    int io_mib_per_second = 0;
    /// `io_weight`: of a job against 100 for other services, under systemd; 1 to 100.
    int io_weight = 20;
    /// `wait_minutes`: how long a job waits for another one that runs; 0 to 1440.
    int wait_minutes = 120;
    /// `proof_days`: for so long a restore test of a backup counts; 1 to 365.
    int proof_days = 7;
    /// `scratch`: the folder for restore tests; empty: beside the home, else in its folder `backups`.
    std::filesystem::path scratch;
};

}  // namespace bt2c::config
