// Whether things are too old, or of a time that has not come.

#include <algorithm>
#include <optional>

#include "base/text.hpp"
#include "cli/health_checks.hpp"

namespace bt2c::cli {

using Status = HealthCheck::Status;

namespace {

/// Clocks of sound machines differ by less.
constexpr base::UnixMs clock_tolerance_ms = 300'000;

constexpr std::string_view mend_clock = "timedatectl set-ntp true";

std::string span_text(base::UnixMs ms) {
    constexpr base::UnixMs minute_ms = 60'000;
    if (ms < minute_ms) return "less than a minute";
    return base::human_duration(static_cast<double>(ms) / 1000);
}

}  // namespace

HealthCheck age_check(const std::string& name, const std::string& what,
                      const std::vector<base::UnixMs>& times, base::UnixMs limit_ms, base::UnixMs now,
                      const std::string& mend) {
    HealthCheck check{name, "", Status::ok, "", ""};
    std::optional<base::UnixMs> newest;
    for (const base::UnixMs time : times)
        if (time - now <= clock_tolerance_ms) newest = std::max(newest.value_or(time), time);
    if (!newest) {
        check.status = Status::finding;
        check.detail = times.empty() ? base::format("there was no {} yet", what)
                                     : base::format("the only {} that is known is of a time to come", what);
    } else if (now - *newest > limit_ms) {
        check.status = Status::finding;
        check.detail = base::format("the last {} was {} ago, on {}; it should be less than {}", what,
                                    span_text(now - *newest), base::format_utc(*newest / 1000 * 1000),
                                    span_text(limit_ms));
    } else {
        check.detail =
            base::format("the last {} was {} ago", what, span_text(std::max<base::UnixMs>(0, now - *newest)));
    }
    if (check.status == Status::finding) check.mend = mend;
    return check;
}

HealthCheck clock_difference_check(const std::string& location, base::UnixMs ahead) {
    const base::UnixMs apart = ahead < 0 ? -ahead : ahead;
    if (apart <= clock_tolerance_ms)
        return {"clock", location, Status::ok, "it agrees with that of the location", ""};
    return {"clock", location, Status::finding,
            base::format("this machine's clock is {} {} that of the location", span_text(apart),
                         ahead < 0 ? "ahead of" : "behind"),
            std::string(mend_clock)};
}

HealthCheck clock_check(const std::string& subject, const std::string& what,
                        const std::vector<base::UnixMs>& times, base::UnixMs now) {
    const auto newest = std::ranges::max_element(times);
    if (newest == times.end() || *newest - now <= clock_tolerance_ms)
        return {"clock", subject, Status::ok, base::format("{} is not ahead of the clock", what), ""};
    return {"clock", subject, Status::finding,
            base::format("{} is of {}, {} after this machine's time: the clock is slow, or was fast then",
                         what, base::format_utc(*newest / 1000 * 1000), span_text(*newest - now)),
            std::string(mend_clock)};
}

bool clock_is_doubted(const HealthChecks& checks) {
    return std::ranges::any_of(
        checks, [](const HealthCheck& check) { return check.name == "clock" && check.is_finding(); });
}

HealthCheck backup_clock_check(const std::vector<base::UnixMs>& times, base::UnixMs now, bool doubted) {
    HealthCheck check = clock_check("backups", "the newest backup", times, now);
    if (check.status == Status::ok || doubted) return check;
    const base::UnixMs wrong = std::ranges::max(times);
    check.detail = base::format(
        "a backup is of {}, {} after this machine's time: it was made while the clock was wrong, is kept, "
        "and its time is not believed",
        base::format_utc(wrong / 1000 * 1000), span_text(wrong - now));
    check.mend = "bt2c-dr backup --type full";  // another one may store nothing
    if (times.front() - now <= clock_tolerance_ms) {
        check.status = Status::ok;
        check.mend.clear();
    }
    return check;
}

}  // namespace bt2c::cli
