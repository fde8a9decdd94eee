#include <filesystem>
#include <optional>

#include "base/parallel.hpp"
#include "chaindb/key_rotations.hpp"
#include "chaindb/sqlite/file_image.hpp"
#include "cli/backup_document.hpp"
#include "cli/backup_job.hpp"
#include "cli/commands.hpp"
#include "cli/health_check.hpp"
#include "cli/latest_backup.hpp"
#include "cli/locations.hpp"
#include "cli/network_target.hpp"
#include "cli/open_locations.hpp"
#include "cli/refused_backups.hpp"
#include "cli/repository_access.hpp"
#include "cli/restore_source.hpp"
#include "cli/rotation_job.hpp"
#include "cli/safety_backup.hpp"
#include "cli/scheduled_jobs.hpp"
#include "cli/unfit_target.hpp"
#include "network/audit_log.hpp"
#include "repository/copies.hpp"
#include "restore/restore.hpp"
#include "verify/verify.hpp"

namespace bt2c::cli {
namespace {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorKind;
using base::Json;

/// Everything but the page structure, which the image's digest has proved already.
restore::ChainProof prove_chain(const chaindb::PageImage& image) {
    verify::Options options;
    options.check_pages = false;
    options.examples_max = 1;
    options.threads = base::worker_count();
    const verify::Source source{[&image] { return chaindb::sqlite::Connection::open_image(image); }};
    base::SilentProgress silent;  // the writing beside it tells how far the restore is
    const verify::Report report = verify::verify_chain(source, options, silent);
    restore::ChainProof proof;
    proof.ok = report.ok;
    for (const verify::NetworkSummary& network : report.networks)
        proof.networks.push_back(
            {network.network, network.height.value_or(0), network.tip_hash.value_or(""), ""});
    for (const verify::CheckResult& check : report.checks)
        if (check.status == verify::CheckStatus::fail && proof.problem.empty())
            proof.problem = base::format("{}: {}{}", verify::check_name(check.check),
                                         check.examples.empty() ? "failed" : check.examples[0].text,
                                         check.count > 1 ? base::format(" ({} findings)", check.count) : "");
    return proof;
}

class RestoreCommand final : public Command {
    About about() const override {
        return {
            .name = "restore",
            .summary = "bring back the database, configuration and keys from a backup",
            .description =
                "Writes the backup beside the present state, proves the image and the chain in it, keeps the "
                "present state as a safety backup, and then lets everything take its place, the database "
                "last "
                "and at once. Interrupted at any moment, the database is the old one or the new one, "
                "whole.\n\n"
                "A safety backup is brought back even where its chain has problems, which are told: it is "
                "what "
                "the home held.\n\n"
                "--backup-file takes an exported backup, any SQLite chain database, or a file out of the "
                "backup "
                "folder of the older Python tool.\n\n"
                "Settings that the home has stay: where config/dr.toml is another one than the backup's, "
                "that is put beside it as dr.toml.from-backup. With --target it is restored as it was.\n\n"
                "A node that has the database open for writing is never pulled away under, whatever is "
                "restored: stop it first.",
            .examples = {{"bt2c-dr restore --backup latest", "bring back the newest backup"},
                         {"bt2c-dr restore --backup 40dc1520 --dry-run", "show what would be done"},
                         {"bt2c-dr restore --backup latest --only keys", "bring back keys and wallets only"},
                         {"bt2c-dr restore --backup-file /mnt/usb/backup.db", "restore from a file"}},
            .exits = {ErrorKind::failed, ErrorKind::findings, ErrorKind::busy, ErrorKind::wrong_secret,
                      ErrorKind::no_repository}};
    }

    void declare(Options& options) override {
        options.value(backup_, "--backup", "ID", "the backup: an id, the beginning of one, or 'latest'");
        options.value(file_, "--backup-file", "PATH", "restore from this file instead of the repository");
        options.choices(only_, "--only", {"database", "config", "keys"}, "restore these parts only");
        options.value(target_, "--target", "DIR", "restore into this home instead of the node's own");
        options.flag(dry_run_, "--dry-run", "say what would be done, and change nothing");
        options.flag(force_, "--force", "go on though space seems short or the backup's chain has problems");
    }

