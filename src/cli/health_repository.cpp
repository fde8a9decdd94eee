// The repository: whether it opens, and what its keys are.

#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "base/text.hpp"
#include "cli/automation_setup.hpp"
#include "cli/key_statuses.hpp"
#include "cli/repository_access.hpp"
#include "cli/repository_checks.hpp"
#include "cli/scheduled_jobs.hpp"
#include "cli/token_slot.hpp"
#include "config/phrase_record.hpp"
#include "repository/copies.hpp"
#include "repository/key_slots.hpp"
#include "repository/repository_format.hpp"

namespace bt2c::cli {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorKind;
using base::format;
using base::printable;
using repository::Manifest;
using repository::ObjectId;
using repository::Repository;

namespace {

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

/// Of what was not read: by its location, or by a disk that fails.
std::string mend_unread(bool disk, bool several) {
    if (!disk) return "bt2c-dr location status";
    return format("{}dmesg; then bt2c-dr repository check{}",
                  ::geteuid() == 0 ? "" : "as root: ", several ? " --repair" : "");
}

bool is_not_known(const HealthChecks& checks, std::string_view name) {
    return std::ranges::any_of(checks, [&](const HealthCheck& check) {
        return check.name == name && check.status == HealthCheck::Status::unknown;
    });
}

}  // namespace

HealthChecks RepositoryChecks::look() {
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
    if (is_keeper(context_)) send_to_node(checks_);
    return std::move(checks_);
}

void RepositoryChecks::Backups::add(const Manifest& manifest) {
    if (manifest.type == repository::BackupType::safety) return;
    times.push_back(manifest.finished_at);
    if (manifest.type == repository::BackupType::full) full_times.push_back(manifest.finished_at);
}

void RepositoryChecks::add(std::string name, std::string subject, Status status, std::string detail,
                           std::string mend) {
    checks_.push_back({std::move(name), std::move(subject), status, std::move(detail), std::move(mend)});
}

void RepositoryChecks::group(const std::string& name, const std::function<void()>& look) {
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

bool RepositoryChecks::find(storage::Location& whole, ObjectId& id) {
    try {
        const repository::RepositoryFormat told = repository::read_format(whole);
        id = told.id;
        if (!told.damage.empty())
            add("repository", "format", Status::finding,
                format("its object 'format' cannot be used: {}; the key slots tell what stood there",
                       printable(told.damage)),
                "bt2c-dr repository check --repair");
        return true;
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::interrupted) throw;
        HealthCheck check = unknown_check("repository", error);
        check.status = Status::finding;
        if (error.kind() == ErrorKind::no_repository) {
            check.detail += "; " + whole.if_emptied();
            check.mend = context_.locations().only_one_lost_it()
                             ? (whole.behind_network() ? "bring its objects back" : "mount its disk")
                             : "bt2c-dr init";
        }
        checks_.push_back(std::move(check));
        return false;
    }
}

std::optional<Repository> RepositoryChecks::open_unasked(const std::shared_ptr<storage::Location>& whole) {
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

void RepositoryChecks::open(const std::shared_ptr<storage::Location>& whole, const ObjectId& id) {
    const config::Home& home = context_.home();
    if (fs::exists(home.write_key_file()) && fs::exists(home.key_file()))
        add("write_only", "", Status::finding,
            format("this node is to read none of its backups, and {} lies beside its write key",
                   printable(home.key_file().native())),
            "bt2c-dr repository key confirm && rm " + shell_word(home.key_file().native()));
    bool is_open = false;
    try {
        const auto repository = open_unasked(whole);
        if (!repository) {
            add("repository", "", Status::unknown,
                "there is no key file, and no password was given: backups could not be looked at",
                mend_key_file(home.key_file()));
            return;
        }
        is_open = true;
        if (!write_only_) read(*repository);
        add("repository", "", Status::ok,
            format("repository {} {}", id.hex().substr(0, 8),
                   write_only_ ? "takes this node's backups" : "opens"));
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::interrupted) throw;
        HealthCheck check = unknown_check("repository", error);
        if (is_open)
            check.mend =
                mend_unread(repository::is_disk_failure(error), context_.locations().all().size() > 1);
        else
            check.status = Status::finding;
        if (!typed_ && !secret_is_in_environment() && is_in_the_way(home.key_file()))
            check.mend = mend_key_file(home.key_file());
        checks_.push_back(std::move(check));
    }
}

void RepositoryChecks::look_at_key_of_jobs() {
    const AutomationSetup setup(context_, {});
    const std::vector<std::string> present = setup.present();
    const std::string lack = present.empty() ? "" : setup.missing_key(present.front());
    if (!lack.empty())
        add("schedule", present.front(), Status::finding, lack, mend_key_file(context_.home().key_file()));
}

void RepositoryChecks::read(const Repository& repository) {
    repository::BackupList list = repository.list();
    const auto tests = repository.proofs();
    reader_ = repository;
    backups_.emplace();
    backups_->all = std::move(list.backups);
    for (const Manifest& manifest : backups_->all) backups_->add(manifest);
    is_part_unread_ = list.unread() > 0;
    const bool several = context_.locations().all().size() > 1;
    for (const auto& damaged : list.damaged)
        if (damaged.unread)
            add("repository", damaged.id.substr(0, 8), Status::unknown,
                format("{}cannot be read: {}", manifest_of_backup, printable(damaged.reason)),
                mend_unread(damaged.disk, several));
        else
            add("repository", damaged.id.substr(0, 8), Status::finding,
                format("{}is damaged: {}", manifest_of_backup, printable(damaged.reason)),
                several ? "bt2c-dr repository check --repair || bt2c-dr prune --damaged"
                        : "bt2c-dr prune --damaged");
    if (const Manifest* const doubt = repository::doubt_of_latest(backups_->all, base::now_unix_ms())) {
        const auto latest = std::ranges::find_if(backups_->all, [](const Manifest& manifest) {
            return manifest.type != repository::BackupType::safety;
        });
        add("repository", "latest", Status::finding, doubt_text(*latest, *doubt),
            "bt2c-dr list-backups && bt2c-dr backup --type full");
    }
    look_at_maker();
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
            mend_test("bt2c-dr backup --type full" + takeover_));
}

