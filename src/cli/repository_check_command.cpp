#include "cli/commands.hpp"
#include "cli/repository_access.hpp"
#include "repository/check.hpp"

namespace bt2c::cli {
namespace {

using base::Json;
using repository::CheckFinding;
using repository::CheckReport;

class RepositoryCheckCommand final : public Command {
    About about() const override {
        return {
            .name = "repository check",
            .summary = "look for what is damaged or missing in the repository",
            .description =
                "Opens every manifest, index and key slot, and makes sure that every pack that a backup "
                "needs "
                "is there, whole, and agrees with what is said of it.\n\n"
                "With --read-data all of the repository is read: every seal, every page and every file is "
                "checked, and each backup must give the very database that was backed up. That takes as "
                "long as reading the disk.\n\n"
                "Each finding names the backups that it hits and what to do. Backups may be made meanwhile.",
            .examples = {{"bt2c-dr repository check", "a quick look"},
                         {"bt2c-dr repository check --read-data", "prove that all can be restored"}},
            .exits = {base::ErrorKind::failed, base::ErrorKind::findings, base::ErrorKind::wrong_secret,
                      base::ErrorKind::no_repository}};
    }

    void declare(Options& options) override {
        options.flag(read_data_, "--read-data", "also read and check all that is stored");
    }

    Result run(Context& context) override {
        const auto repository = open_repository(context);
        const auto report = std::make_shared<const CheckReport>(
            repository::check_repository(repository, read_data_, context.progress()));
        Json findings = Json::array();
        for (const CheckFinding& finding : report->findings) {
            Json backups = Json::array();
            for (const std::string& id : finding.backups) backups.push(id);
            findings.push(Json::object({{"object", base::printable(finding.object)},
                                        {"kind", repository::finding_name(finding.kind)},
                                        {"text", finding.text},
                                        {"backups", std::move(backups)},
                                        {"advice", finding.advice}}));
        }
        Result result{
            .document = Json::object({{"ok", report->ok},
                                      {"read_data", read_data_},
                                      {"objects", report->objects},
                                      {"bytes", report->bytes},
                                      {"findings", std::move(findings)}}),
            .print = [report, read_data = read_data_](Output& out) { print(out, *report, read_data); }};
        if (!report->ok) result.outcome = base::ErrorKind::findings;
        return result;
    }

    static void print(Output& out, const CheckReport& report, bool read_data) {
        for (const CheckFinding& finding : report.findings) {
            const bool fault = repository::is_fault(finding.kind);
            out.line("{} {}",
                     out.styled(fault ? Style::red : Style::yellow, repository::finding_name(finding.kind)),
                     base::printable(finding.object));
            std::string backups;
            for (const std::string& id : finding.backups)
                backups += (backups.empty() ? "" : ", ") + base::printable(id.substr(0, 8));
            std::vector<std::pair<std::string, Cell>> fields{{"what", base::printable(finding.text)}};
            if (!backups.empty()) fields.push_back({"hits", "backups " + backups});
            fields.push_back({"do", finding.advice});
            out.fields(fields);
        }
        if (!report.findings.empty()) out.line();
        out.line("{} {} objects, {}, {}.",
                 report.ok ? out.styled(Style::green, "The repository is sound:")
                           : out.styled(Style::red, "The repository has faults:"),
                 base::human_count(report.objects), base::human_size(report.bytes),
                 read_data ? "all of them read" : "their contents not read");
    }

    bool read_data_ = false;
};

}  // namespace

std::unique_ptr<Command> repository_check_command() {
    return std::make_unique<RepositoryCheckCommand>();
}

}  // namespace bt2c::cli
