#include "cli/location_report.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"

namespace bt2c::cli {

using base::ErrorKind;
using base::format;

namespace {

constexpr std::size_t healthy_wanted = 3;

std::set<std::string> names_in(storage::Location& location, const std::string& folder) {
    return repository::backup_ids(location.list(folder));
}

void measure(LocationStatus& status, storage::Location& location) {
    for (const storage::ObjectInfo& object : location.list("")) {
        ++status.objects;
        status.bytes += object.bytes;
    }
}

void judge(LocationReport& report, LocationStatus& status, bool has_repository) {
    if (!status.error.empty()) {
        status.state = "away";
        report.away = true;
    } else if (!status.missing.empty() || !has_repository) {
        status.state = "behind";
        status.error = status.missing.empty() ? "nothing is stored there yet"
                                              : format("{} backups are missing", status.missing.size());
        report.warnings.push_back({status.name, "location",
                                   format("location '{}' is behind ({})", status.name, status.error),
                                   format("bt2c-dr location sync {}", status.name)});
    } else {
        ++report.healthy;
    }
    for (const std::string& key : status.odd_keys)
        report.warnings.push_back(
            {status.name, "location_keys",
             format("location '{}' has key {}, which the first location has not: if it was removed while "
                    "this one was away, remove it here too",
                    status.name, key.substr(0, 8)),
             format("bt2c-dr repository key remove {}", key.substr(0, 8))});
}

void judge_all(LocationReport& report) {
    if (report.healthy < healthy_wanted)
        report.warnings.push_back(
            {"", "locations",
             format("{} of {} locations are healthy; at least three should be, so that two may fail at once",
                    report.healthy, report.all.size()),
             ""});
    if (std::ranges::none_of(report.all, [](const LocationStatus& status) {
            return status.facts.offsite && status.state == "healthy";
        }))
        report.warnings.push_back(
            {"", "offsite", "no healthy location is offsite: a fire or a theft could take all of them", ""});
}

}  // namespace

LocationReport look_at_locations(const Locations& locations, const LocationQuestions& questions) {
    const std::set<std::string> retired = repository::retired_backups(*locations.whole());
    const auto holdings = locations.holdings();
    std::set<std::string> every, first_keys;
    for (const auto& ids : holdings)
        if (ids) every.insert(ids->begin(), ids->end());
    const bool keys_known = locations.all().front().problem.empty();
    if (keys_known) first_keys = names_in(*locations.all().front().location, "keys");
    LocationReport report;
    for (std::size_t i = 0; i < holdings.size(); ++i) {
        const Locations::One& one = locations.all()[i];
        LocationStatus status{.name = one.name,
                              .where = base::printable(one.location->describe()),
                              .state = "healthy",
                              .error = one.problem,
                              .facts = one.facts};
        if (status.error.empty() && !holdings[i]) status.error = "what it holds could not be listed";
        if (status.error.empty()) try {
                const std::set<std::string>& ids = *holdings[i];
                if (questions.measured) measure(status, *one.location);
                status.backups = ids.size();
                for (const std::string& id : ids)
                    if (const auto found = questions.made.find(id); found != questions.made.end())
                        status.newest = std::max(status.newest.value_or(0), found->second);
                for (const std::string& id : every)
                    if (!ids.contains(id) && !repository::is_retired(retired, id))
                        status.missing.push_back(id);
                if (keys_known)
                    for (const std::string& key : names_in(*one.location, "keys"))
                        if (!first_keys.contains(key)) status.odd_keys.push_back(key);
            } catch (const base::Error& error) {
                if (error.kind() == ErrorKind::interrupted) throw;
                status.error = base::printable(
                    error.cause().empty() ? error.message() : error.message() + ": " + error.cause());
            }
        status.clock_ahead = one.location->clock_ahead();  // which may be why it is away
        judge(report, status, one.has_repository);
        report.all.push_back(std::move(status));
    }
    judge_all(report);
    return report;
}

}  // namespace bt2c::cli
