// [B1] Copies by reference, on file systems that have them, mounted for the test.

#include <gtest/gtest.h>

#include <cstdio>
#include <iostream>

#include "ledger.hpp"
#include "platform/file.hpp"
#include "support/mounted_disk.hpp"
#include "support/temporary_folder.hpp"

namespace bt2c::chaindb::testing {
namespace {

using sqlite::Connection;
using sqlite::Hold;
using sqlite::LiveDatabase;

class LiveReflink : public ::testing::TestWithParam<const char*> {
 protected:
    void SetUp() override {
        if (!mount_.problem().empty()) GTEST_SKIP() << mount_.problem();
    }
    const support::TemporaryFolder folder_;
    const support::MountedDisk mount_{GetParam()};
};
INSTANTIATE_TEST_SUITE_P(FileSystems, LiveReflink, ::testing::Values("btrfs", "xfs"));

TEST_P(LiveReflink, PassIsFrozenAndHoldsNobodyUp) {
    // In a child, whose descriptors, kept for its life, would keep the file system busy.
    Child child([&](Child::Report& report) {
        const auto expect = [&](bool good, const char* what) {
            if (!good && report.failures++ == 0)
                std::snprintf(report.failure, sizeof report.failure, "%s", what);
        };
        for (const char* journal : {"delete", "wal"}) {
            const std::filesystem::path path = mount_ / (std::string(journal) + ".db");
            LedgerPlan plan;
            plan.journal = journal;
            make_ledger(path, plan);
            Child writer(ledger_writer(path, plan));
            writer.wait_for_commits(3);
            const auto live = LiveDatabase::open(path);
            for (int i = 0; i < 15; ++i) {
                const ImageShape shape = live->begin_pass(Hold::whole);
                expect(live->frozen(), "the pass is not frozen");
                const int commits = writer.report().commits;
                writer.wait_for_commits(commits + 2);
                const base::Bytes image = read_image(*live, shape);
                expect(read_image(*live, shape) == image, "the copy moves");
                expect(live->end_pass(), "the pass was disturbed");
                expect(faults_of_image(image, folder_.path()).empty(), "the image is not sound");
            }
            writer.stop();
            expect(writer.report().failures == 0, "the writer saw an error");
            expect(writer.report().longest_us < longest_commit_us, "the writer was held up");
            std::cout << GetParam() << ", " << journal << ": the longest commit took "
                      << static_cast<double>(writer.report().longest_us) / 1000 << " ms\n"
                      << std::flush;
            // A log that is restarted, and a checkpoint, under a pass whose log was copied.
            unsigned random = 1;
            live->begin_pass(Hold::slices);
            Connection node = Connection::open(path, Connection::Mode::read_write, 0);
            const base::Bytes before = read_image(*live, live->shape());
            for (int i = 0; i < 3; ++i) {
                commit_once(node, plan, random);
                node.execute("PRAGMA wal_checkpoint(TRUNCATE)");
            }
            expect(read_image(*live, live->shape()) == before, "the copy moves under a checkpoint");
            expect(live->end_pass(), "the pass was disturbed");
            const bool scratch_left =
                std::distance(std::filesystem::directory_iterator(mount_.path()), {}) > 6;
            expect(!scratch_left, "scratch files were left");
        }
    });
    child.stop();
    EXPECT_EQ(child.report().failures, 0) << child.report().failure;
}

TEST_P(LiveReflink, PagesAreReadInPlaceWhenCopiesAreNotWanted) {
    Child child([&](Child::Report& report) {
        make_ledger(mount_ / "chain.db", {});
        const auto live = LiveDatabase::open(mount_ / "chain.db", {.reflink = false});
        const ImageShape shape = live->begin_pass(Hold::whole);
        if (live->frozen() || !faults_of_image(read_image(*live, shape), folder_.path()).empty())
            ++report.failures;
        live->end_pass();
    });
    child.stop();
    EXPECT_EQ(child.report().failures, 0) << child.report().failure;
}

}  // namespace
}  // namespace bt2c::chaindb::testing
