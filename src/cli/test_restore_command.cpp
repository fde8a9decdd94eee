#include <algorithm>

#include "base/time.hpp"
#include "cli/backup_document.hpp"
#include "cli/commands.hpp"
#include "cli/latest_backup.hpp"
#include "cli/locations.hpp"
#include "cli/proof_scratch.hpp"
#include "cli/repository_access.hpp"
#include "cli/restore_proof.hpp"
#include "cli/unfit_target.hpp"
#include "config/job_record.hpp"
#include "platform/process.hpp"

namespace bt2c::cli {
namespace {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorKind;
using base::Json;
using repository::Manifest;
using Status = ProofCheck::Status;

constexpr std::string_view job_name = "restore-test";

std::string_view status_name(Status status) {
    return status == Status::pass ? "pass" : status == Status::fail ? "fail" : "skipped";
}

class TestRestoreCommand final : public Command {
    About about() const override {
        return {
            .name = "test-restore",
            .summary = "prove that a backup can be restored, by restoring it into a scratch folder",
            .description =
                "Restores the backup into a new folder, which is removed again whatever happens (after a "
                "kill by the next job or test), and looks at what was written, as it lies on the disk: the "
                "database's image, every check of "
                "verify-integrity, that the chain ends with the block that the backup names, each file's "
                "contents, the wallet files as far as can be seen without their passwords, and the settings. "
                "The node and its home are not touched.\n\n"
                "Without ID it takes the newest backup that was not proved within schedule.proof_days (7), "
                "else the newest. A proof, or that it failed, is recorded in the repository ('list-backups' "
                "shows it, and "
                "'prune' keeps no backup in place of one that restores), and how "
                "the test ended in HOME/backups/jobs/restore-test.json. The time it took is about the time "
                "that a restore takes on this machine.\n\n"
                "Exit status 6 says that it restores, and that the repository took no record of that; or "
                "that 'latest' was named, and the one that was made last from here is away.",
            .examples = {{"bt2c-dr test-restore", "prove the newest backup"},
                         {"bt2c-dr test-restore 40dc1520 --scratch /mnt/big", "this one, there"}},
            .exits = {ErrorKind::failed, ErrorKind::findings, ErrorKind::wrong_secret, ErrorKind::partial,
                      ErrorKind::no_repository},
            .if_it_fails = "the backup and the node's data are as they were"};
    }

    void declare(Options& options) override {
        options.argument(id_, "ID", "the backup: an id, the beginning of one, or 'latest'");
        options.value(scratch_, "--scratch", "DIR",
                      "make the scratch folder in this one, which must be there and is none of the node's "
                      "own, nor a location's");
    }

    Result run(Context& context) override {
        const base::UnixMs started = base::now_unix_ms();
        const std::vector<fs::path> places =
            scratch_ ? std::vector{fs::absolute(*scratch_)} : scratch_places(context);
        if (scratch_ || !context.settings().schedule.scratch.empty()) require_fit(context, places.front());
        remove_stale_proofs(context);
        bool looking = false;
        try {
            const auto repository = open_repository(context).at(context.locations().watched());
            looking = true;
            const auto [manifest, damaged, missed] = find(context, repository);
            looking = false;
            const fs::path where = place_for_proof(repository, manifest, places);
            const RestoreProof proof = prove_restore(context, repository, manifest, where);
            if (!proof.ok()) require_reached(context, repository, manifest);
            require_able(manifest, proof);
            const bool recorded = proof.ok() ? record_proof(context, repository, manifest, proof)
                                             : record_failure(context, repository, manifest, proof);
            context.locations().settle();
            context.locations().tell_faults();
            Result shown = result(manifest, proof, where, damaged);
            shown.document.set("faults", context.locations().faults());
            tell_missed(context, missed, shown);
            if (proof.ok() && (!recorded || !missed.empty())) shown.outcome = ErrorKind::partial;
            if (!std::ranges::all_of(damaged, &repository::DamagedBackup::unread))
                shown.outcome = ErrorKind::findings;
            else if (!damaged.empty() && !shown.outcome)
                shown.outcome = ErrorKind::partial;
            record_run(context, started, shown.outcome ? base::exit_status(*shown.outcome) : 0,
                       message(manifest, proof) + (recorded ? "" : "; the repository has no record of it") +
                           (missed.empty() ? "" : "; " + missed) + damaged_text(damaged));
            return shown;
        } catch (const Error& error) {
            // Where no backup was found none was tested, and what the last test found stands.
            if (!looking || error.kind() == ErrorKind::findings)
                record_run(context, started, base::exit_status(error.kind()), error.in_full());
            throw;
        }
    }

