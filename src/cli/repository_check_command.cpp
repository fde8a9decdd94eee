#include <algorithm>
#include <ranges>

#include "cli/commands.hpp"
#include "cli/health_check.hpp"
#include "cli/locations.hpp"
#include "cli/repository_access.hpp"
#include "repository/repair.hpp"

namespace bt2c::cli {
namespace {

using base::ErrorKind;
using base::Json;
using repository::CheckFinding;
using repository::CheckReport;
using repository::FindingKind;

/// Backups that a finding names on a terminal.
constexpr std::size_t named_max = 12;

/// What was found in one location, and mended.
struct Checked {
    std::string name;
    std::string problem;  ///< why it was not checked; empty when it was
    CheckReport report;
    repository::RepairReport repair;
};

class RepositoryCheckCommand final : public Command {
    About about() const override {
        return {
            .name = "repository check",
            .summary = "look for what is damaged or missing in the repository",
            .description =
                "Opens every manifest, index and key slot, and makes sure that every pack that a backup "
                "needs "
                "is there, whole, and agrees with what is said of it. Each location is checked on its own, "
                "and whether it has the backups that the others have.\n\n"
                "With --read-data all of the repository is read: every seal, every page and every file is "
                "checked, and each backup must give the very database that was backed up. That takes as "
                "long as reading the disk.\n\n"
                "With --repair, what is damaged or missing in one location is replaced by a sound copy out "
                "of "
                "another, and the location is checked again. Where nothing may be removed, a damaged object "
                "stays, and that is said. An index, and the object 'format', are made anew where there is no "
                "other copy.\n\n"
                "What cannot be read (rights, a shortage of this machine, a service that refuses, a disk "
                "that "
                "fails) is told as 'unread': nothing says that it is damaged, all else is checked, and it "
                "ends "
                "with 6 where nothing is damaged or missing. --repair replaces of that only what a disk of "
                "this "
                "machine cannot give.\n\n"
                "Each finding names the backups that it hits and what to do. Backups may be made meanwhile.",
            .examples = {{"bt2c-dr repository check", "a quick look"},
                         {"bt2c-dr repository check --read-data", "prove that all can be restored"},
                         {"bt2c-dr repository check --repair --read-data --location usb",
                          "mend one location from the others"}},
            .exits = {ErrorKind::failed, ErrorKind::findings, ErrorKind::wrong_secret, ErrorKind::partial,
                      ErrorKind::no_repository},
            .if_it_fails = "nothing was changed but what --repair has mended by then"};
    }

    void declare(Options& options) override {
        options.flag(read_data_, "--read-data", "also read and check all that is stored");
        options.value(location_, "--location", "NAME", "check this location only");
        options.flag(repair_, "--repair", "mend one location from another");
    }

    Result run(Context& context) override {
        const Locations& locations = context.locations();
        if (!location_.empty() &&
            std::ranges::find(locations.all(), location_, &Locations::One::name) == locations.all().end())
            throw base::Error(ErrorKind::usage,
                              base::format("there is no location '{}'", base::printable(location_)))
                .hint("'bt2c-dr location status' shows those of config/dr.toml");
        const auto repository = open_repository(context);
        const auto all = std::make_shared<std::vector<Checked>>();
        const auto held = locations.holdings();
        for (std::size_t i = 0; i < locations.all().size(); ++i) {
            const Locations::One& one = locations.all()[i];
            if (location_.empty() || one.name == location_)
                all->push_back(check(context, repository, one, held_by_others(repository, held, i)));
        }
        const bool sound = std::ranges::all_of(*all, [](const Checked& one) { return one.report.ok; });
        const bool whole = std::ranges::all_of(*all, [](const Checked& one) { return one.problem.empty(); });
        Result result{.document = document(*all), .print = [all, read_data = read_data_](Output& out) {
                          for (const Checked& one : *all) print(out, one, read_data, all->size() > 1);
                      }};
        if (std::ranges::any_of(*all, [](const Checked& one) { return has_faults(one.report); }))
            result.outcome = ErrorKind::findings;
        else if (!sound || !whole)
            result.outcome = ErrorKind::partial;
        return result;
    }