    Result run(Context& context) override {
        if (backup_.empty() == !file_.has_value())
            throw Error(ErrorKind::usage, "restore needs either --backup or --backup-file")
                .hint(
                    "'bt2c-dr list-backups' shows the backups; 'bt2c-dr restore --backup latest' takes the "
                    "newest");
        const base::Stopwatch watch;
        const config::Home target = target_ ? config::locate_home(*target_) : context.home_unchecked();
        const bool beside = target_ && !same_folder(target.root, context.home_unchecked().root);
        if (!beside && keeps(context))
            throw not_in_keeper("restore").hint(
                "restore beside it: bt2c-dr restore --target DIR with the same options; if a node is to be "
                "here from now on, take 'keeper' out of dr.toml first");
        if (!target_)
            require_place(target);
        else if (const std::string why = unfit_target(context, target.root); !why.empty())
            throw Error(ErrorKind::usage, base::format("cannot restore into {}: {}",
                                                       base::printable(target.root.native()), why))
                .state("nothing was changed")
                .hint("name a folder of its own, such as --target /srv/restored");
        try {
            Result result = bring_back(context, watch, target, beside);
            add_unasked(context, backup_, result);
            return result;
        } catch (Error& error) {
            // An exported file is no repository that can be checked.
            if (file_ && error.hint().find("'bt2c-dr repository check") != std::string::npos)
                error.hint("take another copy of the file, or export the backup again with 'bt2c-dr export'");
            if (opened_) tell_lost(context, error);
            throw;
        }
    }

    /// Of a location that broke down it is not known whether its copy is sound.
    static void tell_lost(Context& context, Error& error) {
        const bool may_be_of_reading = error.kind() == ErrorKind::failed && error.system_code() == 0;
        const auto lost = may_be_of_reading ? context.locations().lost() : std::nullopt;
        if (!lost) return;
        error.cause(base::format("{}{}{}: {}", error.cause(), error.cause().empty() ? "" : "; ",
                                 lost->message(), base::printable(lost->cause())));
        error.hint(
            "run the same command again when the location answers ('bt2c-dr location status'): its "
            "copies may be sound" +
            (error.hint().empty() ? "" : "; else: " + error.hint()));
    }

    Result bring_back(Context& context, const base::Stopwatch& watch, const config::Home& target,
                      bool beside) {
        const OpenedSource opened = open_source(context);
        opened_ = opened.repository != nullptr && !file_;
        // Into another home than one's own it is what was asked for.
        if (opened.manifest && !target_) tell_other_maker(context, target, *opened.manifest);
        restore::RestoreRequest request;
        if (!only_.empty()) {
            const auto wanted = [&](const char* part) {
                return std::find(only_.begin(), only_.end(), part) != only_.end();
            };
            request.database = wanted("database");
            request.config = wanted("config");
            request.keys = wanted("keys");
        }
        request.force = force_;
        request.keep_settings = !beside;
        if (dry_run_) {
            if (opened.repository && opened.manifest) require_packs(*opened.repository, *opened.manifest);
            return describe(opened, restore::plan_restore(opened.source, target, request));
        }
        const restore::RestoreHooks hooks{
            prove_chain, [&] { return keep_present_state(context, opened.safety.get(), target); }};
        const restore::RestoreResult result =
            restore::restore(opened.source, target, request, hooks, context.progress());
        if (opened.repository) context.locations().tell_faults();
        if (result.signing_locked)
            network::append_audit(target,
                                  {.event = network::AuditEvent::signing_locked,
                                   .actor = local_authority(),
                                   .detail = opened.source.name + " was restored"},
                                  base::now_unix_ms());
        if (opened.manifest && opened.safety == opened.repository && result.verified && result.database())
            record_proof(context, *opened.repository, opened.manifest->id);
        const double seconds = watch.seconds();
        Result shown = done(context, opened, target, result, seconds, rotations_to_apply(target, request),
                            refusal(context, opened, result));
        if (opened.repository) shown.document.set("faults", context.locations().faults());
        return shown;
    }

    /// Whether all that would be read is there; whether it is sound only reading tells.
    static void require_packs(const repository::Repository& from, const repository::Manifest& backup) {
        std::size_t missing = 0;
        base::ordered_parallel(
            base::worker_count(), backup.packs.size(),
            [&](std::uint64_t i) {
                const repository::PackInfo& pack = backup.packs[i];
                return repository::any_copy_has(
                    from.location(), object_name(repository::ObjectType::pack, pack.id), pack.bytes);
            },
            [&](std::uint64_t, bool there) { missing += there ? 0 : 1; });
        if (missing == 0) return;
        throw Error(ErrorKind::failed,
                    base::format("cannot restore backup {}: {} of its {} packs are missing",
                                 backup.id.brief(), missing, backup.packs.size()))
            .state("nothing was changed")
            .hint("take another one: 'bt2c-dr list-backups'; 'bt2c-dr repository check' tells what is gone");
    }