    /// After a kill secrets lie there until the next job: among the node's own files a backup would take them
    /// for those, and what is in a location may be anybody's to read.
    static void require_fit(const Context& context, const fs::path& place) {
        const std::string why = unfit_target(context, place);
        if (why.empty()) return;
        throw Error(ErrorKind::usage,
                    base::format("cannot test a restore in {}: {}", base::printable(place.native()), why))
            .cause("what is restored lies there in plain text for as long")
            .state("nothing was tested")
            .hint("name another folder with --scratch, or for good with schedule.scratch in dr.toml");
    }

    /// What a network that fails keeps back is no damage of the backup, nor is a disk that was unmounted.
    static void require_reached(Context& context, const repository::Repository& repository,
                                const Manifest& manifest) {
        if (const auto lost = context.locations().lost())
            throw Error(ErrorKind::failed,
                        base::format("cannot test backup {}: {}", manifest.id.brief(), lost->message()))
                .cause(base::printable(lost->cause()))
                .state("whether the backup restores is not known")
                .hint("test it again when the location answers; 'bt2c-dr location status' tells");
        if (repository::Repository::exists(repository.location())) return;
        throw Error(ErrorKind::failed, base::format("cannot test backup {}: the repository is gone meanwhile",
                                                    manifest.id.brief()))
            .cause(base::printable(repository.location().describe()))
            .state("whether the backup restores is not known")
            .hint("was its disk unmounted? Mount it, then test the backup again");
    }

    /// What a full disk, or a limit of this machine, keeps from being written is no damage of the backup
    /// either.
    static void require_able(const Manifest& manifest, const RestoreProof& proof) {
        const ProofCheck* const failure = proof.failure();
        if (!failure || !failure->is_of_machine) return;
        throw Error(ErrorKind::failed, base::format("cannot test backup {}", manifest.id.brief()))
            .cause(base::printable(failure->detail))
            .state("whether the backup restores is not known")
            .hint("make room, or name another place with --scratch, then test it again");
    }

    struct Found {
        Manifest manifest;
        std::vector<repository::DamagedBackup>
            damaged;              ///< or unread, that may be newer; where none was named
        std::string missed = {};  ///< that the one made last from here is away; where 'latest' was named
    };

    Found find(Context& context, const repository::Repository& repository) const {
        repository::BackupList list = repository.list();
        const bool named = !id_.empty() && id_ != "latest";
        const auto damaged = std::ranges::find_if(list.damaged, [&](const auto& backup) {
            return named ? id_.size() >= 4 && backup.id.starts_with(id_) : list.backups.empty();
        });
        if (damaged != list.damaged.end()) {
            if (const auto lost = context.locations().lost()) throw Error(*lost);
            if (damaged->unread)
                throw Error(ErrorKind::failed,
                            base::format("cannot test backup {}: its manifest cannot be read",
                                         base::printable(damaged->id.substr(0, 8))))
                    .cause(base::printable(damaged->reason))
                    .state("whether the backup restores is not known")
                    .hint("'bt2c-dr location status' tells which location cannot be read");
            throw Error(ErrorKind::findings,
                        base::format("backup {} does not restore", base::printable(damaged->id.substr(0, 8))))
                .cause(base::printable(damaged->reason))
                .state("nothing was tested")
                .hint(base::format("{}make a full backup now: bt2c-dr backup --type full",
                                   context.locations().all().size() > 1
                                       ? "'bt2c-dr repository check --repair' brings it back where another "
                                         "location has it; else "
                                       : ""));
        }
        if (named) return {find_backup(context, repository, id_, "bt2c-dr test-restore"), {}};
        if (context.locations().lost()) list.damaged.clear();  // what was away is not damaged
        if (id_ == "latest") {
            Manifest newest = newest_readable(context, repository);
            std::string missed = missed_newest(context, repository, newest);
            return {std::move(newest), std::move(list.damaged), std::move(missed)};
        }
        Manifest chosen = choose(context, repository, list.backups);
        return {std::move(chosen), std::move(list.damaged)};
    }

