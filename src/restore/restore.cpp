#include "restore/restore.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <future>
#include <tuple>

#include "base/error.hpp"
#include "base/text.hpp"
#include "chaindb/sqlite/connection.hpp"
#include "chaindb/sqlite/file_image.hpp"
#include "chaindb/sqlite/writers.hpp"
#include "keys/signing_state.hpp"
#include "restore/place_files.hpp"
#include "restore/signing_files.hpp"

namespace bt2c::restore {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorKind;
using base::format;
using platform::DurableFile;

namespace {

/// Room for folders, and for what a safety backup adds when there is a full backup to differ from.
constexpr std::uint64_t spare_bytes = std::uint64_t{1} << 20;
/// A careful guess for the plan: writing, proving and syncing.
constexpr double bytes_per_second = 250e6;

bool wants_database(const RestoreSource& source, const RestoreRequest& request) {
    return request.database && source.database.has_value();
}

void check_space(const RestorePlan& plan, const config::Home& home, const RestoreRequest& request) {
    if (plan.bytes_needed <= plan.bytes_free || request.force) return;
    throw Error(ErrorKind::failed,
                format("cannot restore into {}: too little space", base::printable(home.root.native())))
        .cause(format("{} are needed beside what is there, {} are free", base::human_size(plan.bytes_needed),
                      base::human_size(plan.bytes_free)))
        .state("nothing was changed in the node's home")
        .hint("make room, or restore into another file system with --target");
}

/// Lets SQLite bring its own journals home, so that removing them cannot lose a commit of the old
/// database while it is still in place. One that SQLite cannot read is past that care; the safety
/// backup has its files as they were.
void settle_old_database(const fs::path& database) {
    if (!fs::exists(database)) return;
    try {
        auto connection =
            chaindb::sqlite::Connection::open(database, chaindb::sqlite::Connection::Mode::read_write);
        connection.query_integer("SELECT count(*) FROM sqlite_master");
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)");
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::busy) throw;
    }
}

void remove_journals(const fs::path& database) {
    for (const char* suffix : {"-wal", "-shm", "-journal"}) {
        fs::path journal = database;
        journal += suffix;
        platform::durable_remove(journal);
    }
}

/// The owner of what is there now, else of the folder it goes to: the node must be able to open it.
void set_database_owner(const DurableFile& file, const fs::path& database, const DatabaseSource& source) {
    struct stat info {};
    const bool existing = ::stat(database.c_str(), &info) == 0;
    const bool by_folder =
        !existing && ::stat(database.parent_path().c_str(), &info) == 0 && info.st_uid != 0;
    if (existing || by_folder)
        set_owner(file.fd(), info.st_uid, info.st_gid);
    else
        set_owner(file.fd(), source.uid, source.gid);
    if (::fchmod(file.fd(), plain_mode(source.mode)) != 0)
        throw base::system_error("cannot set the mode of the database", errno);
}

bool has_state_to_keep(const config::Home& home) {
    return fs::exists(home.database()) || fs::exists(home.config()) || fs::exists(home.keys()) ||
           fs::exists(home.wallets()) || fs::exists(home.network());
}

/// Whether config/, keys/ or wallets/ as a whole was a symbolic link: the backup has nothing of what was in
/// it.
bool is_link_of_part(const FileSource& file) {
    return file.entry.kind == repository::FileKind::link && !fs::path(file.entry.path).has_parent_path();
}

std::string told_of(const FileSource& link) {
    return format("{} was a symbolic link to {}: what that led to is not in the backup",
                  base::printable(link.entry.path), base::printable(link.entry.target));
}

/// What to say where the home's network/ is a link, the operator's own or one that an older restore placed,
/// and a restore locks signing; else empty.
std::string told_of_network_link(const config::Home& home, bool locks_signing) {
    if (!locks_signing || !fs::is_symlink(fs::symlink_status(home.network()))) return {};
    return format("{} is a symbolic link to {}: the signing lock is written there",
                  base::printable(home.network().native()),
                  base::printable(fs::read_symlink(home.network()).native()));
}