void RepositoryChecks::look_at_phrase(storage::Location& whole, const ObjectId& id) {
    if (write_only_) {
        add("recovery_phrase", "", Status::skipped,
            "it is not for this node, which must not read its backups: 'repository key confirm' where "
            "the "
            "team keeps the keys");
        return;
    }
    const repository::SlotList list = repository::list_slots(whole);
    const auto& slots = list.slots;
    const auto is_phrase = [](const repository::SlotInfo& slot) {
        return slot.kind == repository::SlotKind::recovery_phrase;
    };
    if (std::ranges::none_of(slots, is_phrase)) {
        repository::require_all_read(list.unread);
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
    if (confirmed) {
        add("recovery_phrase", "", Status::ok,
            "it was confirmed on " + base::format_utc(record->confirmed_at).substr(0, 10));
        return;
    }
    repository::require_all_read(list.unread);
    add("recovery_phrase", "", Status::finding,
        record ? "what was confirmed is the phrase of another repository, or was removed"
               : "nobody confirmed yet that it is on paper",
        "bt2c-dr repository key confirm");
}

void RepositoryChecks::look_at_keys() {
    KeyStatuses statuses;
    const std::vector<Manifest>* const backups = backups_ ? &backups_->all : nullptr;
    const bool is_locked = is_not_known(before_, "database");  // and would be waited for
    if (is_locked)
        statuses.keys =
            keys::key_status(context_.home(), {nullptr, backups}, context_.settings().key_rotation_months);
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
    if (std::ranges::any_of(checks_, [](const auto& check) { return check.name == "key_rotation"; })) return;
    if (is_locked)
        add("key_rotation", "", Status::skipped,
            "which keys are validators' is not known while the database cannot be read");
    else
        add("key_rotation", "", Status::ok,
            statuses.keys.empty() ? "there are no wallets in this home" : "no key is due");
}

HealthChecks check_repository(Context& context, const std::optional<crypto::SecretBytes>& typed,
                              std::chrono::milliseconds silence, const HealthChecks& before) {
    return RepositoryChecks(context, typed, silence, before).look();
}

}  // namespace bt2c::cli
