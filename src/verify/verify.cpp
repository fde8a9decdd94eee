#include "verify/verify.hpp"

#include <algorithm>
#include <future>
#include <memory>

#include "base/error.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "verify/block_pass.hpp"
#include "verify/context.hpp"
#include "verify/continuity.hpp"
#include "verify/ledger.hpp"
#include "verify/page_check.hpp"
#include "verify/schema_check.hpp"
#include "verify/transaction_pass.hpp"
#include "verify/validator_check.hpp"

namespace bt2c::verify {

using chaindb::sqlite::Connection;

namespace {

/// Blocks and transactions in one walk through the database. False when that cannot be done; what the context
/// holds is worth nothing then.
bool check_chain_at_once(Context& context, const KnownValidators& validators) {
    Connection connection = context.source.open();
    // Not worth beginning with a chain that is plainly too tall; rows that were removed do not matter here.
    auto tallest = connection.try_prepare("SELECT max(_rowid_) FROM blocks");
    if (tallest && tallest->step() == chaindb::sqlite::Step::row &&
        tallest->integer(0) > static_cast<std::int64_t>(context.options.blocks_max))
        return false;
    BlockTable table;
    BlockStream stream(context, table);
    Ledger ledger;
    if (!TransactionPass(context, table, validators, ledger, 0, 1, &stream).run()) return false;
    check_order(context, table, 0, 1);
    check_gaps(context);
    ledger.judge(context);
    return true;
}

/// Blocks first and then transactions, in as many parts as memory demands.
void check_chain_in_parts(Context& context, const Schema& schema, const KnownValidators& validators) {
    BlockTable table;
    BlockPass blocks(context);
    Ledger ledger;
    const std::uint32_t parts = blocks.survey(table);
    for (std::uint32_t part = 0; part < parts; ++part) {
        if (parts > 1) blocks.load(table, part, parts);
        check_order(context, table, part, parts);
        if (!schema.transactions_missing.empty()) continue;
        TransactionPass(context, table, validators, ledger, part, parts).run();
    }
    check_gaps(context);
    ledger.judge(context);
}

void report_further_networks(Context& context) {
    if (!context.networks.overflowed()) return;
    FindingBook book(context.options.examples_max);
    book.add(Check::discontinuities, {}, [] {
        return Finding{"blocks",
                       "",
                       "",
                       std::nullopt,
                       base::format("at most {} networks", Networks::networks_max),
                       "more",
                       "the rows of further networks were not checked"};
    });
    context.merge(std::move(book));
}

/// How many rows a table has that is not checked row by row; 0 when it cannot be told.
std::uint64_t count_rows(Connection& connection, const char* table) {
    auto query = connection.try_prepare(base::format("SELECT count(*) FROM {}", table));
    if (!query || query->step() != chaindb::sqlite::Step::row) return 0;
    return static_cast<std::uint64_t>(query->integer(0));
}

std::string skip_reason(Check check, const Schema& schema, const Options& options) {
    switch (check) {
        case Check::missing_tables:
            return schema.unreadable ? "the database's list of tables cannot be read" : "";
        case Check::discontinuities:
        case Check::duplicate_blocks: return schema.blocks_missing;
        case Check::orphaned_transactions:
        case Check::merkle_roots:
        case Check::block_hashes:
        case Check::supply:
            return schema.blocks_missing.empty() ? schema.transactions_missing : schema.blocks_missing;
        case Check::invalid_validators: return schema.validators_missing;
        case Check::database_pages: break;
    }
    return options.check_pages ? "" : "not asked for";
}

NetworkSummary summary_of(const NetworkState& state, Connection& connection) {
    NetworkSummary summary;
    summary.network = base::printable(state.name);
    summary.blocks = state.blocks;
    summary.transactions = state.transactions;
    summary.validators = state.validators;
    summary.proved_blocks = state.proved;
    summary.unproved_blocks = state.unproved;
    if (state.tip) {
        summary.height = state.tip->height;
        summary.tip_hash = BlockLookup(connection).key_at(state.tip->rowid);
    }
    return summary;
}

/// Networks and totals. A network without blocks is no chain, and only its rows are counted.
void summarize(Context& context, Connection& connection, Report& report) {
    for (std::size_t id = 0; id < context.networks.size(); ++id) {
        const NetworkState& state = context.networks[static_cast<NetworkId>(id)];
        report.total.blocks += state.blocks;
        report.total.transactions += state.transactions;
        report.total.validators += state.validators;
        report.total.proved_blocks += state.proved;
        report.total.unproved_blocks += state.unproved;
        if (state.blocks > 0) report.networks.push_back(summary_of(state, connection));
    }
    std::sort(report.networks.begin(), report.networks.end(),
              [](const auto& a, const auto& b) { return a.network < b.network; });
    if (report.networks.size() != 1) return;
    report.total.network = report.networks[0].network;
    report.total.height = report.networks[0].height;
    report.total.tip_hash = report.networks[0].tip_hash;
}

/// Of a chain that is not there nothing can be said, least of all that it is sound.
void require_network(const Options& options, Connection& connection, const Report& report) {
    if (!options.network || !report.ok || !report.networks.empty()) return;
    std::string others;
    auto query = connection.try_prepare("SELECT DISTINCT network_type FROM blocks LIMIT 64");
    while (query && query->step() == chaindb::sqlite::Step::row)
        others += (others.empty() ? "" : ", ") + base::printable(query->text(0));
    throw base::Error(base::ErrorKind::usage,
                      base::format("cannot verify network {}: the database has no blocks of it",
                                   base::printable(*options.network)))
        .cause(others.empty() ? "it has no blocks at all" : "it has those of " + others)
        .state("nothing was changed")
        .hint("name another network with --network, or leave it out: then all are verified");
}

void fill_checks(Context& context, const Schema& schema, Report& report) {
    for (std::size_t i = 0; i < check_count; ++i) {
        const auto check = static_cast<Check>(i);
        CheckResult result;
        result.check = check;
        result.count = context.book.count(check);
        result.examples = context.book.take(check);
        const std::string reason = skip_reason(check, schema, context.options);
        if (result.count > 0) {
            result.status = CheckStatus::fail;
            report.ok = false;
        } else if (!reason.empty()) {
            result.status = CheckStatus::skipped;
            result.reason = reason;
        }
        report.checks.push_back(std::move(result));
    }
}

/// All but the page structure. Nothing when it cannot be done `at_once`: then in parts, with a new context.
std::optional<Schema> check_rows(Context& context, Connection& connection, bool at_once) {
    const Schema schema = check_schema(context, connection);
    KnownValidators validators;
    if (schema.validators_missing.empty()) validators = check_validators(context);
    if (!schema.blocks_missing.empty()) return schema;
    if (at_once && schema.transactions_missing.empty()) {
        if (!check_chain_at_once(context, validators)) return std::nullopt;
    } else {
        check_chain_in_parts(context, schema, validators);
    }
    return schema;
}

}  // namespace

Report verify_chain(const Source& source, const Options& asked, base::Progress& progress) {
    const base::Stopwatch watch;
    Options options = asked;
    options.threads = std::clamp(options.threads, 1U, 64U);
    Report report;
    // Beside the other checks: it keeps one processor busy for as long as they keep two.
    Context pages(source, options, progress);
    std::future<double> pages_checked;
    if (options.check_pages)
        pages_checked = std::async(std::launch::async, [&pages] {
            const base::Stopwatch pages_watch;
            check_pages(pages);
            return pages_watch.seconds();
        });
    Connection connection = source.open();
    auto checked = std::make_unique<Context>(source, options, progress);
    auto schema = check_rows(*checked, connection, true);
    if (!schema) {
        checked = std::make_unique<Context>(source, options, progress);
        schema = check_rows(*checked, connection, false);
    }
    Context& context = *checked;
    report_further_networks(context);
    report_damage(context);
    if (pages_checked.valid()) report.pages_seconds = pages_checked.get();
    context.merge(std::move(pages.book));
    summarize(context, connection, report);
    if (!schema->blocks_missing.empty() && !schema->unreadable && schema->transactions_missing.empty())
        report.total.transactions = count_rows(connection, "transactions");
    fill_checks(context, *schema, report);
    require_network(options, connection, report);
    report.duration_seconds = watch.seconds();
    return report;
}

}  // namespace bt2c::verify