    /// Beside what could not be read, and what may be under way.
    static bool is_certain(FindingKind kind) {
        return repository::is_fault(kind) && kind != FindingKind::unread && kind != FindingKind::behind;
    }
    static bool has_faults(const CheckReport& report) {
        return std::ranges::any_of(report.findings,
                                   [](const CheckFinding& finding) { return is_certain(finding.kind); });
    }

    /// Ids of the backups that are in other locations than this one, but for those that exist no more.
    static std::set<std::string> held_by_others(const repository::Repository& repository,
                                                const std::vector<std::optional<std::set<std::string>>>& held,
                                                std::size_t index) {
        std::set<std::string> others;
        for (std::size_t i = 0; i < held.size(); ++i)
            if (i != index && held[i]) others.insert(held[i]->begin(), held[i]->end());
        if (others.empty()) return others;
        for (const std::string& id : repository::retired_backups(repository.location())) others.erase(id);
        return others;
    }

    Checked check(Context& context, const repository::Repository& repository, const Locations::One& one,
                  const std::set<std::string>& elsewhere) const {
        // One that is left out and has a repository: its object 'format' is damaged, which the check finds.
        Checked checked{one.name, one.has_repository ? "" : one.problem, {}, {}};
        if (checked.problem.empty() && !one.has_repository) checked.problem = "nothing is stored there yet";
        if (!checked.problem.empty()) return checked;
        const repository::Repository there = repository.at(one.location);
        try {
            checked.report = repository::check_repository(there, read_data_, context.progress(), elsewhere);
            if (repair_) repair(context, repository, one, elsewhere, checked);
            if (context.locations().all().size() > 1)
                for (CheckFinding& finding : checked.report.findings) advise_repair(one.name, finding);
        } catch (const base::Error& error) {
            // Of several locations, one that fails keeps none of the others from being checked.
            if (error.kind() == ErrorKind::interrupted || context.locations().all().size() == 1) throw;
            checked.problem = base::printable(error.in_full());
        }
        return checked;
    }

    /// Until nothing more is mended: a manifest that is whole again tells which packs are missing.
    void repair(Context& context, const repository::Repository& repository, const Locations::One& one,
                const std::set<std::string>& elsewhere, Checked& checked) const {
        constexpr int passes_max = 4;  // of a place that says it stored what it did not
        bool more = true;
        for (int pass_number = 0; more && pass_number < passes_max && !checked.report.ok; ++pass_number) {
            repository::RepairReport pass =
                repository::repair_location(repository, one.location, checked.report, context.progress(),
                                            context.locations().sync_options(one));
            more = !pass.mended.empty();
            checked.repair.mended.insert(checked.repair.mended.end(), pass.mended.begin(), pass.mended.end());
            checked.repair.left = std::move(pass.left);
            checked.report = repository::check_repository(repository.at(one.location), read_data_,
                                                          context.progress(), elsewhere);
        }
    }

    /// What is wrong in the contents is found, and so mended, only where they are read.
    void advise_repair(const std::string& location, CheckFinding& finding) const {
        if (finding.object == repository::other_backups) {  // perhaps it only lags
            finding.advice = "bt2c-dr location sync " + shell_word(location);
            return;
        }
        const bool damaged = finding.kind == FindingKind::damaged || finding.disk;
        if (!damaged && finding.kind != FindingKind::missing) return;
        // What was mended in the other locations of this run counts from the next one on.
        finding.advice = base::format(
            "{}bt2c-dr repository check --repair{} --location {}; else {}",
            repair_ ? "see why it was not mended, put that right if it can be, and try once more: " : "",
            damaged && read_data_ ? " --read-data" : "", location, finding.advice);
    }

