#include <limits>

#include "base/parallel.hpp"
#include "base/time.hpp"
#include "chaindb/sqlite/connection.hpp"
#include "chaindb/sqlite/file_image.hpp"
#include "cli/commands.hpp"
#include "cli/latest_backup.hpp"
#include "cli/locations.hpp"
#include "cli/proof_scratch.hpp"
#include "cli/repository_access.hpp"
#include "cli/restore_proof.hpp"
#include "cli/scheduled_jobs.hpp"
#include "platform/scratch_folder.hpp"
#include "repository/image_reader.hpp"
#include "restore/source.hpp"
#include "verify/live_verify.hpp"

namespace bt2c::cli {
namespace {

/// Smaller images are read fast enough where they are.
constexpr std::uint64_t laid_out_bytes_min = 64 << 20;

using base::human_count;
using base::Json;

class VerifyIntegrityCommand final : public Command {
    About about() const override {
        return {
            .name = "verify-integrity",
            .summary = "check the chain: structure, continuity, hashes, supply, validators",
            .description =
                "Checks the live database without disturbing the node, or with --backup a backup, straight "
                "out of the repository; a large one by way of a scratch folder (schedule.scratch, else "
                "beside "
                "the home) where there is room, unless --skip-pages is given.\n\n"
                "The checks: missing tables, discontinuities, duplicate blocks, orphaned transactions, "
                "invalid "
                "validators, Merkle roots, block hashes, supply, and the database's page structure. Each "
                "finding "
                "names table, key, height, what was expected and what is there.",
            .examples = {{"bt2c-dr verify-integrity", "check the node's database"},
                         {"bt2c-dr verify-integrity --backup latest", "check the newest backup"},
                         {"bt2c-dr verify-integrity --all", "show every finding, not only the first ten"}},
            .exits = {base::ErrorKind::failed, base::ErrorKind::findings, base::ErrorKind::busy,
                      base::ErrorKind::wrong_secret, base::ErrorKind::no_repository},
            .if_it_fails = "nothing was changed"};
    }

    void declare(Options& options) override {
        options.value(backup_, "--backup", "ID",
                      "check this backup (an id, the beginning of one, or 'latest')");
        options.flag(all_, "--all", "show all findings of each check, not the first ten");
        options.flag(skip_pages_, "--skip-pages", "leave out the check of the database's page structure");
    }

    Result run(Context& context) override {
        if (backup_.empty() && is_keeper(context))
            throw not_in_keeper("verify-integrity of the node's database");
        verify::Options options;
        options.network = context.network();
        options.check_pages = !skip_pages_;
        options.threads = base::worker_count();
        if (all_) options.examples_max = std::numeric_limits<std::size_t>::max();
        std::shared_ptr<const verify::Report> report;
        try {
            report = std::make_shared<const verify::Report>(
                backup_.empty() ? verify_home(context, options) : verify_backup(context, options));
        } catch (base::Error& error) {
            if (error.state().empty()) error.state("nothing was changed");
            throw;
        }
        if (!backup_.empty()) context.locations().tell_faults();
        Result result{.document = verify::to_json(*report),
                      .print = [report](Output& out) { print(out, *report); }};
        if (!report->ok) result.outcome = base::ErrorKind::findings;
        add_unasked(context, backup_, result);
        return result;
    }

    static verify::Report verify_home(Context& context, const verify::Options& options) {
        return verify::verify_live(context.home().database(), options, context.progress());
    }

    static verify::Report verify_image(Context& context, const verify::Options& options,
                                       const chaindb::PageImage& image) {
        const verify::Source source{[&image] { return chaindb::sqlite::Connection::open_image(image); }};
        return verify::verify_chain(source, options, context.progress());
    }

    verify::Report verify_backup(Context& context, const verify::Options& options) const {
        const auto repository = open_repository(context);
        const repository::Manifest manifest =
            find_backup(context, repository, backup_, "bt2c-dr verify-integrity --backup");
        if (options.check_pages && manifest.image && manifest.image->bytes() >= laid_out_bytes_min)
            if (auto report = verify_laid_out(context, options, repository, manifest))
                return *std::move(report);
        const repository::ImageReader reader(repository, manifest);
        return verify_image(
            context, options,
            {{reader.image().page_size, reader.image().page_count},
             [&reader](std::uint32_t page, base::MutableBytes out) { reader.read_pages(page, out); }});
    }

