// Where the repository rests, and how old what it holds is.

#include <algorithm>

#include "backup/writer_state.hpp"
#include "base/text.hpp"
#include "cli/backup_job.hpp"
#include "cli/location_report.hpp"
#include "cli/refused_backups.hpp"
#include "cli/repository_checks.hpp"
#include "cli/scheduled_jobs.hpp"
#include "repository/sync.hpp"

namespace bt2c::cli {

using base::Error;
using base::ErrorKind;
using base::format;
using base::UnixMs;
using repository::Manifest;
using repository::ObjectId;

namespace {

/// What the reason itself names, where the location is there; of one that is merely away where to look.
std::string mend_left_out(const LocationStatus& status) {
    if (status.error.find("its disk is not mounted") != std::string::npos) return "mount its disk";
    if (status.error.find("it holds another repository") != std::string::npos)
        return "give this node a place of its own there in dr.toml";
    if (status.error.find("it is the same folder as location") != std::string::npos)
        return "give it a place of its own in dr.toml, or take it out";
    for (const std::string command :
         {"bt2c-dr location sync ", "bt2c-dr repository check --repair --location "})
        if (status.error.find("'" + command + status.name + "'") != std::string::npos)
            return command + status.name;
    if (status.where.starts_with("/") && status.error.find("Permission denied") != std::string::npos)
        return "put owner and mode of it right: ls -ld " + shell_word(status.where);
    return "bt2c-dr location status";
}

}  // namespace

void RepositoryChecks::look_at_places() {
    LocationReport report =
        look_at_locations(context_.locations(), {.backups = backups_ ? &backups_->all : nullptr,
                                                 .reader = reader_ ? &*reader_ : nullptr,
                                                 .measured = false});
    for (const LocationStatus& status : report.all) {
        if (status.state == "away" || status.state == "double")
            add("location", status.name, Status::finding, status.error, mend_left_out(status));
        else if (status.state == "healthy")
            add("location", status.name, Status::ok,
                format("backups there: {}{}{}", status.backups,
                       status.facts.own_disk ? "; on the disk of the node's home" : "",
                       status.facts.unencrypted ? "; by http: names, sizes and times can be read on the way"
                                                : ""));
    }
    for (const LocationStatus& status : report.all)
        if (status.clock_ahead) checks_.push_back(clock_difference_check(status.name, *status.clock_ahead));
    const bool enough = report.all.size() >= 3,
               one_offsite = std::ranges::any_of(
                   report.all, [](const LocationStatus&status) { return status.facts.offsite; });
    for (LocationWarning& warning : report.warnings) {
        // Where enough are named, others would not help: those that are there have to come back.
        const bool named = warning.check == "offsite" ? one_offsite : enough;
        if (warning.mend.empty()) warning.mend = named ? "bt2c-dr location status" : "bt2c-dr init";
        add(warning.check, warning.subject, Status::finding, warning.text, warning.mend);
    }
    const auto warned = [&](std::string_view check) {
        return std::ranges::any_of(report.warnings, [&](const auto& one) { return one.check == check; });
    };
    if (!warned("locations"))
        add("locations", "", Status::ok, format("{} locations are healthy", report.healthy));
    if (!warned("offsite")) add("offsite", "", Status::ok, "a healthy location is offsite");
}

void RepositoryChecks::look_at_maker() {
    const repository::NodeIdentity here = node_identity(context_, context_.home());
    if (is_keeper(context_)) {
        const auto own = std::ranges::find_if(backups_->all, [&](const Manifest& manifest) {
            return manifest.type != repository::BackupType::safety && manifest.node && !here.home.empty() &&
                   manifest.node->home == here.home && manifest.node->machine == here.machine;
        });
        if (own != backups_->all.end())
            add("database", "", Status::finding,
                format("it is gone: this home made backup {} of it", own->id.brief()),
                "bt2c-dr restore --backup latest");
    }
    // A home without a chain makes no backups; it may be where a team keeps the keys.
    if (!is_there(context_.home().database())) return;
    const auto newest = std::ranges::find_if(backups_->all, [](const Manifest& manifest) {
        return manifest.type != repository::BackupType::safety;
    });
    if (newest == backups_->all.end()) return;
    std::string refused;
    try {
        refused = why_refused(context_, &*newest);
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::interrupted) throw;
    }
    if (refused.empty()) return;
    takeover_ = " --takeover";
    add("repository", newest->id.brief(), Status::finding,
        format("{}: no backup from here is stored, until that node is known to be dead and this one takes "
               "its place",
               refused),
        "bt2c-dr backup --type full --takeover");
}

