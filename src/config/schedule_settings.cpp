#include "config/schedule_settings.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"
#include "config/settings_keys.hpp"

namespace bt2c::config {

namespace {

constexpr std::array<std::string_view, 7> weekdays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr int minutes_per_hour = 60, hours_per_day = 24, incremental_minutes_min = 5;

/// 0 to `most`; nullopt unless it is two digits.
std::optional<int> two_digits(std::string_view text, int most) {
    const auto digit = [](char c) { return c >= '0' && c <= '9'; };
    if (text.size() != 2 || !digit(text[0]) || !digit(text[1])) return std::nullopt;
    const int number = (text[0] - '0') * 10 + (text[1] - '0');
    return number <= most ? std::optional(number) : std::nullopt;
}

std::optional<WeeklyTime> time_or_off(const TomlValue& value) {
    const std::string text = value.text();
    if (text == "off") return std::nullopt;
    const auto time = parse_weekly_time(text);
    if (!time) throw value.error("a time in UTC such as \"02:00\" or \"Sun 04:00\", or \"off\"");
    return time;
}

int incremental_minutes(const TomlValue& value) {
    const int minutes = value.integer(0, minutes_per_hour * hours_per_day);
    const bool of_an_hour = minutes >= incremental_minutes_min && minutes_per_hour % minutes == 0;
    const bool of_a_day =
        minutes % minutes_per_hour == 0 && minutes > 0 && hours_per_day % (minutes / minutes_per_hour) == 0;
    if (minutes != 0 && !of_an_hour && !of_a_day)
        throw value.error("0, 5, 6, 10, 12, 15, 20, 30, or an hour's 60 times 1, 2, 3, 4, 6, 8, 12 or 24");
    return minutes;
}

}  // namespace

std::optional<WeeklyTime> parse_weekly_time(std::string_view text) {
    WeeklyTime time;
    if (text.size() > 5) {
        const auto day = std::ranges::find(weekdays, text.substr(0, 3));
        if (day == weekdays.end() || text[3] != ' ') return std::nullopt;
        time.weekday = static_cast<int>(day - weekdays.begin());
        text.remove_prefix(4);
    }
    if (text.size() != 5 || text[2] != ':') return std::nullopt;
    const auto hour = two_digits(text.substr(0, 2), 23);
    const auto minute = two_digits(text.substr(3), 59);
    if (!hour || !minute) return std::nullopt;
    time.minute = *hour * minutes_per_hour + *minute;
    return time;
}

std::string weekly_time_text(const WeeklyTime& time) {
    std::string day;
    if (time.weekday) day = std::string(weekdays.at(static_cast<std::size_t>(*time.weekday))) + " ";
    return base::format("{}{:02}:{:02}", day, time.minute / minutes_per_hour, time.minute % minutes_per_hour);
}

std::vector<SettingsKey> schedule_keys() {
    return {
        {"schedule.full",
         [](Settings& to, const TomlValue& value) { to.schedule.full = time_or_off(value); }},
        {"schedule.incremental_minutes",
         [](Settings& to, const TomlValue& value) {
             to.schedule.incremental_minutes = incremental_minutes(value);
         }},
        {"schedule.verify",
         [](Settings& to, const TomlValue& value) { to.schedule.verify = time_or_off(value); }},
        {"schedule.restore_test",
         [](Settings& to, const TomlValue& value) { to.schedule.restore_test = time_or_off(value); }},
        {"schedule.prune", [](Settings& to, const TomlValue& value) { to.schedule.prune = value.flag(); }},
        {"schedule.keeper", [](Settings& to, const TomlValue& value) { to.schedule.keeper = value.flag(); }},
        {"schedule.jitter_seconds",
         [](Settings& to, const TomlValue& value) { to.schedule.jitter_seconds = value.integer(0, 3600); }},
        {"schedule.cpu_percent",
         [](Settings& to, const TomlValue& value) { to.schedule.cpu_percent = value.integer(10, 100); }},
        {"schedule.io_mib_per_second",
         [](Settings& to, const TomlValue& value) {
             to.schedule.io_mib_per_second = value.integer(0, 100'000);
         }},
        {"schedule.io_weight",
         [](Settings& to, const TomlValue& value) { to.schedule.io_weight = value.integer(1, 100); }},
        {"schedule.wait_minutes",
         [](Settings& to, const TomlValue& value) { to.schedule.wait_minutes = value.integer(0, 1440); }},
        {"schedule.proof_days",
         [](Settings& to, const TomlValue& value) { to.schedule.proof_days = value.integer(1, 365); }},
        {"schedule.scratch",
         [](Settings& to, const TomlValue& value) { to.schedule.scratch = value.path(); }},
    };
}

}  // namespace bt2c::config