    /// Another one is tested all the same: what is there is to restore, too.
    static std::string missed_newest(Context& context, const repository::Repository& repository,
                                     const Manifest& newest) try {
        require_newest(context, repository, newest, "bt2c-dr test-restore");
        return "";
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::findings) throw;
        const std::size_t reason = error.message().find(": ");
        return "it is not the latest" + error.message().substr(reason);
    }

    void tell_missed(Context& context, const std::string& missed, Result& shown) const {
        shown.document.set("missed", missed.empty() ? Json() : Json(missed));
        if (!missed.empty())
            shown.print = [print = std::move(shown.print), missed](Output& out) {
                print(out);
                out.line("{} {}", out.styled(Style::yellow, "warning:"), missed);
            };
        add_unasked(context, id_, shown);
    }

    static std::string damaged_text(const std::vector<repository::DamagedBackup>& damaged) {
        std::string text;
        for (const auto& backup : damaged)
            text += base::format("; backup {} cannot be read, and may be newer",
                                 base::printable(backup.id.substr(0, 8)));
        return text;
    }

    static Manifest choose(Context& context, const repository::Repository& repository,
                           std::vector<Manifest>& backups) {
        constexpr base::UnixMs day_ms = 86'400'000;
        const auto proofs = repository.proofs();
        const base::UnixMs now = base::now_unix_ms();
        const base::UnixMs oldest = now - context.settings().schedule.proof_days * day_ms;
        for (Manifest& manifest : backups) {
            if (manifest.type == repository::BackupType::safety) continue;
            const auto proof = proofs.find(manifest.id.hex());
            // A proof from the future, of a clock that was put right since, says nothing of its age.
            const auto at = proof == proofs.end() ? std::nullopt : proof->second.proved_at;
            if (!at || *at < oldest || *at > now + day_ms) return std::move(manifest);
        }
        return newest_readable(context, repository);
    }

    /// Of those that cannot be read the result tells.
    static Manifest newest_readable(Context& context, const repository::Repository& repository) {
        repository::LatestBackup latest = repository.latest();
        tell_doubt(context, latest.manifest, latest.doubt ? &*latest.doubt : nullptr);
        return std::move(latest.manifest);
    }

    static std::string message(const Manifest& manifest, const RestoreProof& proof) {
        if (proof.ok())
            return base::format("backup {} was restored and proved in {}", manifest.id.brief(),
                                base::human_duration(proof.duration_seconds));
        return base::format("backup {} does not restore: {}: {}", manifest.id.brief(), proof.failure()->name,
                            proof.failure()->detail);
    }

    /// The proof is worth a record; a repository that cannot be written does not undo it.
    static bool record_proof(Context& context, const repository::Repository& repository,
                             const Manifest& manifest, const RestoreProof& proof) {
        Json checks = Json::array();
        for (const ProofCheck& check : proof.checks)
            if (check.status == Status::pass) checks.push(check.name);
        const Json details = Json::object({{"host", platform::host_name()},
                                           {"duration_seconds", proof.duration_seconds},
                                           {"restore_seconds", proof.restore_seconds},
                                           {"checks", std::move(checks)}});
        try {
            repository.record_proof(manifest.id, "restored into a scratch folder; all of it proved there",
                                    details);
            return true;
        } catch (const Error& error) {
            if (error.kind() == ErrorKind::interrupted) throw;
            context.progress().note("the proof could not be recorded: " + error.message());
            return false;
        }
    }

    static bool record_failure(Context& context, const repository::Repository& repository,
                               const Manifest& manifest, const RestoreProof& proof) {
        try {
            repository.record_failure(manifest.id, message(manifest, proof));
            return true;
        } catch (const Error& error) {
            if (error.kind() == ErrorKind::interrupted) throw;
            context.progress().note("the failed test could not be recorded in the repository: " +
                                    error.message());
            return false;
        }
    }

