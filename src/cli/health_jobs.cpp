// What runs the jobs, and how they ended.

#include <unistd.h>

#include <algorithm>

#include "base/text.hpp"
#include "cli/automation_setup.hpp"
#include "cli/health_checks.hpp"
#include "cli/scheduled_jobs.hpp"

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

/// What stands in for the mend of backups until they were looked at.
constexpr std::string_view backups_first = "first what is found of the repository, then ";

/// How a stopped scheduler is started.
std::string mend_standstill(const std::string& scheduler) {
    if (scheduler == "agent") return "bt2c-dr agent";
    if (scheduler == "cron") return "systemctl enable --now cron || service cron start";
    return "bt2c-dr setup-automated-backups";
}

/// The first check that a restore test failed; empty where the message names none.
std::string first_failed_check(const std::string& message) {
    for (const std::string_view before : {"problems were found: ", "does not restore: "})
        if (const std::size_t at = message.find(before); at != std::string::npos) {
            const std::size_t begin = at + before.size();
            return message.substr(begin, message.find_first_of(":,", begin) - begin);
        }
    return "";
}

/// A backup that is damaged needs another one. One that is a true copy of wrong data would be followed by
/// the same: the data come first.
std::string mend_restore_test(const std::string& message) {
    std::string again = "bt2c-dr backup --type full && bt2c-dr job restore-test";
    const std::string failed = first_failed_check(message);
    for (const std::string_view of_backup : {"", "restore", "database_image", "chain_tip", "files"})
        if (failed == of_backup) return again;
    if (failed == "wallets") return "bt2c-dr recover-keys --force && " + again;
    if (failed == "settings") return "correct dr.toml or node.toml, then " + again;
    return "bt2c-dr verify-integrity && " + again;
}

HealthCheck job_check(const config::JobRecord& record, UnixMs now) {
    HealthCheck check{"job", record.name, Status::ok, "", ""};
    constexpr UnixMs long_ms = day_s * 1000;
    const std::string when = record.last_started ? base::format_utc(*record.last_started / 1000 * 1000) : "?";
    if (record.failed()) {
        check.status = Status::finding;
        check.mend = mend_job(record);
        check.detail =
            format("it ended with status {} ({}): {}", *record.exit_status, when, printable(record.message));
    } else if (record.last_started && !record.last_finished && now - *record.last_started > long_ms) {
        check.status = Status::finding;
        check.mend = "bt2c-dr job " + record.name;
        check.detail = format("it began on {} and did not end", when);
    } else {
        check.detail = record.last_finished ? "it ended well on " + when : "it runs since " + when;
    }
    return check;
}

}  // namespace

bool is_for_other_backups(const config::JobRecord& record) {
    if (record.exit_status != base::exit_status(base::ErrorKind::findings) &&
        record.exit_status != base::exit_status(base::ErrorKind::partial))
        return false;
    const auto says = [&](std::string_view words) { return record.message.find(words) != std::string::npos; };
    return record.name == "restore-test"
               ? says("was restored and proved") && says("cannot be read, and may be newer")
               : says("no bytes were removed: what backup ");
}

std::string mend_job(const config::JobRecord& record) {
    std::string again = "bt2c-dr job " + record.name;
    const bool is_for_others = is_for_other_backups(record);
    if (is_for_others && (record.name == "restore-test" || record.name == "prune"))
        return std::string(backups_first) + again;
    if (record.name == "restore-test" && record.exit_status == base::exit_status(base::ErrorKind::findings))
        return mend_restore_test(record.message);
    if (record.message.find("made the newest one here") != std::string::npos)
        return "once that node is known to be dead: bt2c-dr backup --type full --takeover && " + again;
    for (const auto kind : {base::ErrorKind::wrong_secret, base::ErrorKind::no_repository})
        if (record.exit_status == base::exit_status(kind))
            return "first what is found of the repository and its key, then " + again;
    // The job alone tells less of what it finds; its record is what ends the finding.
    if (record.name == "verify" && record.exit_status == base::exit_status(base::ErrorKind::findings))
        return "bt2c-dr verify-integrity && " + again;
    // The whole job would fail at the same step. Prune asks, where there is a terminal.
    std::string steps;
    for (const std::string step : {"prune", "location sync"})
        if (("; " + record.message).find("; " + step + ": ") != std::string::npos)
            steps += (steps.empty() ? "bt2c-dr " : " && bt2c-dr ") + step;
    if (steps.empty() || record.name == "sync") return again;
    if (is_for_others) steps.insert(0, backups_first);
    return record.name == "prune" ? steps + " && " + again : steps;
}

