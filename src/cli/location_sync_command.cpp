#include <algorithm>

#include "cli/commands.hpp"
#include "cli/location_report.hpp"
#include "cli/repository_access.hpp"

namespace bt2c::cli {
namespace {

using base::Error;
using base::ErrorKind;
using base::Json;

/// What was copied into one location.
struct Synced {
    std::string name, status, error;
    std::string mend;  ///< a command; empty where there is none, or the error names it
    repository::SyncReport report;
};

class LocationSyncCommand final : public Command {
    About about() const override {
        return {
            .name = "location sync",
            .summary = "bring locations up to date from the others",
            .description =
                "Copies to each location what it lacks and another one has: backups that it missed while "
                "it was away or too slow, proofs, and keys. Every copy is checked before it is stored, "
                "nothing is replaced or removed, and a backup appears there only when all of it is there. "
                "Interrupted, the next call goes on where this one was.\n\n"
                "At the end each location is judged as 'location status' does: exit status 6 says that one "
                "of them still lacks something, with the command that mends it.\n\n"
                "A location that is empty though it held the repository is left out, since its disk may "
                "not be mounted; named here, it is filled again.",
            .examples = {{"bt2c-dr location sync", "bring all up to date"},
                         {"bt2c-dr location sync usb", "only this one, even when it is empty"}},
            .exits = {ErrorKind::failed, ErrorKind::wrong_secret, ErrorKind::partial,
                      ErrorKind::no_repository},
            .if_it_fails = "what arrived stays; the same command goes on from there"};
    }

    void declare(Options& options) override {
        options.argument(names_, "NAME", "the locations, separated by commas; all when left out");
    }

    Result run(Context& context) override {
        std::vector<std::string> wanted;
        for (std::size_t at = 0; at < names_.size();) {
            const std::size_t end = std::min(names_.find(',', at), names_.size());
            wanted.push_back(names_.substr(at, end - at));
            at = end + 1;
        }
        Locations& locations = context.locations(wanted);
        for (const std::string& name : wanted)
            if (std::ranges::find(locations.all(), name, &Locations::One::name) == locations.all().end())
                throw Error(ErrorKind::usage,
                            base::format("there is no location '{}'", base::printable(name)))
                    .hint("'bt2c-dr location status' shows those of config/dr.toml");
        locations.require_found();
        const repository::Repository repository = open_for_backup(context, repository_location(context));
        const auto all = std::make_shared<std::vector<Synced>>();
        for (const Locations::One& one : locations.all())
            if (wanted.empty() || std::ranges::find(wanted, one.name) != wanted.end())
                all->push_back(sync(context, repository, locations, one, !wanted.empty()));
        judge(locations, repository, *all);
        locations.tell_faults();
        Json list = Json::array();
        bool whole = true;
        for (const Synced& synced : *all) {
            whole = whole && synced.status == "ok";
            Json backups = Json::array();
            for (const std::string& id : synced.report.backups) backups.push(id);
            list.push(Json::object({{"name", synced.name},
                                    {"status", synced.status},
                                    {"error", synced.error.empty() ? Json() : Json(synced.error)},
                                    {"mend", synced.mend.empty() ? Json() : Json(synced.mend)},
                                    {"backups", std::move(backups)},
                                    {"objects", synced.report.objects},
                                    {"bytes", synced.report.bytes}}));
        }
        Result result{.document = Json::object({{"ok", whole}, {"locations", std::move(list)}}),
                      .print = [all](Output& out) { print(out, *all); }};
        if (!whole) result.outcome = ErrorKind::partial;
        return result;
    }

    static Synced sync(Context& context, const repository::Repository& repository, Locations& locations,
                       const Locations::One& one, bool is_named) {
        Synced synced{one.name, "ok", "", "", {}};
        if (!one.problem.empty()) {
            synced.status = "failed";
            synced.error = one.problem;
            return synced;
        }
        try {
            locations.require_own_place(one);
            repository::SyncOptions options = locations.sync_options(one);
            options.bring_opened = is_named;  // jobs name none
            synced.report = repository::sync_location(repository, *one.location, options, context.progress());
            for (const repository::NotCopied& left : synced.report.left) {
                synced.status = "behind";
                synced.error = base::printable(base::format("{}: {}", left.object, left.why));
                context.progress().note(base::format("location '{}' still lacks {}", one.name, synced.error));
            }
            locations.remember(one, repository);
        } catch (const Error& error) {
            if (error.kind() == ErrorKind::interrupted) throw;
            synced.status = "failed";
            synced.error = base::printable(storage::fan_out::reason_of(error));
        }
        return synced;
    }

    /// What they lack though all was copied that could be.
    static void judge(const Locations& locations, const repository::Repository& repository,
                      std::vector<Synced>& all) {
        repository::BackupList backups;
        const bool reads = repository.keys().can_read();
        if (reads) backups = repository.list(repository::Repository::Unread::pass_over);
        const LocationReport report = look_at_locations(
            locations,
            {.backups = reads ? &backups.backups : nullptr, .reader = reads ? &repository : nullptr});
        for (Synced& synced : all) {
            const auto status = std::ranges::find(report.all, synced.name, &LocationStatus::name);
            if (synced.status == "failed" || status == report.all.end()) continue;
            if (synced.status == "ok" && status->state != "healthy") {
                synced.status = status->state == "away" ? "failed" : "behind";
                synced.error = status->error;
            }
            if (synced.status == "behind") synced.mend = mend_of(*status, report.all.size() > 1, true);
        }
    }

    static void print(Output& out, const std::vector<Synced>& all) {
        for (const Synced& synced : all) {
            const repository::SyncReport& report = synced.report;
            const std::string copied =
                report.objects == 0
                    ? "it had everything"
                    : base::format("{} backups, {} objects and {} were copied", report.backups.size(),
                                   report.objects, base::human_size(report.bytes));
            if (synced.status == "ok")
                out.line("{} {}: {}.", out.styled(Style::green, "up to date"), synced.name, copied);
            else
                out.line("{} {}: {}{}", out.styled(Style::red, synced.status), synced.name, synced.error,
                         synced.mend.empty() ? "" : ": " + synced.mend);
        }
    }

    std::string names_;
};

}  // namespace

std::unique_ptr<Command> location_sync_command() {
    return std::make_unique<LocationSyncCommand>();
}

}  // namespace bt2c::cli
