// [B1] Captures of a database that another process keeps writing, in every journal mode.

#include <gtest/gtest.h>

#include <iostream>

#include "base/time.hpp"
#include "ledger.hpp"
#include "support/temporary_folder.hpp"

namespace bt2c::chaindb::testing {
namespace {

using sqlite::LiveDatabase;

struct Case {
    std::string name;
    LedgerPlan plan;
    int slice_ms = 150;
};

class LiveWriters : public ::testing::TestWithParam<Case> {};

TEST_P(LiveWriters, EveryImageIsOneCommit) {
    const LedgerPlan& plan = GetParam().plan;
    const support::TemporaryFolder folder;
    make_ledger(folder / "chain.db", plan);
    Child writer(ledger_writer(folder / "chain.db", plan));
    writer.wait_for_commits(5);

    int disturbed_passes = 0, captures = 0;
    {
        const auto live = LiveDatabase::open(folder / "chain.db", {.slice_ms = GetParam().slice_ms});
        EXPECT_EQ(live->journal_mode(), plan.journal == "wal" ? "wal" : "rollback");
        const int commits_before = writer.report().commits;
        for (const base::Stopwatch watch; captures < 12 || (watch.seconds() < 0.4 && captures < 100);
             ++captures) {
            bool disturbed = false;
            const base::Bytes image = capture(*live, &disturbed);
            disturbed_passes += disturbed;
            ASSERT_EQ(faults_of_image(image, folder.path()), "") << "capture " << captures;
        }
        EXPECT_GT(writer.report().commits, commits_before) << "the writer got no chance";
        EXPECT_EQ(live->is_wal() && disturbed_passes > 0, false);
    }
    writer.stop();
    EXPECT_EQ(writer.report().failures, 0) << writer.report().failure;
    EXPECT_LT(writer.report().longest_us, longest_commit_us);
    auto left_behind = sqlite::Connection::open(folder / "chain.db", sqlite::Connection::Mode::read_write);
    EXPECT_EQ(faults_of(left_behind), "");
    std::cout << GetParam().name << ": " << captures << " captures, " << disturbed_passes << " disturbed, "
              << writer.report().commits << " commits, the longest took "
              << static_cast<double>(writer.report().longest_us) / 1000 << " ms\n";
}

INSTANTIATE_TEST_SUITE_P(
    Journals, LiveWriters,
    ::testing::Values(
        Case{"Delete", {}}, Case{"Truncate", {.journal = "truncate"}},
        Case{"Persist", {.journal = "persist"}},
        // Slices far shorter than a pass, so that writers come between them.
        Case{"ShortSlices", {.rows = 6000, .pause_us = 0}, 1},
        Case{"ShortSlicesVacuum", {.rows = 3000, .vacuum_every = 15, .pause_us = 0}, 1},
        Case{"SpilledCache", {.cache_pages = 5, .rows = 1000, .rows_per_commit = 150}},
        Case{"RollbackVacuum", {.vacuum_every = 10}},
        Case{"RollbackIncrementalVacuum", {.vacuum_every = 6, .incremental = true}},
        Case{"RollbackPages512", {.page_size = 512}}, Case{"RollbackPages65536", {.page_size = 65536}},
        Case{"Wal", {.journal = "wal"}},
        Case{"WalRestartedAtOnce", {.journal = "wal", .autocheckpoint = 1, .pause_us = 2000}},
        Case{"WalNeverCheckpointed", {.journal = "wal", .autocheckpoint = 0, .pause_us = 3000}},
        Case{"WalBusy", {.journal = "wal", .autocheckpoint = 100, .rows = 3000, .pause_us = 0}},
        Case{"WalSpilledCache", {.journal = "wal", .cache_pages = 5, .rows = 1000, .rows_per_commit = 150}},
        Case{"WalVacuum", {.journal = "wal", .vacuum_every = 10}},
        Case{"WalIncrementalVacuum", {.journal = "wal", .vacuum_every = 6, .incremental = true}},
        Case{"WalPages512", {.journal = "wal", .page_size = 512}},
        Case{"WalPages65536", {.journal = "wal", .page_size = 65536}}),
    [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace bt2c::chaindb::testing
