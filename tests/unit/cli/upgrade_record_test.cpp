// What is kept between 'upgrade-check before' and 'after'. [I2]

#include "cli/upgrade_record.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "base/error.hpp"
#include "support/temporary_folder.hpp"

namespace bt2c::cli {
namespace {

class UpgradeRecordOf : public testing::Test {
 protected:
    UpgradeRecordOf() {
        chaindb::DatabaseFacts facts;
        facts.networks.push_back({"mainnet", 9, "tip", 10, 0, "genesis"});
        facts.evidence = {{"id", "height"}, 7, "digest"};
        facts.schema_objects.push_back({"trigger", "watcher", "blocks", "digest", "CREATE TRIGGER"});
        store_upgrade_record(home, "678f3218", facts);
    }
    void replace(const std::string& text, const std::string& by) const {
        std::stringstream contents;
        contents << std::ifstream(upgrade_record_file(home)).rdbuf();
        std::string record = contents.str();
        ASSERT_NE(record.find(text), std::string::npos);
        record.replace(record.find(text), text.size(), by);
        std::ofstream(upgrade_record_file(home)) << record;
    }

    support::TemporaryFolder folder;
    const config::Home home{folder / ""};
};

TEST_F(UpgradeRecordOf, NoAfterFoundItSoundUntilOneSaysSo) {
    EXPECT_FALSE(load_upgrade_record(home).found_sound);
    mark_upgrade_record(home, "another", true);
    EXPECT_FALSE(load_upgrade_record(home).found_sound);
    mark_upgrade_record(home, "678f3218", true);
    const UpgradeRecord record = load_upgrade_record(home);
    EXPECT_TRUE(record.found_sound);
    EXPECT_EQ(record.backup.id, "678f3218");
    EXPECT_EQ(record.facts.networks.at(0).tip_hash, "tip");
    EXPECT_EQ(record.facts.evidence.last_rowid, 7);
    EXPECT_EQ(record.facts.schema_objects.at(0).name, "watcher");
    mark_upgrade_record(home, "678f3218", false);
    EXPECT_FALSE(load_upgrade_record(home).found_sound);
}

TEST_F(UpgradeRecordOf, AnotherVersionIsNotComparedAndItsBackupIsKnown) {
    replace("\"version\": 4", "\"version\": 3");
    try {
        load_upgrade_record(home);
        FAIL() << "it was read";
    } catch (const base::Error& error) {
        EXPECT_THAT(error.hint(), testing::HasSubstr("bt2c-dr restore --backup 678f3218"));
    }
    EXPECT_EQ(load_upgrade_backup(home)->id, "678f3218");
}

}  // namespace
}  // namespace bt2c::cli
