#include <algorithm>

#include "cli/commands.hpp"
#include "cli/location_report.hpp"
#include "cli/repository_access.hpp"

namespace bt2c::cli {
namespace {

using base::ErrorKind;
using base::human_count;
using base::Json;

class LocationStatusCommand final : public Command {
    About about() const override {
        return {
            .name = "location status",
            .summary = "show what each location holds, lacks and takes",
            .description =
                "Asks every location of config/dr.toml what it has: healthy, behind (it lacks backups that "
                "another one has, or packs of those that it lists), away, or double (the same folder as "
                "another one), with the reason; how many "
                "backups, how old the newest one is, "
                "the space they take, and what that costs where dr.toml names a price "
                "(price_per_gib_month).\n\n"
                "Warns where fewer than three locations are healthy or none of them is away from the "
                "node's own site.",
            .examples = {{"bt2c-dr location status", "show it"}},
            .exits = {ErrorKind::failed, ErrorKind::findings, ErrorKind::wrong_secret, ErrorKind::partial,
                      ErrorKind::no_repository},
            .if_it_fails = "nothing was changed"};
    }

    Result run(Context& context) override {
        const Locations& locations = context.locations();
        std::optional<repository::Repository> repository;
        repository::BackupList backups;
        LocationQuestions questions{.measured = true};
        if (locations.any_usable()) {  // else why each is away is all that can be told
            locations.require_found();
            repository.emplace(open_for_backup(context, repository_location(context)));
            if (repository->keys().can_read()) {
                backups = repository->list(repository::Repository::Unread::pass_over);
                questions.backups = &backups.backups;
                questions.reader = &*repository;
            }
        }
        const auto report = std::make_shared<LocationReport>(look_at_locations(locations, questions));
        Json list = Json::array();
        for (const LocationStatus& status : report->all) list.push(document(status));
        Json warnings = Json::array();
        for (const LocationWarning& warning : report->warnings) warnings.push(warning.line());
        Result result{.document = Json::object({{"ok", report->warnings.empty() && !report->away},
                                                {"healthy", report->healthy},
                                                {"locations", std::move(list)},
                                                {"warnings", std::move(warnings)}}),
                      .print = [report](Output& out) { print(out, *report); }};
        if (report->away)
            result.outcome = ErrorKind::partial;
        else if (!report->warnings.empty())
            result.outcome = ErrorKind::findings;
        return result;
    }

    static Json document(const LocationStatus& status) {
        Json missing = Json::array(), keys = Json::array();
        for (const std::string& id : status.missing) missing.push(id);
        for (const std::string& id : status.odd_keys) keys.push(id);
        const auto cost = status.cost_per_month();
        return Json::object({{"name", status.name},
                             {"kind", status.facts.kind},
                             {"where", status.where},
                             {"offsite", status.facts.offsite},
                             {"own_disk", status.facts.own_disk},
                             {"status", status.state},
                             {"error", status.error.empty() ? Json() : Json(status.error)},
                             {"backups", status.backups},
                             {"newest_at", status.newest ? Json(base::format_utc(*status.newest)) : Json()},
                             {"missing", std::move(missing)},
                             {"unknown_keys", std::move(keys)},
                             {"objects", status.objects},
                             {"bytes", status.bytes},
                             {"cost_per_month", cost ? Json(*cost) : Json()}});
    }

    static void print(Output& out, const LocationReport& report) {
        using Align = Column::Align;
        std::vector<Column> columns{{"NAME"},
                                    {"KIND"},
                                    {.title = "WHERE", .may_fall = true},
                                    {"OFFSITE"},
                                    {"STATE"},
                                    {"BACKUPS", Align::right},
                                    {"NEWEST", Align::right},
                                    {"OBJECTS", Align::right},
                                    {"SIZE", Align::right}};
        const bool priced = std::ranges::any_of(
            report.all, [](const LocationStatus& status) { return status.cost_per_month().has_value(); });
        if (priced) columns.push_back({"A MONTH", Align::right});
        Table table(columns);
        const base::UnixMs now = base::now_unix_ms();
        for (const LocationStatus& status : report.all) {
            std::vector<Cell> row{
                status.name,
                status.facts.kind,
                status.where,
                status.facts.offsite ? "yes" : "no",
                Cell(status.state, status.state == "healthy" ? Style::green : Style::red),
                human_count(status.backups),
                status.newest
                    ? base::human_duration(
                          static_cast<double>(std::max<base::UnixMs>(0, now - *status.newest)) / 1000)
                    : std::string("-"),
                human_count(status.objects),
                base::human_size(status.bytes)};
            const auto cost = status.cost_per_month();
            if (priced) row.emplace_back(cost ? base::format("{:.2f}", *cost) : "-");
            table.row(row);
        }
        out.table(table);
        for (const LocationStatus& status : report.all)
            if (!status.error.empty()) out.line("{}: {}", status.name, status.error);
        for (const LocationStatus& status : report.all)
            if (status.facts.own_disk && status.name != "local")
                out.line("{}: it is on the disk of the node's home, and goes with it when that dies",
                         status.name);
        for (const LocationWarning& warning : report.warnings)
            out.line("{} {}", out.styled(Style::yellow, "warning:"), warning.line());
    }
};

}  // namespace

std::unique_ptr<Command> location_status_command() {
    return std::make_unique<LocationStatusCommand>();
}

}  // namespace bt2c::cli