    Json document(const std::vector<Checked>& all) const {
        Json findings = Json::array(), mended = Json::array(), left = Json::array(), list = Json::array();
        bool ok = true;
        std::uint64_t objects = 0, bytes = 0;
        for (const Checked& one : all) {
            ok = ok && one.report.ok && one.problem.empty();
            objects += one.report.objects;
            bytes += one.report.bytes;
            list.push(Json::object({{"name", one.name},
                                    {"ok", one.report.ok && one.problem.empty()},
                                    {"objects", one.report.objects},
                                    {"bytes", one.report.bytes},
                                    {"error", one.problem.empty() ? Json() : Json(one.problem)}}));
            for (const CheckFinding& finding : one.report.findings) {
                Json backups = Json::array();
                for (const std::string& id : finding.backups) backups.push(id);
                findings.push(Json::object({{"location", one.name},
                                            {"object", base::printable(finding.object)},
                                            {"kind", repository::finding_name(finding.kind)},
                                            {"text", finding.text},
                                            {"backups", std::move(backups)},
                                            {"advice", finding.advice}}));
            }
            for (const storage::ObjectInfo& object : one.repair.mended)
                mended.push(
                    Json::object({{"location", one.name}, {"object", object.name}, {"bytes", object.bytes}}));
            for (const repository::NotCopied& object : one.repair.left)
                left.push(Json::object({{"location", one.name},
                                        {"object", base::printable(object.object)},
                                        {"error", base::printable(object.why)}}));
        }
        Json json = Json::object({{"ok", ok},
                                  {"read_data", read_data_},
                                  {"objects", objects},
                                  {"bytes", bytes},
                                  {"findings", std::move(findings)},
                                  {"locations", std::move(list)}});
        if (repair_) {
            json.set("mended", std::move(mended));
            json.set("not_mended", std::move(left));
        }
        return json;
    }

    static void print(Output& out, const Checked& checked, bool read_data, bool several) {
        if (several) out.line("{}", out.styled(Style::bold, "Location " + checked.name));
        if (!checked.problem.empty())
            return out.line("{} {}", out.styled(Style::red, "It was not checked:"), checked.problem);
        for (const storage::ObjectInfo& object : checked.repair.mended)
            out.line("{} {} ({})", out.styled(Style::green, "mended"), base::printable(object.name),
                     base::human_size(object.bytes));
        for (const repository::NotCopied& left : checked.repair.left)
            out.line("{} {}: {}", out.styled(Style::red, "not mended"), base::printable(left.object),
                     base::printable(left.why));
        const CheckReport& report = checked.report;
        for (const CheckFinding& finding : report.findings) {
            const bool fault = is_certain(finding.kind);
            out.line("{} {}",
                     out.styled(fault ? Style::red : Style::yellow, repository::finding_name(finding.kind)),
                     base::printable(finding.object));
            std::string backups;
            for (const std::string& id : finding.backups | std::views::take(named_max))
                backups += (backups.empty() ? "" : ", ") + base::printable(id.substr(0, 8));
            if (finding.backups.size() > named_max)
                backups += base::format(" and {} more", finding.backups.size() - named_max);
            std::vector<std::pair<std::string, Cell>> fields{{"what", base::printable(finding.text)}};
            if (!backups.empty()) fields.push_back({"hits", "backups " + backups});
            fields.push_back({"do", finding.advice});
            out.fields(fields);
        }
        if (!report.findings.empty()) out.line();
        const bool unread = std::ranges::count(report.findings, FindingKind::unread, &CheckFinding::kind) > 0;
        out.line("{} {} objects, {}, {}.",
                 report.ok            ? out.styled(Style::green, "The repository is sound:")
                 : has_faults(report) ? out.styled(Style::red, "The repository has faults:")
                 : unread             ? out.styled(Style::yellow, "Not all of the repository could be read:")
                                      : out.styled(Style::yellow, "What is here is sound:"),
                 base::human_count(report.objects), base::human_size(report.bytes),
                 !read_data ? "their contents not read"
                 : unread   ? "all others read"
                            : "all of them read");
    }

    std::string location_;
    bool read_data_ = false;
    bool repair_ = false;
};

}  // namespace

std::unique_ptr<Command> repository_check_command() {
    return std::make_unique<RepositoryCheckCommand>();
}

}  // namespace bt2c::cli