void RepositoryChecks::load_test() {
    try {
        test_ = config::load_job_record(context_.home(), "restore-test");
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::interrupted) throw;
        test_unread_ = true;
    }
}

std::string RepositoryChecks::mend_test(const std::string& otherwise) const {
    const bool found = test_ && test_->exit_status == base::exit_status(ErrorKind::findings) &&
                       !is_for_other_backups(*test_);
    return found ? mend_job(*test_) : otherwise;
}

std::optional<UnixMs> RepositoryChecks::last_ok_of(const char* job) const {
    try {
        const auto record = config::load_job_record(context_.home(), job);
        return record ? record->last_ok : std::nullopt;
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::interrupted) throw;
        return std::nullopt;
    }
}

void RepositoryChecks::ages_of_jobs() {
    for (const char* name : {"full", "incremental"}) {
        const auto record = config::load_job_record(context_.home(), name);
        if (!record || !record->last_done) continue;
        backups_->times.push_back(*record->last_done);
        if (std::string_view(name) == "full") backups_->full_times.push_back(*record->last_done);
    }
}

void RepositoryChecks::look_at_ages(storage::Location& whole, const ObjectId& id) {
    const bool readable = backups_ && !write_only_;
    if (!readable && !write_only_) {
        for (const char* name : {"backup_age", "full_backup_age", "restore_test_age"})
            add(name, "", Status::unknown, "it is not known, since the backups could not be read");
        return;
    }
    std::size_t unread = 0;
    if (!readable) {
        backups_.emplace();
        const auto state = backup::WriterState::load(backup::WriterState::file(context_.home(), id), id);
        if (state) {
            backups_->add(state->record.latest);
            backups_->add(state->record.full);
        } else {
            ages_of_jobs();
            unread = repository::backup_ids(whole.list("manifests")).size();
        }
    }
    const auto period = [](const std::optional<config::WeeklyTime>& time, std::int64_t otherwise_s) {
        return !time ? otherwise_s : time->weekday ? 7 * day_s : day_s;
    };
    const config::ScheduleSettings& schedule = context_.settings().schedule;
    const UnixMs now = base::now_unix_ms();
    const std::int64_t full_s = period(schedule.full, 7 * day_s);
    const std::int64_t any_s =
        schedule.incremental_minutes > 0
            ? std::min<std::int64_t>(full_s, std::int64_t{schedule.incremental_minutes} * 60)
            : full_s;
    const auto add_age = [&](const std::string& name, const std::string& what,
                             const std::vector<UnixMs>& times, std::int64_t period_s,
                             const std::string& mend) {
        if (times.empty() && unread > 0)
            add(name, "", Status::unknown,
                format("this node has no record of a {}; in the locations lie backups that it cannot "
                       "read: {}",
                       what, unread),
                mend);
        else
            checks_.push_back(age_check(name, what, times, age_limit_ms(period_s), now, mend));
        HealthCheck& check = checks_.back();
        if (!is_part_unread_ || check.status != Status::finding) return;
        check.status = Status::unknown;
        check.detail += "; some backups could not be read, and may be newer";
        check.mend = "bt2c-dr location status";
    };
    // A job that ended well made a backup, or found that nothing has changed since the newest one.
    std::vector<UnixMs> current = backups_->times;
    for (const char* job : {"full", "incremental"})
        if (const auto ok = last_ok_of(job); ok && !backups_->times.empty()) current.push_back(*ok);
    const bool by_job = current.size() > backups_->times.size();
    add_age("backup_age", by_job ? "backup, or job that found nothing new," : "backup", current, any_s,
            "bt2c-dr backup" + takeover_);
    add_age("full_backup_age", "full backup", backups_->full_times, full_s,
            "bt2c-dr backup --type full" + takeover_);
    checks_.push_back(
        backup_clock_check(backups_->times, now, clock_is_doubted(before_) || clock_is_doubted(checks_)));
    if (write_only_) {
        add("restore_test_age", "", Status::skipped,
            "this node cannot read its backups: restore tests run where the team keeps the keys");
        return;
    }
    if (test_ && test_->last_ok) proved_.push_back(*test_->last_ok);
    test_failed_ |= test_ && test_->failed();
    if (test_unread_ && proved_.empty()) {
        add("restore_test_age", "", Status::unknown, "it is not known: the record of its job cannot be read",
            "bt2c-dr job restore-test");
        return;
    }
    checks_.push_back(age_check("restore_test_age", test_failed_ ? "successful restore test" : "restore test",
                                proved_, age_limit_ms(period(schedule.restore_test, 30 * day_s)), now,
                                mend_test("bt2c-dr test-restore")));
}

}  // namespace bt2c::cli
