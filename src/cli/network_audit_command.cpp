#include "cli/commands.hpp"
#include "network/audit_log.hpp"

namespace bt2c::cli {
namespace {

using base::ErrorKind;
using base::Json;
using network::AuditEntry;
using network::AuditReport;

class NetworkAuditCommand final : public Command {
    About about() const override {
        return {
            .name = "network audit",
            .summary = "show or verify the log of orders and acts",
            .description =
                "Lists the newest entries of HOME/network/audit.jsonl: orders that were signed, accepted "
                "and refused, pauses, resumes, and checks that were overruled.\n\n"
                "Each entry holds the hash of the one before. --verify follows that chain and ends with 3 "
                "when an entry was changed, removed, put in or put elsewhere, naming the first. What it "
                "cannot see is that the newest entries were left off: for that, keep the last hash "
                "elsewhere, and compare.",
            .examples = {{"bt2c-dr network audit --limit 50", "the newest 50 entries"},
                         {"bt2c-dr network audit --verify", "is the log as it was written?"}},
            .exits = {ErrorKind::failed, ErrorKind::findings, ErrorKind::busy},
            .if_it_fails = "nothing was changed"};
    }

    void declare(Options& options) override {
        options.flag(verify_, "--verify", "check the whole log, and list nothing");
        options.value(limit_, "--limit", "N", "list so many entries (default: 20, at most 10000)");
    }

    Result run(Context& context) override {
        const config::Home& home = context.home();
        if (verify_) return verify(home);
        constexpr std::uint64_t limit_max = 10'000;
        const auto entries = std::make_shared<std::vector<AuditEntry>>(
            network::read_audit(home, static_cast<std::size_t>(std::min(limit_, limit_max))));
        Json list = Json::array();
        for (const AuditEntry& entry : *entries)
            list.push(Json::object({{"number", entry.number},
                                    {"at", base::format_utc(entry.at)},
                                    {"event", entry.event},
                                    {"network", entry.network},
                                    {"sequence", entry.sequence},
                                    {"actor", entry.actor},
                                    {"detail", entry.detail},
                                    {"order", entry.order},
                                    {"hash", entry.hash}}));
        return {.document = Json::object({{"entries", std::move(list)}}), .print = [entries](Output& out) {
                    if (entries->empty()) {
                        out.line("The log of this home has no entries.");
                        return;
                    }
                    Table table({{"NO.", Column::Align::right},
                                 {"AT (UTC)"},
                                 {"EVENT"},
                                 {"NETWORK"},
                                 {"ORDER", Column::Align::right},
                                 {"WHO"},
                                 {"DETAIL", Column::Align::left, true}});
                    for (const AuditEntry& entry : *entries)
                        table.row({base::format("{}", entry.number), base::format_utc(entry.at),
                                   base::printable(entry.event), base::printable(entry.network),
                                   entry.sequence == 0 ? "" : base::format("{}", entry.sequence),
                                   base::printable(entry.actor), base::printable(entry.detail)});
                    out.table(table);
                }};
    }

    static Result verify(const config::Home& home) {
        const auto report = std::make_shared<AuditReport>(network::verify_audit(home));
        Json findings = Json::array();
        for (const network::AuditFinding& finding : report->findings)
            findings.push(Json::object({{"line", finding.line}, {"what", finding.what}}));
        return {
            .document = Json::object({{"ok", report->findings_count == 0},
                                      {"entries", report->entries},
                                      {"last_hash", report->entries == 0 ? Json() : Json(report->last_hash)},
                                      {"torn", report->torn},
                                      {"findings_count", report->findings_count},
                                      {"findings", std::move(findings)}}),
            .print = [report](Output& out) { print(out, *report); },
            .outcome = report->findings_count > 0 ? std::optional(ErrorKind::findings) : std::nullopt};
    }

    static void print(Output& out, const AuditReport& report) {
        for (const network::AuditFinding& finding : report.findings)
            out.line("line {} {}", finding.line, finding.what);
        if (report.torn)
            out.line("The last line has no end, as after a power failure; the next entry will mend it.");
        if (report.findings_count > 0) {
            out.line("The log is not as it was written: {} {}, the first in line {}.",
                     base::human_count(static_cast<std::uint64_t>(report.findings_count)),
                     report.findings_count == 1 ? "finding" : "findings", report.findings[0].line);
            return;
        }
        out.line("{} entries, each as it was written.",
                 base::human_count(static_cast<std::uint64_t>(report.entries)));
        if (report.entries > 0)
            out.line(
                "The last hash is {}. That no entries were left off after it shows only where it is kept "
                "elsewhere too.",
                report.last_hash);
    }

    bool verify_ = false;
    std::uint64_t limit_ = 20;
};

}  // namespace

std::unique_ptr<Command> network_audit_command() {
    return std::make_unique<NetworkAuditCommand>();
}

}  // namespace bt2c::cli
