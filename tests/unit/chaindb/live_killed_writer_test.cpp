// [B1] What a writer leaves that was killed at a random moment: a hot journal, a torn log.

#include <gtest/gtest.h>

#include <chrono>
#include <iostream>
#include <thread>

#include "ledger.hpp"
#include "platform/file.hpp"
#include "support/temporary_folder.hpp"

namespace bt2c::chaindb::testing {
namespace {

using sqlite::Connection;
using sqlite::LiveDatabase;

class KilledWriter : public ::testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Journals, KilledWriter, ::testing::Values("delete", "truncate", "persist", "wal"));

TEST_P(KilledWriter, ImageIsTheLastCommit) {
    const std::string journal = GetParam();
    LedgerPlan plan;
    plan.journal = journal;
    plan.cache_pages = 5;  // most of the time pages that are not committed stand in the file
    plan.rows = 600;
    plan.rows_per_commit = 100;
    plan.pause_us = 0;
    const support::TemporaryFolder folder;
    make_ledger(folder / "chain.db", plan);
    int left_something = 0;
    for (int round = 0; round < 12; ++round) {
        {
            Child writer(ledger_writer(folder / "chain.db", plan));
            writer.wait_for_commits(1);
            std::this_thread::sleep_for(std::chrono::microseconds(1700 * round % 13'000));
            writer.kill();
        }
        const std::string rest = (folder / "chain.db").native() + (journal == "wal" ? "-wal" : "-journal");
        // The first byte of a journal that is done with is zero or not there.
        if (std::filesystem::exists(rest) && std::filesystem::file_size(rest) > 0)
            left_something += platform::read_file(rest, 1 << 28)[0] != 0;
        base::Bytes image;
        {
            const auto live = LiveDatabase::open(folder / "chain.db");
            image = capture(*live);
        }
        ASSERT_EQ(faults_of_image(image, folder.path()), "") << "round " << round;
        auto database = Connection::open(folder / "chain.db", Connection::Mode::read_write);
        ASSERT_EQ(faults_of(database), "") << "round " << round;
    }
    std::cout << journal << ": " << left_something << " of 12 killed writers left a journal to deal with\n";
    EXPECT_GT(left_something, 0) << "the case that this test is about";
}

TEST(KilledWriterBeforeAnotherGoesOn, ImagesStaySound) {
    for (const char* journal : {"delete", "wal"}) {
        LedgerPlan plan;
        plan.journal = journal;
        plan.cache_pages = 20;
        plan.rows_per_commit = 40;
        const support::TemporaryFolder folder;
        make_ledger(folder / "chain.db", plan);
        Child steady(ledger_writer(folder / "chain.db", plan));
        // Made before the capture opens the file, killed while it runs.
        std::vector<std::unique_ptr<Child>> victims;
        for (int i = 0; i < 3; ++i)
            victims.push_back(std::make_unique<Child>(ledger_writer(folder / "chain.db", plan)));
        steady.wait_for_commits(3);
        const auto live = LiveDatabase::open(folder / "chain.db");
        for (auto& victim : victims) {
            for (int i = 0; i < 3; ++i)
                ASSERT_EQ(faults_of_image(capture(*live), folder.path()), "") << journal;
            victim->kill();
            for (int i = 0; i < 3; ++i)
                ASSERT_EQ(faults_of_image(capture(*live), folder.path()), "") << journal;
        }
        steady.stop();
        EXPECT_EQ(steady.report().failures, 0) << steady.report().failure;
    }
}

}  // namespace
}  // namespace bt2c::chaindb::testing
