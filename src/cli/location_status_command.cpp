#include <algorithm>

#include "cli/commands.hpp"
#include "cli/locations.hpp"
#include "cli/repository_access.hpp"

namespace bt2c::cli {
namespace {

using base::ErrorKind;
using base::human_count;
using base::Json;

/// What one location is found to be.
struct Status {
    std::string name, where, state, error;
    LocationFacts facts;
    std::size_t backups = 0;
    std::vector<std::string> missing = {};
    std::vector<std::string> odd_keys = {};  ///< slots that the first location has not
    std::optional<base::UnixMs> newest = {};
    std::uint64_t objects = 0, bytes = 0;
};

struct Report {
    std::vector<Status> all;
    std::vector<std::string> warnings;
    std::size_t healthy = 0;
    bool away = false;
};

constexpr std::size_t healthy_wanted = 3;

class LocationStatusCommand final : public Command {
    About about() const override {
        return {
            .name = "location status",
            .summary = "show what each location holds, lacks and takes",
            .description =
                "Asks every location of config/dr.toml what it has: healthy, behind (it lacks backups that "
                "another one has) or away, with the reason; how many backups, how old the newest one is, "
                "and the space they take.\n\n"
                "Warns where fewer than three locations are healthy or none of them is away from the "
                "node's own site.",
            .examples = {{"bt2c-dr location status", "show it"}},
            .exits = {ErrorKind::failed, ErrorKind::findings, ErrorKind::wrong_secret, ErrorKind::partial,
                      ErrorKind::no_repository}};
    }

    Result run(Context& context) override {
        const Locations& locations = context.locations();
        const repository::Repository repository = open_repository(context);
        const auto report = std::make_shared<Report>(look_at(locations, repository));
        Json list = Json::array();
        for (const Status& status : report->all) list.push(document(status));
        Json warnings = Json::array();
        for (const std::string& warning : report->warnings) warnings.push(warning);
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

    static std::set<std::string> names_in(storage::Location& location, const std::string& folder) {
        return repository::backup_ids(location.list(folder));
    }

    static Report look_at(const Locations& locations, const repository::Repository& repository) {
        std::map<std::string, base::UnixMs> made;
        for (const repository::Manifest& manifest : repository.list().backups)
            made[manifest.id.hex()] = manifest.finished_at;
        const std::set<std::string> retired = repository::retired_backups(repository.location());
        const auto holdings = locations.holdings();
        std::set<std::string> every, first_keys;
        for (const auto& ids : holdings)
            if (ids) every.insert(ids->begin(), ids->end());
        const bool keys_known = locations.all().front().problem.empty();
        if (keys_known) first_keys = names_in(*locations.all().front().location, "keys");
        Report report;
        for (std::size_t i = 0; i < holdings.size(); ++i) {
            const Locations::One& one = locations.all()[i];
            Status status{.name = one.name,
                          .where = base::printable(one.location->describe()),
                          .state = "healthy",
                          .error = one.problem,
                          .facts = one.facts};
            if (one.problem.empty()) try {
                    measure(status, *one.location, holdings[i].value_or(std::set<std::string>()), made);
                    for (const std::string& id : every)
                        if (!holdings[i]->contains(id) && !repository::is_retired(retired, id))
                            status.missing.push_back(id);
                    if (keys_known)
                        for (const std::string& key : names_in(*one.location, "keys"))
                            if (!first_keys.contains(key)) status.odd_keys.push_back(key);
                } catch (const base::Error& error) {
                    if (error.kind() == ErrorKind::interrupted) throw;
                    status.error = base::printable(
                        error.cause().empty() ? error.message() : error.message() + ": " + error.cause());
                }
            judge(report, status, one.has_repository);
            report.all.push_back(std::move(status));
        }
        if (report.healthy < healthy_wanted)
            report.warnings.push_back(base::format(
                "{} of {} locations are healthy; at least three should be, so that two may fail at once",
                report.healthy, report.all.size()));
        if (std::ranges::none_of(report.all, [](const Status& status) {
                return status.facts.offsite && status.state == "healthy";
            }))
            report.warnings.push_back(
                "no healthy location is offsite: a fire or a theft could take all of them");
        return report;
    }

    static void measure(Status& status, storage::Location& location, const std::set<std::string>& ids,
                        const std::map<std::string, base::UnixMs>& made) {
        for (const storage::ObjectInfo& object : location.list("")) {
            ++status.objects;
            status.bytes += object.bytes;
        }
        status.backups = ids.size();
        for (const std::string& id : ids)
            if (const auto found = made.find(id); found != made.end())
                status.newest = std::max(status.newest.value_or(0), found->second);
    }

    static void judge(Report& report, Status& status, bool has_repository) {
        if (!status.error.empty()) {
            status.state = "away";
            report.away = true;
        } else if (!status.missing.empty() || !has_repository) {
            status.state = "behind";
            status.error = status.missing.empty()
                               ? "nothing is stored there yet"
                               : base::format("{} backups are missing", status.missing.size());
            report.warnings.push_back(base::format("location '{}' is behind ({}): bt2c-dr location sync {}",
                                                   status.name, status.error, status.name));
        } else {
            ++report.healthy;
        }
        for (const std::string& key : status.odd_keys)
            report.warnings.push_back(base::format(
                "location '{}' has key {}, which the first location has not: if it was removed while "
                "this one was away, remove it here too: bt2c-dr repository key remove {}",
                status.name, key.substr(0, 8), key.substr(0, 8)));
    }

    static Json document(const Status& status) {
        Json missing = Json::array(), keys = Json::array();
        for (const std::string& id : status.missing) missing.push(id);
        for (const std::string& id : status.odd_keys) keys.push(id);
        return Json::object({{"name", status.name},
                             {"kind", status.facts.kind},
                             {"where", status.where},
                             {"offsite", status.facts.offsite},
                             {"status", status.state},
                             {"error", status.error.empty() ? Json() : Json(status.error)},
                             {"backups", status.backups},
                             {"newest_at", status.newest ? Json(base::format_utc(*status.newest)) : Json()},
                             {"missing", std::move(missing)},
                             {"unknown_keys", std::move(keys)},
                             {"objects", status.objects},
                             {"bytes", status.bytes}});
    }

    static void print(Output& out, const Report& report) {
        using Align = Column::Align;
        Table table({{"NAME"},
                     {"KIND"},
                     {"WHERE", Align::left, true},
                     {"OFFSITE"},
                     {"STATE"},
                     {"BACKUPS", Align::right},
                     {"NEWEST", Align::right},
                     {"OBJECTS", Align::right},
                     {"SIZE", Align::right}});
        const base::UnixMs now = base::now_unix_ms();
        for (const Status& status : report.all)
            table.row({status.name, status.facts.kind, status.where, status.facts.offsite ? "yes" : "no",
                       Cell(status.state, status.state == "healthy" ? Style::green : Style::red),
                       human_count(status.backups),
                       status.newest ? base::human_duration(static_cast<double>(
                                           std::max<base::UnixMs>(0, now - *status.newest) / 1000))
                                     : std::string("-"),
                       human_count(status.objects), base::human_size(status.bytes)});
        out.table(table);
        for (const Status& status : report.all)
            if (!status.error.empty()) out.line("{}: {}", status.name, status.error);
        for (const std::string& warning : report.warnings)
            out.line("{} {}", out.styled(Style::yellow, "warning:"), warning);
    }
};

}  // namespace

std::unique_ptr<Command> location_status_command() {
    return std::make_unique<LocationStatusCommand>();
}

}  // namespace bt2c::cli
