// What runs the jobs, and how they ended.

#include <algorithm>

#include "base/text.hpp"
#include "cli/automation_setup.hpp"
#include "cli/health_checks.hpp"
#include "cli/scheduled_jobs.hpp"
#include "config/job_record.hpp"

namespace bt2c::cli {

using base::format;
using base::printable;
using base::UnixMs;
using Status = HealthCheck::Status;

namespace {

std::string joined(const std::vector<std::string>& words) {
    std::string text;
    for (const std::string& word : words) text += (text.empty() ? "" : ", ") + word;
    return text;
}

/// How a stopped scheduler is started.
std::string mend_standstill(const std::string& scheduler) {
    if (scheduler == "agent") return "bt2c-dr agent";
    if (scheduler == "cron") return "systemctl enable --now cron || service cron start";
    return "bt2c-dr setup-automated-backups";
}

HealthCheck job_check(const config::JobRecord& record, UnixMs now) {
    HealthCheck check{"job", record.name, Status::ok, "", "bt2c-dr job " + record.name};
    constexpr UnixMs long_ms = day_s * 1000;
    const std::string when = record.last_started ? base::format_utc(*record.last_started / 1000 * 1000) : "?";
    if (record.failed()) {
        check.status = Status::finding;
        // The same backup would fail again.
        if (record.name == "restore-test" &&
            *record.exit_status == base::exit_status(base::ErrorKind::findings))
            check.mend = "bt2c-dr backup --type full && " + check.mend;
        check.detail =
            format("it ended with status {} ({}): {}", *record.exit_status, when, printable(record.message));
    } else if (record.last_started && !record.last_finished && now - *record.last_started > long_ms) {
        check.status = Status::finding;
        check.detail = format("it began on {} and did not end", when);
    } else {
        check.detail = record.last_finished ? "it ended well on " + when : "it runs since " + when;
        check.mend.clear();
    }
    return check;
}

}  // namespace

HealthChecks check_schedule(Context& context) {
    const AutomationSetup any(context, {});
    const std::vector<std::string> present = any.present();
    if (present.empty())
        return {{"schedule", "", Status::finding,
                 "nothing runs the jobs: no timers, no line for cron, no agent",
                 "bt2c-dr setup-automated-backups"}};
    const std::string& scheduler = present.front();
    const std::string again = "bt2c-dr setup-automated-backups --scheduler " + scheduler;
    HealthChecks checks;
    const AutomationSetup setup(context, {.scheduler = scheduler, .root = {}, .user = {}});
    const std::vector<std::string> foreign = setup.foreign_variables(scheduler);
    if (!foreign.empty())
        checks.push_back({"schedule", scheduler, Status::ok,
                          format("it was set up with {}, which is not set here: not compared with dr.toml",
                                 joined(foreign)),
                          ""});
    else if (setup.install(scheduler, true).changed)
        checks.push_back({"schedule", scheduler, Status::finding,
                          present.size() > 1
                              ? "the jobs are set up twice: " + joined(present)
                              : "what is set up is not what dr.toml asks for, or not all of it",
                          again});
    else
        checks.push_back(
            {"schedule", scheduler, Status::ok, "the jobs are run by " + scheduler_text(scheduler), ""});
    if (const std::string why = setup.standstill(scheduler); !why.empty())
        checks.push_back({"schedule", scheduler, Status::finding, why, mend_standstill(scheduler)});
    return checks;
}

HealthChecks check_jobs(Context& context) {
    const config::Home& home = context.home();
    const UnixMs now = base::now_unix_ms();
    HealthChecks checks;
    std::vector<UnixMs> times, verified;
    bool verify_known = true;
    for (const std::string& name : job_names()) {
        if (needs_reader(name) && !jobs_can_read(context)) continue;  // a record of before it was write-only
        const HealthChecks one = looked_at("job", [&]() -> HealthChecks {
            const auto record = config::load_job_record(home, name);
            if (!record) return {};
            for (const auto& time : {record->last_started, record->last_finished, record->last_ok})
                if (time) times.push_back(*time);
            if (name == "verify" && record->last_ok) verified.push_back(*record->last_ok);
            return {job_check(*record, now)};
        });
        for (HealthCheck check : one) {
            if (check.subject.empty()) {
                check.subject = name;
                check.mend = "bt2c-dr job " + name;  // which writes another record
                if (name == "verify") verify_known = false;
            }
            checks.push_back(std::move(check));
        }
    }
    const auto& verify = context.settings().schedule.verify;
    if (verify_known)
        checks.push_back(age_check("verify_age", "verification of the chain by its job", verified,
                                   age_limit_ms(verify && !verify->weekday ? day_s : 7 * day_s), now,
                                   "bt2c-dr job verify"));
    checks.push_back(clock_check("jobs", "the newest run of a job", times, now));
    return checks;
}

}  // namespace bt2c::cli
