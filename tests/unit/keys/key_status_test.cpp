// [K3] Ages of keys, the node's configuration after a rotation, and the history of keys.

#include "keys/key_status.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "keys/config_address.hpp"
#include "keys/key_history.hpp"
#include "support/temporary_folder.hpp"

namespace bt2c::keys {
namespace {

using chaindb::sqlite::Connection;
using support::TemporaryFolder;

constexpr const char* old_address = "bt2c_ilglu3mcvs7s6eruv2p72ymepu";
constexpr const char* new_address = "bt2c_zmav5edjfrkm5xayqtgfpfkg2q";

base::UnixMs at(const std::string& text) {
    const auto time = base::parse_utc(text);
    EXPECT_TRUE(time) << text;
    return time.value_or(0);
}

TEST(MonthsAfter, IsTheSameDayOrTheMonthsLast) {
    EXPECT_EQ(months_after(at("2026-01-15T02:03:04.005Z"), 6), at("2026-07-15T02:03:04.005Z"));
    EXPECT_EQ(months_after(at("2026-08-31T02:00:00Z"), 6), at("2027-02-28T02:00:00Z"));
    EXPECT_EQ(months_after(at("2027-08-31T02:00:00Z"), 6), at("2028-02-29T02:00:00Z"));
    EXPECT_EQ(months_after(at("2026-12-01T00:00:00Z"), 1), at("2027-01-01T00:00:00Z"));
}

class KeyStatusOf : public testing::Test {
 protected:
    KeyStatusOf() {
        database_.execute(
            "CREATE TABLE validators (address, stake, joined_at, network_type, status);"
            "CREATE TABLE key_rotations (id INTEGER PRIMARY KEY, network_type, old_address, new_address, "
            "compromised, "
            "reason, rotated_at, record);");
        // The older kind, since it needs no public key.
        for (const char* address : {old_address, new_address})
            folder_.write(std::string("wallets/") + address + ".json",
                          std::string("{\"address\":\"") + address +
                              "\",\"encrypted_key\":\"AAAAAAAAAAAAAAAAAAAAAA==\",\"salt\":\"AAAA\",\"iv\":"
                              "\"AAAAAAAAAAAAAAAAAAAAAA==\",\"seed_phrase_hint\":null}");
    }

    std::vector<KeyStatus> statuses(const std::vector<repository::Manifest>& backups = {}) {
        return key_status(home_, {&database_, &backups}, 6);
    }