void mend_backups_first(HealthChecks& checks) {
    const auto found = std::ranges::find_if(checks, [](const HealthCheck& check) {
        return check.name == "repository" && check.detail.starts_with(manifest_of_backup);
    });
    const bool are_read = std::ranges::any_of(checks, [](const HealthCheck& check) {
        return check.name == "repository" && check.status == Status::ok;
    });
    for (HealthCheck& check : checks) {
        if (!check.mend.starts_with(backups_first)) continue;
        const std::string again = check.mend.substr(backups_first.size());
        if (found == checks.end())
            check.mend = are_read ? again : check.mend;
        else
            check.mend = found->mend + (found->status == Status::unknown ? "; then " : " && ") + again;
    }
}

void send_to_node(HealthChecks& checks) {
    for (HealthCheck& check : checks) {
        if (check.mend.find("bt2c-dr backup") == std::string::npos) continue;
        const bool tests = check.mend.ends_with("bt2c-dr job restore-test");
        check.mend = "on the node that stores here: 'doctor', and 'backup --type full'";
        if (tests) check.mend += "; then here: bt2c-dr job restore-test";
    }
}

HealthChecks check_schedule(Context& context) {
    HealthChecks checks;
    if (const std::string lack = lack_of_backups(context); !lack.empty())
        checks.push_back(
            {"schedule", "", Status::finding, lack, "set one of them, then bt2c-dr setup-automated-backups"});
    const AutomationSetup any(context, {});
    const std::vector<std::string> present = any.present();
    if (present.empty()) {
        checks.push_back({"schedule", "", Status::finding,
                          "nothing runs the jobs: no timers, no line for cron, no agent",
                          "bt2c-dr setup-automated-backups"});
        return checks;
    }
    const std::string& scheduler = present.front();
    const std::string again = "bt2c-dr setup-automated-backups --scheduler " + scheduler;
    // What is set in this shell says nothing of the jobs.
    const AutomationSetup setup(context, {.scheduler = scheduler,
                                          .root = {},
                                          .user = {},
                                          .variables = AutomationSetup::Wishes::Variables::installed});
    if (const Installed due = setup.install(scheduler, true); due.changed && !due.only_started)
        checks.push_back({"schedule", scheduler, Status::finding,
                          present.size() > 1
                              ? "the jobs are set up twice: " + joined(present)
                              : "what is set up is not what dr.toml asks for, or not all of it",
                          again});
    else
        checks.push_back({"schedule", scheduler, Status::ok,
                          "the jobs are run by " + scheduler_text(scheduler) + ", as dr.toml asks", ""});
    if (const std::string why = setup.standstill(scheduler); !why.empty())
        checks.push_back({"schedule", scheduler, Status::finding, why, mend_standstill(scheduler)});
    if (const auto lack = setup.missing_credentials(scheduler))
        checks.push_back({"schedule", scheduler, Status::finding, lack->why, lack->mend});
    for (const auto& [why, mend] : setup.missing_files(scheduler))
        checks.push_back({"schedule", scheduler, Status::finding, why, mend});
    return checks;
}

HealthChecks check_jobs(Context& context) {
    const config::Home& home = context.home();
    const UnixMs now = base::now_unix_ms();
    HealthChecks checks;
    std::vector<UnixMs> times, verified;
    const bool keeper = is_keeper(context);
    bool verify_known = !keeper, verify_failed = false;
    std::string verify_mend = "bt2c-dr job verify";
    for (const std::string& name : job_names()) {
        if (needs_reader(name) && !jobs_can_read(context)) continue;  // a record of before it was write-only
        if (needs_chain(name) && keeper) continue;                    // which failed each time
        const HealthChecks one = looked_at("job", [&]() -> HealthChecks {
            const auto record = config::load_job_record(home, name);
            if (!record) return {};
            for (const auto& time : {record->last_started, record->last_finished, record->last_ok})
                if (time) times.push_back(*time);
            if (name == "verify" && record->last_ok) verified.push_back(*record->last_ok);
            if (name == "verify") {
                verify_failed = record->failed();
                verify_mend = mend_job(*record);
            }
            return {job_check(*record, now)};
        });
        for (HealthCheck check : one) {
            if (check.subject.empty()) {
                check.subject = name;
                if (::access(config::job_record_file(home, name).c_str(), R_OK) == 0)
                    check.mend = "bt2c-dr job " + name;  // which writes another record
                if (name == "verify") verify_known = false;
            }
            checks.push_back(std::move(check));
        }
    }
    const auto& verify = context.settings().schedule.verify;
    if (verify_known)
        checks.push_back(age_check(
            "verify_age",
            std::string(verify_failed ? "successful " : "") + "verification of the chain by its job",
            verified, age_limit_ms(verify && !verify->weekday ? day_s : 7 * day_s), now, verify_mend));
    if (keeper) {
        checks.push_back({"verify_age", "", Status::skipped, "there is no chain in this home", ""});
        send_to_node(checks);
    }
    checks.push_back(clock_check("jobs", "the newest run of a job", times, now));
    return checks;
}

}  // namespace bt2c::cli
