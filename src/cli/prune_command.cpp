#include <algorithm>

#include "cli/backup_document.hpp"
#include "cli/commands.hpp"
#include "cli/locations.hpp"
#include "cli/repository_access.hpp"
#include "cli/secret_prompt.hpp"
#include "cli/upgrade_record.hpp"
#include "repository/prune.hpp"

namespace bt2c::cli {
namespace {

using base::Error;
using base::ErrorKind;
using base::human_size;
using base::Json;
using repository::PlacePruned;
using repository::PlannedBackup;
using repository::PrunePlan;
using repository::PruneReport;

std::string reasons_text(const repository::Verdict& verdict) {
    std::string text;
    for (const repository::Reason& reason : verdict.reasons) text += (text.empty() ? "" : "; ") + reason.text;
    return base::printable(text);
}

std::string_view status_name(PlacePruned::Status status) {
    switch (status) {
        case PlacePruned::Status::ok: return "ok";
        case PlacePruned::Status::failed: return "failed";
        case PlacePruned::Status::refused: return "refused";
    }
    BT2C_ASSERT(false);
}

class PruneCommand final : public Command {
    About about() const override {
        return {
            .name = "prune",
            .summary = "remove old backups by the rules, and tell why each one stays or goes",
            .description =
                "Keeps every backup of the last 7 days, one of each day for 30 days, of each week for 13 "
                "weeks "
                "and of each month for 12 months (table [retention] in dr.toml), and always the newest, the "
                "one "
                "that was proved last, pinned ones, and what these are made against.\n\n"
                "A backup that goes is retired first: it is listed no more. Its bytes are removed by a prune "
                "that comes a day or more later, when nothing that is kept needs them; so are bytes that "
                "killed backups left. Backups may be made meanwhile, and killing it does no harm.\n\n"
                "Where more than half of all backups would go it asks, or wants --allow-most. It ends with 3 "
                "when a mark of another version or a damaged backup keeps it from removing anything until "
                "somebody looks. --damaged lets such backups go, with the incremental ones made against "
                "them, "
                "pinned or not; while a location is away or left out, which may have a sound copy, none of "
                "them goes, and it ends with 3. A backup that cannot be read is not damaged as far as is "
                "known: it stays in any case, no bytes are removed, and it ends with 6."
                "\n\nThe backup that 'upgrade-check before' made is kept for 30 days.",
            .examples = {{"bt2c-dr prune --dry-run", "what would go, and why"},
                         {"bt2c-dr prune", "do it"},
                         {"bt2c-dr pin 40dc1520 --reason 'before the fork'",
                          "keep one whatever the rules say"}},
            .exits = {ErrorKind::failed, ErrorKind::findings, ErrorKind::wrong_secret, ErrorKind::partial,
                      ErrorKind::no_repository},
            .if_it_fails = "no backup that the rules keep was touched; the same command goes on from there"};
    }

    void declare(Options& options) override {
        options.flag(dry_run_, "--dry-run", "only tell what would be done");
        options.flag(allow_most_, "--allow-most", "although more than half of all backups go");
        options.flag(
            wait_at_gaps_, "--wait-at-gaps",
            "behind more than 32 days without a backup, retire as if nothing had followed, for a week");
        options.flag(damaged_, "--damaged",
                     "backups whose manifest, or whose full backup's, is damaged or missing in all "
                     "locations go too");
    }

    Result run(Context& context) override {
        const config::RetentionSettings& settings = context.settings().retention;
        repository::PruneRequest request;
        request.rules = {settings.recent_days,    settings.daily_days,  settings.weekly_weeks,
                         settings.monthly_months, settings.safety_days, wait_at_gaps_};
        request.damaged = damaged_;
        request.keep = kept_for_upgrade(context);
        const repository::Repository repository = open_repository(context);
        const Locations& locations = context.locations();
        std::vector<repository::PrunePlace> places;
        for (const Locations::One& one : locations.all()) {
            if (one.problem.empty()) {
                places.push_back({one.name, one.location, one.uploads});
            } else {
                // What is there twice is pruned as the other one.
                if (!one.is_double) request.away.push_back({one.name, one.location, one.uploads});
                away_.push_back(
                    {.name = one.name, .status = PlacePruned::Status::failed, .error = one.problem});
            }
        }
        request.dry_run = dry_run_;
        request.agree = [&](const PrunePlan& plan) { agree(context, plan); };
        PruneReport report = repository::prune(repository, places, request, context.progress());
        report.places.insert(report.places.end(), away_.begin(), away_.end());
        locations.tell_faults();
        const auto shown = std::make_shared<const PruneReport>(std::move(report));
        Result result{.document = document(*shown),
                      .print = [this, shown, dry = dry_run_](Output& out) { print(out, *shown, dry); }};
        if (shown->held_for_good)
            result.outcome = ErrorKind::findings;
        else if (shown->unread || std::ranges::any_of(shown->places, [](const auto& place) {
                     return place.status != PlacePruned::Status::ok;
                 }))
            result.outcome = ErrorKind::partial;
        return result;
    }

