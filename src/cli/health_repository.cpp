// The repository: whether it opens, where it rests, how old what it holds is.

#include <algorithm>
#include <filesystem>

#include "backup/writer_state.hpp"
#include "base/text.hpp"
#include "cli/automation_setup.hpp"
#include "cli/health_checks.hpp"
#include "cli/key_statuses.hpp"
#include "cli/location_report.hpp"
#include "cli/repository_access.hpp"
#include "cli/token_slot.hpp"
#include "config/phrase_record.hpp"
#include "repository/key_slots.hpp"
#include "repository/sync.hpp"

namespace bt2c::cli {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorKind;
using base::format;
using base::printable;
using base::UnixMs;
using repository::Manifest;
using repository::ObjectId;
using repository::Repository;
using Status = HealthCheck::Status;

namespace {

constexpr std::int64_t hour_s = 3600;

/// What is known of the backups. Nothing where they cannot be read.
struct Backups {
    std::vector<Manifest> all;
    std::vector<UnixMs> times, full_times;  ///< the newest backup first

    void add(const Manifest& manifest) {
        if (manifest.type == repository::BackupType::safety) return;
        times.push_back(manifest.finished_at);
        if (manifest.type == repository::BackupType::full) full_times.push_back(manifest.finished_at);
    }
};

bool is_in_the_way(const fs::path& file) {
    std::error_code unseen;
    return fs::exists(file, unseen) && !fs::is_regular_file(file, unseen);
}

/// What a command begins with that writes this file; usually nothing.
std::string make_room_for(const fs::path& file) {
    if (!is_in_the_way(file)) return "";
    return format("mv {} {} && ", shell_word(file.native()), shell_word(file.native() + ".old"));
}

/// FILE holds the password, or the 24 words.
std::string mend_key_file(const fs::path& file) {
    return make_room_for(file) + "BT2C_REPO_PASSWORD_FILE=FILE bt2c-dr repository key add --key-file " +
           shell_word(file.native());
}

/// What the reason itself names, where the location is there; of one that is merely away where to look.
std::string mend_left_out(const LocationStatus& status) {
    for (const std::string command :
         {"bt2c-dr location sync ", "bt2c-dr repository check --repair --location "})
        if (status.error.find("'" + command + status.name + "'") != std::string::npos)
            return command + status.name;
    return "bt2c-dr location status";
}

bool is_not_known(const HealthChecks& checks, std::string_view name) {
    return std::ranges::any_of(checks, [&](const HealthCheck& check) {
        return check.name == name && check.status == Status::unknown;
    });
}

class RepositoryChecks {
 public:
    RepositoryChecks(Context& context, const std::optional<crypto::SecretBytes>& typed,
                     std::chrono::milliseconds silence, const HealthChecks& before)
        : context_(context), typed_(typed), silence_(silence), before_(before) {}

    HealthChecks look() {
        const std::shared_ptr<storage::Location> whole = repository_location(context_);
        ObjectId id{};
        if (!find(*whole, id)) return std::move(checks_);
        load_test();
        group("repository", [&] { open(whole, id); });
        if (!is_not_known(before_, "schedule")) group("schedule", [&] { look_at_key_of_jobs(); });
        group("locations", [&] { look_at_places(); });
        group("recovery_phrase", [&] { look_at_phrase(*whole, id); });
        group("backup_age", [&] { look_at_ages(*whole, id); });
        group("key_rotation", [&] { look_at_keys(); });
        return std::move(checks_);
    }

