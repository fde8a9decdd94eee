// Where rows lie, and how much memory is allowed, must not change what is found.

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "base/text.hpp"
#include "sample/faults.hpp"
#include "unit/verify/test_chain.hpp"

namespace bt2c::verify {
namespace {

/// The report without its times.
std::string essence(const Report& report) {
    Report copy = report;
    copy.duration_seconds = 0;
    return to_json(copy).dump(true);
}

/// What is left of it when rows have other rowids.
std::string totals(Report report) {
    for (CheckResult& result : report.checks) result.examples.clear();
    return essence(report);
}

TEST(LimitsProperty, ScatteredRowsAndLittleMemoryChangeNothing) {
    EXPECT_TRUE(rc::check("any order of rows and any limits give the same report", [] {
        sample::ChainOptions options;
        options.networks = {"mainnet", "testnet"};
        options.blocks = 60;
        options.transactions_per_block = *rc::gen::inRange(1, 7);
        options.legacy_blocks = *rc::gen::inRange<std::int64_t>(0, 5);
        options.varied = *rc::gen::arbitrary<bool>();
        TestChain chain(options);
        // Faults that leave no trace of where rows lie.
        const char* const edits[] = {
            "SELECT 1",
            "UPDATE blocks SET nonce = nonce + 1 WHERE height IN (7, 30)",
            "UPDATE transactions SET hash = lower(hex(zeroblob(32))) WHERE rowid = 100",
            "DELETE FROM blocks WHERE height = 40",
            "UPDATE blocks SET merkle_root = hash WHERE height IN (20, 21)",
            "DELETE FROM transactions WHERE rowid BETWEEN 150 AND 160",
        };
        chain.sql(edits[*rc::gen::inRange<std::size_t>(0, std::size(edits))]);
        const std::string expected = essence(chain.verify());
        const std::string expected_totals = totals(chain.verify());

        Options limits;
        limits.threads = *rc::gen::inRange(1U, 4U);
        limits.rowids_per_range = *rc::gen::inRange<std::size_t>(1, 60);
        limits.blocks_max = *rc::gen::inRange<std::size_t>(5, 200);
        limits.leaves_max = *rc::gen::inRange<std::size_t>(14, 300);
        RC_ASSERT(essence(chain.verify(limits)) == expected);

        // Equal timestamps are told apart by rowid, so only their order is kept.
        const auto seed = *rc::gen::inRange(1, 1'000'000);
        chain.sql(base::format(
            "CREATE TABLE shuffled AS SELECT t.* FROM transactions t ORDER BY"
            " (rowid - (SELECT min(rowid) FROM transactions u WHERE u.block_hash IS t.block_hash)) * 1000000"
            " + (rowid * {}) % 999983; DELETE FROM transactions; INSERT INTO transactions SELECT * FROM "
            "shuffled",
            seed));
        RC_ASSERT(totals(chain.verify(limits)) == expected_totals);
        RC_ASSERT(totals(chain.verify()) == expected_totals);

        // Blocks whose rows come in another order than they were made: not all of it can be done in one walk.
        const char* const orders[] = {"height DESC", "(height * 7919) % 61", "height % 2, height"};
        chain.sql(
            base::format("CREATE TABLE other AS SELECT * FROM blocks ORDER BY {}; DELETE FROM blocks; "
                         "INSERT INTO blocks SELECT * FROM other",
                         orders[*rc::gen::inRange<std::size_t>(0, std::size(orders))]));
        RC_ASSERT(totals(chain.verify(limits)) == expected_totals);
        RC_ASSERT(totals(chain.verify()) == expected_totals);
    }));
}

}  // namespace
}  // namespace bt2c::verify