    /// Whoever follows an index jumps about in the image, and each jump costs a group of pages out of the
    /// repository. So a large image is put into a scratch folder for as long. Nothing where that cannot be:
    /// then it takes many times as long, and of a damaged backup all that can be read is checked.
    static std::optional<verify::Report> verify_laid_out(Context& context, const verify::Options& options,
                                                         const repository::Repository& repository,
                                                         const repository::Manifest& manifest) {
        try {
            const platform::ScratchFolder scratch(
                place_for_proof(repository, manifest, scratch_places(context)), "bt2c-verify");
            platform::DurableFile file(scratch.path() / "image", 0600);
            const base::Stopwatch watch;
            restore::source_of_backup(repository, manifest).database->write(file, context.progress());
            auto report = verify_image(context, options, chaindb::sqlite::image_of_file(file.temporary()));
            report.duration_seconds = watch.seconds();
            return report;
        } catch (const base::Error& error) {
            if (error.kind() == base::ErrorKind::interrupted || error.kind() == base::ErrorKind::usage) throw;
            context.progress().note(
                base::format("it is checked inside the repository, which takes longer: {}",
                             error.cause().empty() ? error.message() : error.cause()));
            return std::nullopt;
        }
    }

    static void print(Output& out, const verify::Report& report) {
        const auto summary = [&](const verify::NetworkSummary& network) {
            out.line("{}: height {}, {} blocks ({} proved, {} unproved), {} transactions, {} validators",
                     base::printable(network.network),
                     network.height ? std::to_string(*network.height) : std::string("none"),
                     human_count(network.blocks), human_count(network.proved_blocks),
                     human_count(network.unproved_blocks), human_count(network.transactions),
                     human_count(network.validators));
        };
        for (const verify::NetworkSummary& network : report.networks) summary(network);
        if (report.networks.empty()) out.line("There are no blocks.");
        Table table(
            {{"CHECK"}, {"RESULT"}, {"FINDINGS", Column::Align::right}, {"", Column::Align::left, true}});
        for (const verify::CheckResult& check : report.checks) {
            const Style style = check.status == verify::CheckStatus::pass   ? Style::green
                                : check.status == verify::CheckStatus::fail ? Style::red
                                                                            : Style::yellow;
            table.row({std::string(verify::check_name(check.check)),
                       Cell(std::string(verify::status_name(check.status)), style),
                       check.count ? human_count(check.count) : std::string(), check.reason});
        }
        out.line();
        out.table(table);
        for (const verify::CheckResult& check : report.checks) {
            if (check.examples.empty()) continue;
            out.line("\n{}", out.styled(Style::bold, verify::check_name(check.check)));
            for (const verify::Finding& finding : check.examples) print_finding(out, finding);
            if (check.count > check.examples.size())
                out.line("  … and {} more; --all shows them",
                         human_count(check.count - check.examples.size()));
        }
        if (report.ok)
            out.line("\n{} in {}.", out.styled(Style::green, "No problem found"),
                     base::human_duration(report.duration_seconds));
        else
            out.line("\n{} in {}. 'bt2c-dr list-backups' shows what can be restored.",
                     out.styled(Style::red, "Problems were found"),
                     base::human_duration(report.duration_seconds));
    }

    static void print_finding(Output& out, const verify::Finding& finding) {
        out.line("  {}{}{}: {}", finding.table, finding.key.empty() ? "" : " " + finding.key,
                 finding.height ? base::format(" at height {}", *finding.height) : std::string(),
                 finding.text);
        if (!finding.expected.empty()) out.line("    expected {}", finding.expected);
        if (!finding.found.empty()) out.line("    found    {}", finding.found);
    }

    std::string backup_;
    bool all_ = false;
    bool skip_pages_ = false;
};

}  // namespace

std::unique_ptr<Command> verify_integrity_command() {
    return std::make_unique<VerifyIntegrityCommand>();
}

}  // namespace bt2c::cli
