// What a backup in a repository offers to a restore.

#include <gtest/gtest.h>

#include <limits>

#include "repository/repository.hpp"
#include "restore/source.hpp"
#include "storage/memory/memory_location.hpp"

namespace bt2c::restore::testing {
namespace {

using repository::Manifest;
using repository::Repository;

class BackupSource : public ::testing::Test {
 protected:
    static Repository made() {
        std::vector<Repository::LabelledSecret> slots;
        slots.push_back(
            {{repository::SlotKind::key_file, crypto::SecretBytes::copy_of(base::Bytes(32, 7))}, "test"});
        return Repository::init(std::make_shared<storage::memory::MemoryLocation>(), slots);
    }
    bool in_flight(std::initializer_list<std::int64_t> heights) const {
        Manifest manifest;
        manifest.image.emplace();
        for (const std::int64_t height : heights) manifest.networks.emplace_back().height = height;
        const RestoreSource source = source_of_backup(repository_, manifest);
        return source.database->write_proved != nullptr;
    }
    const Repository repository_ = made();
};

TEST_F(BackupSource, OnlyChainsThatFitInMemoryAreProvedWhileTheyAreWritten) {
    EXPECT_TRUE(in_flight({}));
    EXPECT_TRUE(in_flight({399'999}));
    EXPECT_FALSE(in_flight({400'000}));
    EXPECT_FALSE(in_flight({200'000, 200'000}));
    EXPECT_FALSE(in_flight({std::numeric_limits<std::int64_t>::max(), 1}));
}

TEST_F(BackupSource, OfAnUnreadableDatabaseOnlyItsOwnFilesComeBack) {
    Manifest manifest;
    for (const char* path : {"data/blockchain.db", "data/blockchain.db-wal", "data/blockchain.db-shm",
                             "data/blockchain.db.d/../../evil", "data/blockchain.dbx"})
        manifest.files.emplace_back().path = path;
    manifest.files.emplace_back().path = "data/blockchain.db-journal";
    manifest.files.back().kind = repository::FileKind::link;
    const RestoreSource source = source_of_backup(repository_, manifest);
    ASSERT_TRUE(source.database.has_value());
    ASSERT_EQ(source.database->sidecars.size(), 1U);
    EXPECT_EQ(source.database->sidecars[0].suffix, "-wal");
    EXPECT_TRUE(source.files.empty());
    manifest.files.front().kind = repository::FileKind::link;
    EXPECT_FALSE(source_of_backup(repository_, manifest).database.has_value());
}

}  // namespace
}  // namespace bt2c::restore::testing