 private:
    void add(std::string name, std::string subject, Status status, std::string detail,
             std::string mend = {}) {
        checks_.push_back({std::move(name), std::move(subject), status, std::move(detail), std::move(mend)});
    }
    template <typename Look>
    void group(const std::string& name, Look look) {
        const auto before = static_cast<std::ptrdiff_t>(checks_.size());
        for (bool again = true; again;) try {
                const SilenceWatch watch(context_.locations(), silence_);
                const HealthChecks failed = looked_at(name, [&] {
                    look();
                    return HealthChecks();
                });
                checks_.insert(checks_.end(), failed.begin(), failed.end());
                again = false;
            } catch (const Error&) {
                base::throw_if_interrupted();
                checks_.erase(checks_.begin() + before, checks_.end());  // without the one that is silent
            }
    }

    bool find(storage::Location& whole, ObjectId& id) {
        try {
            id = Repository::read_id(whole);
            return true;
        } catch (const Error& error) {
            if (error.kind() == ErrorKind::interrupted) throw;
            HealthCheck check = unknown_check("repository", error);
            check.status = Status::finding;
            if (error.kind() == ErrorKind::no_repository) {
                check.detail += "; is its disk mounted?";
                check.mend = context_.locations().only_one_lost_it() ? "mount its disk" : "bt2c-dr init";
            }
            checks_.push_back(std::move(check));
            return false;
        }
    }

    /// With what is at hand; nobody is asked. Nothing: there is nothing that could open it.
    std::optional<Repository> open_unasked(const std::shared_ptr<storage::Location>& whole) {
        const config::Home& home = context_.home();
        if (typed_) return Repository::open(whole, repository::Secret::from_text(typed_->text()));
        if (auto secret = secret_at_hand(context_)) return Repository::open(whole, *secret);
        if (fs::exists(home.write_key_file())) {
            write_only_ = true;
            return open_for_backup(context_, whole);
        }
        const config::Settings& settings = context_.settings();
        if (settings.token_module.empty() || settings.token_pin_file.empty()) return std::nullopt;
        const auto secret = secret_from_token(context_, *whole);
        if (!secret) return std::nullopt;
        return Repository::open(whole, *secret);
    }

    void open(const std::shared_ptr<storage::Location>& whole, const ObjectId& id) {
        const config::Home& home = context_.home();
        if (fs::exists(home.write_key_file()) && fs::exists(home.key_file()))
            add("write_only", "", Status::finding,
                format("this node is to read none of its backups, and {} lies beside its write key",
                       printable(home.key_file().native())),
                "bt2c-dr repository key confirm && rm " + shell_word(home.key_file().native()));
        try {
            const auto repository = open_unasked(whole);
            if (!repository) {
                add("repository", "", Status::unknown,
                    "there is no key file, and no password was given: backups could not be looked at",
                    mend_key_file(home.key_file()));
                return;
            }
            if (!write_only_) read(*repository);
            add("repository", "", Status::ok,
                format("repository {} {}", id.hex().substr(0, 8),
                       write_only_ ? "takes this node's backups" : "opens"));
        } catch (const Error& error) {
            if (error.kind() == ErrorKind::interrupted) throw;
            HealthCheck check = unknown_check("repository", error);
            check.status = Status::finding;
            if (!typed_ && !secret_is_in_environment() && is_in_the_way(home.key_file()))
                check.mend = mend_key_file(home.key_file());
            checks_.push_back(std::move(check));
        }
    }

    /// By what runs them, whatever opens the repository here.
    void look_at_key_of_jobs() {
        const AutomationSetup setup(context_, {});
        const std::vector<std::string> present = setup.present();
        const std::string lack = present.empty() ? "" : setup.missing_key(present.front());
        if (!lack.empty())
            add("schedule", present.front(), Status::finding, lack,
                mend_key_file(context_.home().key_file()));
    }