    /// 'upgrade-check after' names the backup to go back to, which must be there then.
    static std::map<std::string, std::string> kept_for_upgrade(Context& context) {
        constexpr base::UnixMs upgrade_ms = 30 * base::UnixMs{86'400'000};
        const auto backup = load_upgrade_backup(context.home_unchecked());
        if (!backup || base::now_unix_ms() - backup->at_ms > upgrade_ms) return {};
        return {{backup->id, base::format("kept for 30 days for upgrade-check, until {}",
                                          base::format_utc(backup->at_ms + upgrade_ms).substr(0, 10))}};
    }

    void agree(Context& context, const PrunePlan& plan) const {
        if (!plan.most() || allow_most_) return;
        const std::size_t all = plan.all();
        context.progress().note(base::format("{} of {} backups would go", plan.leaving, all));
        const auto typed =
            context.json() ? std::nullopt : ask_secret("That is more than half. To go on, type 'prune'");
        if (typed && typed->text() == "prune") return;
        throw Error(ErrorKind::failed, base::format("cannot prune: {} of {} backups would go, more than half",
                                                    plan.leaving, all))
            .state("nothing was changed")
            .hint(
                "see which with 'bt2c-dr prune --dry-run', pin what must stay, and then run it with "
                "--allow-most");
    }

    Json document(const PruneReport& report) const {
        Json backups = Json::array();
        for (const PlannedBackup& backup : report.plan.backups) {
            Json reasons = Json::array();
            for (const repository::Reason& reason : backup.verdict.reasons)
                reasons.push(Json::object({{"rule", reason.rule}, {"text", reason.text}}));
            backups.push(Json::object({{"id", backup.facts.id.hex()},
                                       {"type", repository::type_name(backup.facts.type)},
                                       {"created_at", base::format_utc(backup.facts.made_at)},
                                       {"kept", backup.verdict.kept},
                                       {"reasons", std::move(reasons)}}));
        }
        Json damaged = Json::array();
        for (const repository::DamagedBackup& backup : report.plan.damaged)
            damaged.push(Json::object(
                {{"id", backup.id}, {"reason", backup.reason}, {"kept", !report.plan.damaged_leave}}));
        Json unread = Json::array();
        for (const repository::DamagedBackup& backup : report.plan.unread)
            unread.push(Json::object({{"id", backup.id}, {"reason", backup.reason}}));
        Json unasked = Json::array();
        for (const std::string& name : report.plan.unasked) unasked.push(name);
        const std::string advice = advice_for(report);
        Json places = Json::array();
        for (const PlacePruned& place : report.places)
            places.push(Json::object(
                {{"name", place.name},
                 {"status", status_name(place.status)},
                 {"error", place.error.empty() ? Json() : Json(place.error)},
                 {"removed_objects", place.removed_objects},
                 {"removed_bytes", place.removed_bytes},
                 {"waiting_objects", place.waiting_objects},
                 {"waiting_bytes", place.waiting_bytes},
                 {"locked_objects", place.locked_objects},
                 {"locked_until", place.locked_until ? Json(base::format_utc(place.locked_until)) : Json()},
                 {"extended_locks", place.extended_locks}}));
        return Json::object({{"dry_run", dry_run_},
                             {"backups", std::move(backups)},
                             {"damaged", std::move(damaged)},
                             {"unread", std::move(unread)},
                             {"unasked", std::move(unasked)},
                             {"advice", advice.empty() ? Json() : Json(advice)},
                             {"leaving", report.plan.leaving},
                             {"leaving_bytes", report.plan.leaving_bytes},
                             {"retired_before", report.plan.retired},
                             {"held", report.held.empty() ? Json() : Json(report.held)},
                             {"locations", std::move(places)}});
    }

    static std::string advice_for(const PruneReport& report) {
        std::string advice = advice_for_damaged(report);
        if (const std::string unread = advice_for_unread(report.plan); !unread.empty())
            advice += (advice.empty() ? "" : "; ") + unread;
        return advice;
    }

    /// How those that are unread can be read again; empty where there are none.
    static std::string advice_for_unread(const PrunePlan& plan) {
        if (plan.unread.empty()) return "";
        std::string first;
        if (!plan.unasked.empty() && plan.damaged.empty())
            first = base::format("bring {} back, or take it out of dr.toml if it is gone for good: ",
                                 names_of(plan.unasked));
        const bool disk = std::ranges::any_of(plan.unread, &repository::DamagedBackup::disk);
        return first + (disk
                            ? "a disk fails to give a manifest: look into the kernel's log (as root: dmesg); "
                              "'bt2c-dr repository check' tells what to do with it"
                            : "nothing says that what is unread is damaged, and none of it goes: 'bt2c-dr "
                              "location status' tells which location cannot be read");
    }

    static std::string names_of(const std::vector<std::string>& locations) {
        std::string names;
        for (const std::string& name : locations)
            names += (names.empty() ? "'" : "', '") + base::printable(name);
        return base::format("{} {}'", locations.size() == 1 ? "location" : "locations", names);
    }