/// Adds what was left behind to errors that do not say it.
template <typename Job>
void with_state(const char* state, Job job) {
    try {
        job();
    } catch (Error& error) {
        if (error.state().empty()) error.state(state);
        throw;
    }
}

/// Writes the database, proves it and syncs it; no proof of one that SQLite could not read when it was kept.
std::optional<ChainProof> write_database(
    const DatabaseSource& source, DurableFile& file,
    const std::function<ChainProof(const chaindb::PageImage&)>& prove_chain, base::Progress& progress) {
    std::optional<ChainProof> proof;
    if (!prove_chain || !source.readable) {
        source.write(file, progress);
    } else if (source.write_proved) {
        source.write_proved(
            file, [&](const chaindb::PageImage& image) { proof = prove_chain(image); }, progress);
    } else {
        source.write(file, progress);
        // The disk takes as long as the proof, which reads the same pages from memory meanwhile.
        auto synced = std::async(std::launch::async, [&] { file.sync(); });
        proof = prove_chain(chaindb::sqlite::image_of_file(file.temporary()));
        synced.get();
    }
    file.sync();
    return proof;
}

/// @param link what was asked for, and is not in the source; null: no such link
Error nothing_asked_for(const RestoreSource& source, const FileSource* link) {
    std::string parts = source.database ? "database" : "";
    for (const auto& [part, config, keys] :
         {std::tuple("config", true, false), std::tuple("keys", false, true)})
        if (const auto files = select_files(source, config, keys);
            std::ranges::any_of(files, [](const FileSource* file) {
                return !is_signing_file(*file) && !is_link_of_part(*file);
            }))
            parts += format("{}{}", parts.empty() ? "" : ",", part);
    Error error(ErrorKind::failed, format("there is nothing of what was asked for in {}", source.name));
    error.state("nothing was changed in the node's home");
    error.cause(link            ? told_of(*link)
                : parts.empty() ? "it holds neither a database nor configuration, keys or wallets"
                                : "it holds nothing but: " + parts);
    return error.hint(parts.empty() ? "take another one: 'bt2c-dr list-backups'"
                                    : format("take what it holds with '--only {}', or another one: 'bt2c-dr "
                                             "list-backups'",
                                             parts));
}

}  // namespace

RestorePlan plan_restore(const RestoreSource& source, const config::Home& target,
                         const RestoreRequest& request) {
    RestorePlan plan;
    // Keys and configuration are not changed under a node that runs either.
    chaindb::sqlite::require_unused(target.database(), "restore");
    if (wants_database(source, request)) {
        plan.parts.push_back("database");
        plan.bytes_needed += source.database->bytes;
    }
    const auto files = select_files(source, request.config, request.keys);
    check_places(files, target);
    bool config = false;
    bool keys = false;
    const FileSource* link = nullptr;
    for (const FileSource* file : files) {
        plan.bytes_needed += file->entry.bytes;
        if (is_link_of_part(*file))
            link = file;
        else if (!is_signing_file(*file))
            (file->entry.path.starts_with("config") ? config : keys) = true;
    }
    if (config) plan.parts.push_back("config");
    if (keys) plan.parts.push_back("keys");
    if (plan.parts.empty()) throw nothing_asked_for(source, link);
    plan.bytes_needed += spare_bytes;
    plan.bytes_free = platform::free_space(target.root);
    plan.expected_seconds = 1 + static_cast<double>(plan.bytes_needed - spare_bytes) / bytes_per_second;
    if (plan.parts.front() == "database")
        plan.steps.push_back(format("write the database ({}) beside {}, and prove it",
                                    base::human_size(source.database->bytes),
                                    base::printable(target.database().native())));
    if (has_state_to_keep(target)) plan.steps.push_back("keep the present state as a safety backup");
    if (const auto told = told_of_network_link(target, wants_database(source, request) || request.keys);
        !told.empty())
        plan.steps.push_back("lock signing; warning: " + told);
    if (!files.empty())
        plan.steps.push_back(format("place {} files and folders of config, keys and wallets", files.size()));
    if (request.keep_settings && other_settings(files, target)) {
        if (fs::is_directory(fs::symlink_status(settings_beside(target))))
            throw Error(ErrorKind::failed,
                        format("cannot put the backup's settings beside the home's: a folder "
                               "has the name {}",
                               base::printable(settings_beside(target).native())))
                .state("nothing was changed in the node's home")
                .hint("move that folder away");
        plan.steps.push_back(format("leave {} as it is, and put the backup's beside it as {}",
                                    base::printable(target.settings_file().native()),
                                    base::printable(settings_beside(target).filename().native())));
    }
    if (plan.parts.front() == "database") plan.steps.push_back("put the database in its place");
    return plan;
}