    void read(const Repository& repository) {
        repository::BackupList list = repository.list();
        const auto tests = repository.proofs();
        reader_ = repository;
        backups_.emplace();
        backups_->all = std::move(list.backups);
        for (const Manifest& manifest : backups_->all) backups_->add(manifest);
        for (const auto& damaged : list.damaged)
            add("repository", damaged.id.substr(0, 8), Status::finding,
                format("the backup's manifest is damaged: {}", printable(damaged.reason)),
                context_.locations().all().size() > 1 ? "bt2c-dr repository check --repair"
                                                      : "bt2c-dr prune --damaged");
        for (const auto& [id, test] : tests) {
            if (test.proved_at) proved_.push_back(*test.proved_at);
            test_failed_ |= test.failed_at.has_value();
        }
        // The newest full one: the next incremental backups would build on it.
        const auto full = std::ranges::find(backups_->all, repository::BackupType::full, &Manifest::type);
        if (full == backups_->all.end()) return;
        if (const auto test = tests.find(full->id.hex()); test != tests.end() && test->second.failed_at)
            add("repository", full->id.brief(), Status::finding,
                "the newest full backup did not restore when it was tested",
                mend_test("bt2c-dr backup --type full"));
    }

    /// Why it cannot be read the checks of jobs tell.
    void load_test() {
        try {
            test_ = config::load_job_record(context_.home(), "restore-test");
        } catch (const Error& error) {
            if (error.kind() == ErrorKind::interrupted) throw;
            test_unread_ = true;
        }
    }

    /// What the repository keeps of a test does not say why it failed; the job's record does.
    std::string mend_test(const std::string& otherwise) const {
        const bool found = test_ && test_->exit_status == base::exit_status(ErrorKind::findings);
        return found ? mend_job(*test_) : otherwise;
    }

    void look_at_places() {
        LocationReport report =
            look_at_locations(context_.locations(), {.backups = backups_ ? &backups_->all : nullptr,
                                                     .reader = reader_ ? &*reader_ : nullptr,
                                                     .measured = false});
        for (const LocationStatus& status : report.all) {
            if (status.state == "away")
                add("location", status.name, Status::finding, status.error, mend_left_out(status));
            else if (status.state == "healthy")
                add("location", status.name, Status::ok,
                    format("backups there: {}{}{}", status.backups,
                           status.facts.own_disk ? "; on the disk of the node's home" : "",
                           status.facts.unencrypted
                               ? "; by http: names, sizes and times can be read on the way"
                               : ""));
        }
        for (const LocationStatus& status : report.all)
            if (status.clock_ahead)
                checks_.push_back(clock_difference_check(status.name, *status.clock_ahead));
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

    void look_at_phrase(storage::Location& whole, const ObjectId& id) {
        if (write_only_) {
            add("recovery_phrase", "", Status::skipped,
                "it is not for this node, which must not read its backups: 'repository key confirm' where "
                "the "
                "team keeps the keys");
            return;
        }
        const auto slots = repository::list_slots(whole).slots;
        const auto is_phrase = [](const repository::SlotInfo& slot) {
            return slot.kind == repository::SlotKind::recovery_phrase;
        };
        if (std::ranges::none_of(slots, is_phrase)) {
            add("recovery_phrase", "", Status::finding, "the repository has none: its keys are all there is",
                "bt2c-dr repository key add --recovery-phrase");
            return;
        }
        std::optional<config::PhraseRecord> record;
        try {
            record = config::load_phrase_record(context_.home());
        } catch (Error& error) {
            const fs::path file = config::phrase_record_file(context_.home());
            if (error.hint().empty()) error.hint(make_room_for(file) + "bt2c-dr repository key confirm");
            throw;
        }
        const bool confirmed =
            record && record->repository == id.hex() && std::ranges::any_of(slots, [&](const auto& slot) {
                return is_phrase(slot) && slot.id.hex() == record->slot;
            });
        if (confirmed)
            add("recovery_phrase", "", Status::ok,
                "it was confirmed on " + base::format_utc(record->confirmed_at).substr(0, 10));
        else
            add("recovery_phrase", "", Status::finding,
                record ? "what was confirmed is the phrase of another repository, or was removed"
                       : "nobody confirmed yet that it is on paper",
                "bt2c-dr repository key confirm");
    }

    /// When the job ended well last. Why its record cannot be read the checks of jobs tell.
    std::optional<UnixMs> last_ok_of(const char* job) const {
        try {
            const auto record = config::load_job_record(context_.home(), job);
            return record ? record->last_ok : std::nullopt;
        } catch (const Error& error) {
            if (error.kind() == ErrorKind::interrupted) throw;
            return std::nullopt;
        }
    }

    /// By the records of jobs, on a write-only node that has no state of its backups.
    void ages_of_jobs() {
        for (const char* name : {"full", "incremental"}) {
            const auto record = config::load_job_record(context_.home(), name);
            if (!record || !record->last_done) continue;
            backups_->times.push_back(*record->last_done);
            if (std::string_view(name) == "full") backups_->full_times.push_back(*record->last_done);
        }
    }

    void look_at_ages(storage::Location& whole, const ObjectId& id) {
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
        };
        // A job that ended well made a backup, or found that nothing has changed since the newest one.
        std::vector<UnixMs> current = backups_->times;
        for (const char* job : {"full", "incremental"})
            if (const auto ok = last_ok_of(job); ok && !backups_->times.empty()) current.push_back(*ok);
        const bool by_job = current.size() > backups_->times.size();
        add_age("backup_age", by_job ? "backup, or job that found nothing new," : "backup", current, any_s,
                "bt2c-dr backup");
        add_age("full_backup_age", "full backup", backups_->full_times, full_s, "bt2c-dr backup --type full");
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
            add("restore_test_age", "", Status::unknown,
                "it is not known: the record of its job cannot be read");
            return;
        }
        checks_.push_back(age_check(
            "restore_test_age", test_failed_ ? "successful restore test" : "restore test", proved_,
            age_limit_ms(period(schedule.restore_test, 30 * day_s)), now, mend_test("bt2c-dr test-restore")));
    }