    /// How the damaged ones come back, or go; empty where they go or there are none.
    static std::string advice_for_damaged(const PruneReport& report) {
        const PrunePlan& plan = report.plan;
        if (plan.damaged.empty() || plan.damaged_leave) return "";
        if (!plan.unasked.empty())
            return base::format(
                "bring {} back first, which may have a sound copy, or take it out of dr.toml if it is gone "
                "for good: until then 'bt2c-dr prune' lets no damaged backup go",
                names_of(plan.unasked));
        if (report.places.size() == 1) return "'bt2c-dr prune --damaged' lets them go";
        return "'bt2c-dr repository check --repair' brings back what a location has a sound copy of, else "
               "'bt2c-dr prune --damaged' lets them go";
    }

    void print(Output& out, const PruneReport& report, bool dry_run) const {
        const PrunePlan& plan = report.plan;
        Table table({{"ID"},
                     {"TYPE"},
                     {"MADE (UTC)"},
                     {"CHAIN"},
                     {.title = "STORED", .align = Column::Align::right, .may_go = true},
                     {dry_run ? "WOULD BE" : "IS"},
                     {.title = "WHY", .may_fall = true}});
        for (const PlannedBackup& backup : plan.backups) {
            if (!dry_run && backup.verdict.kept) continue;
            std::string made = base::format_utc(backup.facts.made_at);
            made = made.substr(0, 10) + " " + made.substr(11, 8);
            table.row({backup.facts.id.brief(), std::string(repository::type_name(backup.facts.type)), made,
                       chain_text(backup.networks), human_size(backup.stored_bytes),
                       backup.verdict.kept ? Cell("kept", Style::green) : Cell("retired", Style::yellow),
                       reasons_text(backup.verdict)});
        }
        if (!table.empty()) out.table(table);
        const std::size_t kept =
            plan.backups.size() -
            static_cast<std::size_t>(std::ranges::count(
                plan.backups, false, [](const auto& backup) { return backup.verdict.kept; }));
        out.line("{}{} kept, {} {} retired; {} will be free when {} bytes are removed.",
                 table.empty() ? "" : "\n", count(kept, "backup"), plan.leaving,
                 dry_run ? "would be" : "just", human_size(plan.leaving_bytes),
                 plan.leaving == 1 ? "its" : "their");
        for (const repository::DamagedBackup& backup : plan.damaged)
            out.line("{} backup {} cannot be restored: {}; it {}.", out.styled(Style::red, "damaged:"),
                     base::printable(backup.id.substr(0, 8)), base::printable(backup.reason),
                     !plan.damaged_leave ? "stays"
                     : dry_run           ? "would be retired"
                                         : "is retired");
        for (const repository::DamagedBackup& backup : plan.unread)
            out.line("{} backup {}: {}; it stays.", out.styled(Style::yellow, "unread:"),
                     base::printable(backup.id.substr(0, 8)), base::printable(backup.reason));
        if (const std::string advice = advice_for(report); !advice.empty())
            out.line("{} {}.", out.styled(Style::yellow, "to do:"), advice);
        if (!report.held.empty())
            out.line("{} no bytes were removed: {}.", out.styled(Style::yellow, "held:"), report.held);
        for (const PlacePruned& place : report.places) print_place(out, place);
    }

    static void print_place(Output& out, const PlacePruned& place) {
        switch (place.status) {
            case PlacePruned::Status::ok: break;
            case PlacePruned::Status::failed:
                out.line("{} location '{}' was left out: {}. The next prune catches it up.",
                         out.styled(Style::yellow, "warning:"), place.name, base::printable(place.error));
                return;
            case PlacePruned::Status::refused:
                out.line(
                    "{} location '{}' lets nothing be removed: {}. Prune it from a machine whose credentials "
                    "may.",
                    out.styled(Style::yellow, "warning:"), place.name, base::printable(place.error));
                break;
        }
        out.line("Location '{}': {} ({}) removed, {} ({}) wait{}.", place.name,
                 count(place.removed_objects, "object"), human_size(place.removed_bytes),
                 place.waiting_objects, human_size(place.waiting_bytes),
                 place.locked_objects == 0
                     ? ""
                     : base::format("; {} of them are locked, the last until {}", place.locked_objects,
                                    base::format_utc(place.locked_until)));
        if (place.extended_locks > 0) out.line("  {} extended.", count(place.extended_locks, "lock"));
    }
    static std::string count(std::uint64_t number, std::string_view noun) {
        return base::format("{} {}{}", number, noun, number == 1 ? "" : "s");
    }

    bool dry_run_ = false, allow_most_ = false, wait_at_gaps_ = false, damaged_ = false;
    std::vector<PlacePruned> away_;
};

}  // namespace

std::unique_ptr<Command> prune_command() {
    return std::make_unique<PruneCommand>();
}

}  // namespace bt2c::cli