    const TemporaryFolder folder_;
    const config::Home home_{folder_.path()};
    Connection database_ = Connection::open(folder_ / "chain.db", Connection::Mode::create);
};

TEST_F(KeyStatusOf, AValidatorsKeyIsDueHalfAYearAfterItJoined) {
    database_.execute(std::string("INSERT INTO validators VALUES ('") + old_address +
                      "', 5, '2025-04-06 01:02:03.000000', 'mainnet', 'ACTIVE')");
    const auto found = statuses();
    ASSERT_EQ(found.size(), 2U);
    EXPECT_EQ(found[0].address, old_address);
    EXPECT_EQ(found[0].source, KeyStatus::Source::wallet);
    EXPECT_EQ(found[0].since, at("2025-04-06T01:02:03Z"));
    EXPECT_EQ(found[0].due, at("2025-10-06T01:02:03Z"));
    EXPECT_FALSE(found[1].due) << "it is no validator's";
}

TEST_F(KeyStatusOf, BackupsAreCountedAndTellAges) {
    repository::Manifest first, second, third;
    first.finished_at = at("2025-01-01T00:00:00Z");
    second.finished_at = at("2025-02-01T00:00:00Z");
    third.finished_at = at("2025-03-01T00:00:00Z");
    for (repository::Manifest* backup : {&first, &second})
        backup->files.emplace_back().path = std::string("wallets/") + old_address + ".json";
    const auto found = statuses({second, first, third});
    EXPECT_EQ(found[0].copies, 2U);
    EXPECT_EQ(found[0].since, at("2025-01-01T00:00:00Z"));
    EXPECT_EQ(found[0].newest_copy, at("2025-02-01T00:00:00Z"));
    EXPECT_EQ(found[1].copies, 0U);
}

TEST_F(KeyStatusOf, ARotationIsWhatCounts) {
    database_.execute(std::string("INSERT INTO validators VALUES ('") + new_address +
                      "', 5, '2025-04-06', 'mainnet', 'JAILED');" +
                      "INSERT INTO key_rotations VALUES (1, 'mainnet', '" + old_address + "', '" +
                      new_address + "', 0, '', 1743811500.0, '{}')");
    const auto found = statuses();
    EXPECT_EQ(found[0].followed_by, new_address);
    EXPECT_FALSE(found[0].due);
    EXPECT_EQ(found[1].since, 1743811500000);
    EXPECT_EQ(found[1].due, months_after(1743811500000, 6));
}

TEST_F(KeyStatusOf, BannedKeysAreNeverDueAndDamagedWalletsHideNothing) {
    database_.execute(std::string("INSERT INTO validators VALUES ('") + old_address +
                      "', 5, '2025-04-06', 'mainnet', 'TOMBSTONED')");
    folder_.write("wallets/broken.json", "{");
    const auto found = statuses();
    ASSERT_EQ(found.size(), 3U);
    EXPECT_EQ(found[0].address, "broken");
    EXPECT_EQ(found[0].source, KeyStatus::Source::unknown);
    EXPECT_NE(found[0].problem, "");
    EXPECT_EQ(found[1].address, old_address);
    EXPECT_FALSE(found[1].due);
}

TEST_F(KeyStatusOf, KeysInTokensAreListed) {
    remember_act(home_,
                 {at("2026-01-01T00:00:00Z"), KeyAct::Kind::in_token, "bt2c_aaaaaaaaaaaaaaaaaaaaaaaaaa", ""});
    remember_act(home_, {at("2026-01-01T00:00:00Z"), KeyAct::Kind::in_token, old_address, ""});
    const auto found = statuses();
    ASSERT_EQ(found.size(), 3U);
    EXPECT_EQ(found[0].source, KeyStatus::Source::token);
    EXPECT_EQ(found[1].source, KeyStatus::Source::wallet);
}

TEST(KeyHistory, KeepsActsInTheirOrder) {
    const TemporaryFolder folder;
    const config::Home home{folder.path()};
    EXPECT_TRUE(key_history(home).empty());
    remember_act(
        home, {at("2026-01-01T00:00:00Z"), KeyAct::Kind::recovered, old_address, "a \"reason\"\nin lines"});
    folder.write("keys/history.jsonl",
                 support::file_text(folder / "keys/history.jsonl") + "not a line of ours");
    remember_act(home, {at("2026-01-02T00:00:00Z"), KeyAct::Kind::given_up, new_address, ""});
    const auto acts = key_history(home);
    ASSERT_EQ(acts.size(), 2U);
    EXPECT_EQ(acts[0].reason, "a \"reason\"\nin lines");
    EXPECT_EQ(acts[1].kind, KeyAct::Kind::given_up);
    EXPECT_EQ(acts[1].at, at("2026-01-02T00:00:00Z"));
}

TEST(KeyHistory, ForgetsTheOldestBeyondItsBound) {
    const TemporaryFolder folder;
    const config::Home home{folder.path()};
    for (int i = 0; i < 5; ++i)
        remember_act(home, {at("2026-01-01T00:00:00Z"), KeyAct::Kind::recovered, std::to_string(i),
                            std::string(std::size_t{300} << 10, 'x')});
    const auto acts = key_history(home);
    ASSERT_EQ(acts.size(), 3U);
    EXPECT_EQ(acts[2].address, "4");
}

TEST(ReplaceAddress, InTextFilesOfTheConfigurationOnly) {
    const TemporaryFolder folder;
    const config::Home home{folder.path()};
    const std::string old_text(old_address);
    folder.write("config/validator.json",
                 "{\"a\": \"" + old_text + "\", \"b\": \"wallets/" + old_text + ".json\"}");
    folder.write("config/deep/other.json", "{}");
    folder.write("config/" + old_text + ".txt", "x");
    folder.write("elsewhere", old_text);
    std::filesystem::create_symlink("../elsewhere", folder / "config/link");
    folder.write("keys/node.key", "address " + old_text);
    folder.write("keys/history.jsonl", old_text);
    ::chmod((folder / "config/validator.json").c_str(), 0640);
    const ConfigChanges changes = replace_address(home, old_address, new_address);
    EXPECT_THAT(changes.changed, testing::ElementsAre(folder / "config/validator.json"));
    EXPECT_THAT(changes.left, testing::UnorderedElementsAre(folder / "config/link",
                                                            folder / ("config/" + old_text + ".txt"),
                                                            folder / "keys/node.key"));
    EXPECT_EQ(support::file_text(folder / "config/validator.json"),
              std::string("{\"a\": \"") + new_address + "\", \"b\": \"wallets/" + new_address + ".json\"}");
    EXPECT_EQ(std::filesystem::status(folder / "config/validator.json").permissions(),
              static_cast<std::filesystem::perms>(0640));
    EXPECT_EQ(support::file_text(folder / "elsewhere"), old_text);
    EXPECT_TRUE(replace_address(home, old_address, new_address).changed.empty());
}

}  // namespace
}  // namespace bt2c::keys