    void look_at_keys() {
        KeyStatuses statuses;
        const std::vector<Manifest>* const backups = backups_ ? &backups_->all : nullptr;
        const bool is_locked = is_not_known(before_, "database");  // and would be waited for
        if (is_locked)
            statuses.keys = keys::key_status(context_.home(), {nullptr, backups},
                                             context_.settings().key_rotation_months);
        else
            read_key_statuses(context_, backups, statuses);
        for (const keys::KeyStatus& key : statuses.keys) {
            if (statuses.overdue(key))
                add("key_rotation", printable(key.address), Status::finding,
                    "it is overdue since " + base::format_utc(*key.due).substr(0, 10),
                    "bt2c-dr keys rotate --address " + shell_word(key.address));
            if (!key.problem.empty())
                add("key_rotation", printable(key.address), Status::finding, printable(key.problem),
                    "bt2c-dr recover-keys --force");
        }
        if (std::ranges::any_of(checks_, [](const auto& check) { return check.name == "key_rotation"; }))
            return;
        if (is_locked)
            add("key_rotation", "", Status::skipped,
                "which keys are validators' is not known while the database cannot be read");
        else
            add("key_rotation", "", Status::ok,
                statuses.keys.empty() ? "there are no wallets in this home" : "no key is due");
    }

    Context& context_;
    const std::optional<crypto::SecretBytes>& typed_;
    std::chrono::milliseconds silence_;
    const HealthChecks& before_;
    bool write_only_ = false, test_failed_ = false, test_unread_ = false;
    std::optional<config::JobRecord> test_;
    std::optional<Backups> backups_;
    std::optional<Repository> reader_;
    std::vector<UnixMs> proved_;
    HealthChecks checks_;
};

}  // namespace

HealthChecks check_repository(Context& context, const std::optional<crypto::SecretBytes>& typed,
                              std::chrono::milliseconds silence, const HealthChecks& before) {
    return RepositoryChecks(context, typed, silence, before).look();
}

}  // namespace bt2c::cli