RestoreResult restore(const RestoreSource& source, const config::Home& target, const RestoreRequest& request,
                      const RestoreHooks& hooks, base::Progress& progress) {
    RestoreResult result;
    const bool database = wants_database(source, request);
    const auto files = select_files(source, request.config, request.keys);
    const RestorePlan plan = plan_restore(source, target, request);
    check_space(plan, target, request);
    for (const FileSource* file : files)
        if (is_link_of_part(*file)) progress.note("warning: " + told_of(*file));
    if (const auto told = told_of_network_link(target, database || request.keys); !told.empty())
        progress.note("warning: " + told);
    result.parts = plan.parts;
    result.networks = source.networks;

    std::optional<DurableFile> staged;
    const FileSource* settings = nullptr;  // that go beside the home's
    with_state("nothing was changed in the node's home", [&] {
        const bool something_there = has_state_to_keep(target);
        platform::durable_mkdir(target.root, 0700);
        if (database) {
            platform::durable_mkdir(target.database().parent_path(), 0700);
            platform::remove_stale_temporaries(target.database().parent_path());
            staged.emplace(target.database(), 0600);
            const std::optional<ChainProof> proof =
                write_database(*source.database, *staged, hooks.prove_chain, progress);
            set_database_owner(*staged, target.database(), *source.database);
            const bool problems = proof && !proof->ok;
            if (problems && !request.force && !source.safety)
                throw Error(ErrorKind::findings,
                            format("cannot restore {}: its chain has problems", source.name))
                    .cause(proof->problem)
                    .hint("restore another backup, or take this one as it is with --force");
            result.verified = proof && proof->ok;
            if (problems) result.problem = proof->problem;
            if (proof && !proof->networks.empty()) result.networks = proof->networks;
        }
        check_contents(files, progress);
        if (!database) result.verified = true;
        if (something_there) {
            progress.phase("keeping the present state", 0);
            result.safety_backup = hooks.keep_present_state();
        }
        chaindb::sqlite::require_unused(target.database(), "restore");
        if (request.keep_settings) settings = other_settings(files, target);
        base::throw_if_interrupted();
    });

    std::string state = "the restore was cut off half way; run it again";
    if (result.safety_backup.starts_with('/'))
        state += format(". The state before is kept in {}", base::printable(result.safety_backup));
    else if (!result.safety_backup.empty())
        state += format(", or go back with 'bt2c-dr restore --backup {}'", result.safety_backup);
    with_state(state.c_str(), [&] {
        // Before anything is in its place: cut off at any instant, nothing signs with an old state.
        if (database || request.keys) {
            keys::lock_signing(target, format("{} was restored", source.name));
            result.signing_locked = true;
        }
        result.kept = place_files(files, target, settings, progress);
        if (settings) result.settings_beside = settings_beside(target).native();
        result.settings_placed = !settings && std::ranges::any_of(files, [&](const FileSource* file) {
            return target.root / file->entry.path == target.settings_file();
        });
        if (!database) return;
        settle_old_database(target.database());
        remove_journals(target.database());
        staged->commit(DurableFile::Existing::replace);
        for (const DatabaseSource::Sidecar& sidecar : source.database->sidecars) {
            fs::path path = target.database();
            path += sidecar.suffix;
            DurableFile file(path, plain_mode(source.database->mode));
            sidecar.write(file);
            set_owner(file.fd(), source.database->uid, source.database->gid);
            file.commit(DurableFile::Existing::replace);
        }
    });
    return result;
}

}  // namespace bt2c::restore