    /// Monitors look at it. The job that may have started this writes the same at its end.
    static void record_run(Context& context, base::UnixMs started, int status, const std::string& message) {
        try {
            config::JobRecord record;
            try {
                record = config::load_job_record(context.home(), job_name).value_or(config::JobRecord());
            } catch (const Error&) {
                // A damaged one is written anew.
            }
            record.name = job_name;
            record.last_started = started;
            record.end(base::now_unix_ms(), status, message);
            record.duration_seconds = static_cast<double>(*record.last_finished - started) / 1000;
            if (*record.duration_seconds < 0) record.duration_seconds.reset();  // the clock was put back
            config::store_job_record(context.home(), record);
        } catch (const Error& error) {
            context.progress().note("the test could not be recorded: " + error.message());
        }
    }

    static Result result(const Manifest& manifest, const RestoreProof& proof, const fs::path& where,
                         const std::vector<repository::DamagedBackup>& damaged) {
        Json checks = Json::array();
        for (const ProofCheck& check : proof.checks)
            checks.push(Json::object({{"name", check.name},
                                      {"status", status_name(check.status)},
                                      {"count", check.count},
                                      {"detail", check.detail}}));
        Json document = Json::object({{"backup", manifest.id.hex()}, {"verified", proof.ok()}});
        set_chain_fields(document, manifest.networks);
        document.set("checks", std::move(checks));
        document.set("restore_seconds", proof.restore_seconds);
        document.set("duration_seconds", proof.duration_seconds);
        document.set("scratch", where.native());
        Json lost = Json::array(), unread = Json::array();
        for (const auto& backup : damaged) (backup.unread ? unread : lost).push(backup.id);
        document.set("damaged", std::move(lost));
        document.set("unread", std::move(unread));
        Result result{.document = std::move(document), .print = [manifest, proof, damaged](Output& out) {
                          print(out, manifest, proof);
                          for (const auto& backup : damaged)
                              out.line(
                                  "{} backup {}, which may be newer, cannot be read ({}): see 'bt2c-dr {}'",
                                  backup.unread ? out.styled(Style::yellow, "unread:")
                                                : out.styled(Style::red, "damaged:"),
                                  base::printable(backup.id.substr(0, 8)), base::printable(backup.reason),
                                  backup.unread && !backup.disk ? "location status" : "repository check");
                      }};
        if (!proof.ok()) result.outcome = ErrorKind::findings;
        return result;
    }

    static void print(Output& out, const Manifest& manifest, const RestoreProof& proof) {
        Table table({{"CHECK"}, {"RESULT"}, {"", Column::Align::left, true}});
        for (const ProofCheck& check : proof.checks) {
            const Style style = check.status == Status::pass   ? Style::green
                                : check.status == Status::fail ? Style::red
                                                               : Style::yellow;
            table.row({check.name, Cell(std::string(status_name(check.status)), style),
                       base::printable(check.detail)});
        }
        out.table(table);
        if (proof.ok())
            out.line("\n{}: backup {} ({}). The restore took {}, with all checks {}.",
                     out.styled(Style::green, "It restores"), manifest.id.brief(),
                     chain_text(manifest.networks), base::human_duration(proof.restore_seconds),
                     base::human_duration(proof.duration_seconds));
        else if (proof.failure()->is_of_node)
            out.line(
                "\n{}: backup {}. It holds what the node had, and that was not sound: 'bt2c-dr doctor' and "
                "'bt2c-dr verify-integrity' tell whether the node is still so; mend that, then make a full "
                "backup.",
                out.styled(Style::red, "It does not restore"), manifest.id.brief());
        else
            out.line(
                "\n{}: backup {}. Make a full backup now, and see 'bt2c-dr repository check --read-data'.",
                out.styled(Style::red, "It does not restore"), manifest.id.brief());
    }

    std::string id_;
    std::optional<fs::path> scratch_;
};

}  // namespace

std::unique_ptr<Command> test_restore_command() {
    return std::make_unique<TestRestoreCommand>();
}

}  // namespace bt2c::cli