    static bool keeps(Context& context) try { return is_keeper(context); } catch (Error& error) {
        if (error.state().empty()) error.state("nothing was changed");
        throw;
    }

    OpenedSource open_source(Context& context) const {
        try {
            return file_ ? open_file_source(context, *file_) : open_backup_source(context, backup_);
        } catch (Error& error) {
            if (error.state().empty()) error.state("nothing was changed");
            throw;
        }
    }

    /// A home that does not exist yet is made by a restore, but not below a folder that is not there.
    static void require_place(const config::Home& home) {
        if (!fs::exists(home.root.parent_path()))
            throw Error(ErrorKind::failed,
                        base::format("cannot restore into {}: its parent folder does not exist",
                                     base::printable(home.root.native())))
                .hint("is the disk mounted? Otherwise make the folder first");
    }

    /// Rotations that a restore of an older state has undone: the keys that were given up would be in force
    /// again.
    static std::vector<std::string> rotations_to_apply(const config::Home& home,
                                                       const restore::RestoreRequest& request) {
        std::vector<std::string> files;
        if (!request.database || !fs::exists(home.database())) return files;
        try {
            auto database =
                chaindb::sqlite::Connection::open_image(chaindb::sqlite::image_of_file(home.database()));
            for (const keys::StoredRotation& rotation :
                 unapplied_rotations(home, chaindb::read_rotations(database)))
                files.push_back(base::printable(rotation.file.native()));
        } catch (const Error& error) {
            if (error.kind() == ErrorKind::interrupted) throw;  // what cannot be read was told of already
        }
        return files;
    }

    /// Why backups from here are refused by now; empty: they are not.
    std::string refusal(Context& context, const OpenedSource& opened,
                        const restore::RestoreResult& result) const {
        if (target_) return "";
        try {
            // Settings that came with the backup say where backups go, and what this node is called.
            GlobalOptions globals = context.globals();
            globals.config.reset();
            std::optional<Context> anew;
            if (result.settings_placed) anew.emplace(globals, context.console());
            Context& now = anew ? *anew : context;
            if (file_) {
                // Servers of settings that are in use only now may be as lost as the machine was.
                const auto is_folder = [](const config::LocationSettings& one) {
                    return one.kind == config::LocationKind::folder;
                };
                if (anew && !std::ranges::all_of(now.settings().locations, is_folder)) return "";
                return why_refused(now);
            }
            const repository::Manifest newest =
                backup_ == "latest" ? *opened.manifest : opened.repository->latest().manifest;
            return why_refused(now, &newest);
        } catch (const Error&) {
            return "";  // the next backup tells; what is restored is told, whatever comes behind it
        }
    }

    /// The proof is worth a record; a repository that cannot be written does not undo the restore.
    static void record_proof(Context& context, const repository::Repository& repository,
                             const repository::ObjectId& id) {
        try {
            repository.record_proof(id, "restored, image and chain proved");
            context.locations().settle();
        } catch (const Error& error) {
            context.progress().note("the proof of this restore could not be recorded: " + error.message());
        }
    }

    Result describe(const OpenedSource& opened, const restore::RestorePlan& plan) const {
        Json steps = Json::array();
        for (const std::string& step : plan.steps) steps.push(step);
        Json parts = Json::array();
        for (const std::string& part : plan.parts) parts.push(part);
        Json document = Json::object({{"backup", backup_name(opened)}});
        set_chain_fields(document, opened.source.networks);
        document.set("dry_run", true);
        document.set("restored", Json::array());
        document.set("would_restore", std::move(parts));
        document.set("safety_backup", nullptr);
        document.set("verified", false);
        document.set("steps", std::move(steps));
        document.set("bytes_needed", plan.bytes_needed);
        document.set("bytes_free", plan.bytes_free);
        document.set("duration_seconds", plan.expected_seconds);
        return {.document = std::move(document), .print = [plan, opened](Output& out) {
                    out.line("Restoring {} ({}) would:", opened.source.name,
                             chain_text(opened.source.networks));
                    for (const std::string& step : plan.steps) out.line("  - {}", step);
                    out.line("It needs {} of space ({} are free) and about {}. Nothing was changed.",
                             base::human_size(plan.bytes_needed), base::human_size(plan.bytes_free),
                             base::human_duration(plan.expected_seconds));
                }};
    }

    static Json backup_name(const OpenedSource& opened) {
        return opened.manifest ? Json(opened.manifest->id.hex()) : Json(opened.source.name);
    }

    static Cell proved(const restore::RestoreResult& result) {
        if (result.verified)
            return {result.database() ? "yes: image and chain" : "yes: the files' contents", Style::green};
        return {result.problem.empty() ? "no: it is as it was kept"
                                       : "no: the chain has problems: " + result.problem,
                Style::yellow};
    }

    /// This program, for what is to be done in the restored home; which has settings of its own where they
    /// came with the backup, whatever --config named for the restore.
    std::string program_for(const Context& context, const config::Home& target, bool settings_placed) const {
        if (!target_ && !(context.globals().config && settings_placed)) return "bt2c-dr";
        const std::string& network = context.globals().network;
        return "bt2c-dr --home " + shell_word(target.root.native()) +
               (network.empty() ? "" : " --network " + shell_word(network));
    }

    Result done(const Context& context, const OpenedSource& opened, const config::Home& target,
                const restore::RestoreResult& result, double seconds,
                const std::vector<std::string>& rotations, const std::string& refused) const {
        Json parts = Json::array();
        for (const std::string& part : result.parts) parts.push(part);
        Json kept = Json::array();
        for (const std::string& file : result.kept) kept.push(file);
        Json document = Json::object({{"backup", backup_name(opened)}});
        set_chain_fields(document, result.networks);
        document.set("safety_backup", result.safety_backup.empty() ? Json() : Json(result.safety_backup));
        document.set("restored", std::move(parts));
        document.set("kept", std::move(kept));
        document.set("settings_beside",
                     result.settings_beside.empty() ? Json() : Json(base::printable(result.settings_beside)));
        document.set("takeover_needed", !refused.empty());
        document.set("verified", result.verified);
        document.set("problem", result.problem.empty() ? Json() : Json(result.problem));
        document.set("duration_seconds", seconds);
        document.set("signing_locked", result.signing_locked);
        Json undone = Json::array();
        for (const std::string& file : rotations) undone.push(file);
        document.set("rotations_to_apply", std::move(undone));
        return {
            .document = std::move(document),
            .print = [result, rotations, refused, name = opened.source.name, target, seconds,
                      elsewhere = target_.has_value(),
                      program = program_for(context, target, result.settings_placed)](Output& out) {
                std::string restored;
                for (const std::string& part : result.parts)
                    restored += (restored.empty() ? "" : ", ") + part;
                out.line("{} is restored into {}.", name, base::printable(target.root.native()));
                std::vector<std::pair<std::string, Cell>> fields{{"restored", restored}};
                if (result.database()) fields.push_back({"chain", chain_text(result.networks)});
                fields.push_back({"proved", proved(result)});
                fields.push_back({"time", base::human_duration(seconds)});
                out.fields(fields);
                for (const std::string& file : result.kept) out.line("  left as it is: {}", file);
                if (!result.settings_beside.empty())
                    out.line(
                        "Take over from the backup's settings what this home is to have of them: diff {} {}",
                        shell_word(target.settings_file().native()), shell_word(result.settings_beside));
                if (!result.safety_backup.empty())
                    out.line("{}", way_back(result.safety_backup, elsewhere ? &target : nullptr));
                for (const std::string& file : rotations)
                    out.line(
                        "warning: this state is of before a key was rotated; before the node runs: {} keys "
                        "rotate --apply {}",
                        program, file);
                if (result.signing_locked)
                    out.line(
                        "Signing is locked: another host may still run with these keys. When it is known to "
                        "be dead: {} network unlock-signing",
                        program);
                if (!refused.empty())
                    out.line(
                        "Backups from here are refused: {}. When it is known to be dead this home takes its "
                        "place by: {} backup --type full --takeover",
                        refused, program);
            }};
    }

    std::string backup_;
    std::optional<fs::path> file_, target_;
    std::vector<std::string> only_;
    bool dry_run_ = false;
    bool force_ = false;
    bool opened_ = false;  ///< a backup in the locations
};

}  // namespace

std::unique_ptr<Command> restore_command() {
    return std::make_unique<RestoreCommand>();
}

}  // namespace bt2c::cli
