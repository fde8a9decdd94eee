// A validator's watermark only rises, and a lock stays until it is taken away.

#include "keys/signing_state.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "base/error.hpp"
#include "platform/file.hpp"
#include "support/power_loss.hpp"
#include "support/temporary_folder.hpp"

namespace bt2c::keys {
namespace {

namespace fs = std::filesystem;
using base::Error;
using testing::HasSubstr;

class SigningState : public testing::Test {
 protected:
    void put(const fs::path& file, const std::string& text) const { std::ofstream(file) << text; }
    fs::path watermark() const { return home_.network() / "watermark-devnet-bt2c_abc.json"; }

    support::TemporaryFolder folder_;
    config::Home home_{folder_.path()};
    SigningIdentity identity_{"devnet", std::string(64, 'a'), "bt2c_abc"};
};

TEST_F(SigningState, AWatermarkRisesAndNeverFalls) {
    EXPECT_EQ(read_watermark(home_, identity_), std::nullopt);
    raise_watermark(home_, identity_, 7);
    EXPECT_EQ(read_watermark(home_, identity_), 7);
    raise_watermark(home_, identity_, 3);
    EXPECT_EQ(read_watermark(home_, identity_), 7);
    raise_watermark(home_, identity_, 8);
    EXPECT_EQ(read_watermark(home_, identity_), 8);
    EXPECT_EQ(fs::status(watermark()).permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(SigningState, KeysAndNetworksHaveTheirOwn) {
    raise_watermark(home_, identity_, 7);
    SigningIdentity other = identity_;
    other.network = "test/../net";
    raise_watermark(home_, other, 5);
    EXPECT_EQ(read_watermark(home_, identity_), 7);
    EXPECT_EQ(read_watermark(home_, other), 5);
    ASSERT_EQ(all_watermarks(home_).size(), 2U);
    EXPECT_EQ(all_watermarks(home_)[1].identity.network, "test/../net");
}

TEST_F(SigningState, AnotherChainsWatermarkIsNoPermission) {
    raise_watermark(home_, identity_, 7);
    SigningIdentity other = identity_;
    other.genesis_hash = std::string(64, 'b');
    EXPECT_THROW(read_watermark(home_, other), Error);
    EXPECT_THROW(raise_watermark(home_, other, 9), Error);
    EXPECT_EQ(read_watermark(home_, identity_), 7);
}

TEST_F(SigningState, ADamagedWatermarkIsNoPermission) {
    fs::create_directory(home_.network());
    for (const char* text :
         {"", "{}", "{\"version\": 1}", "not json",
          R"({"version":1,"network":"devnet","genesis_hash":"a","address":"bt2c_abc","height":"-1"})",
          R"({"version":1,"network":"devnet","genesis_hash":"a","address":"bt2c_abc","height":"1x"})",
          R"({"version":1,"network":"devnet","genesis_hash":"a","address":"bt2c_abc","height":7})",
          R"({"version":2,"network":"devnet","genesis_hash":"a","address":"bt2c_abc","height":"7"})"}) {
        put(watermark(), text);
        EXPECT_THROW(read_watermark(home_, identity_), Error) << text;
        EXPECT_THROW(raise_watermark(home_, identity_, 100), Error) << text;
        EXPECT_THROW(all_watermarks(home_), Error) << text;
    }
}

TEST_F(SigningState, ALockStaysWithItsFirstReason) {
    EXPECT_FALSE(signing_lock(home_));
    EXPECT_FALSE(unlock_signing(home_));
    lock_signing(home_, "restored backup 40dc1520");
    lock_signing(home_, "again");
    ASSERT_TRUE(signing_lock(home_));
    EXPECT_EQ(signing_lock(home_)->reason, "restored backup 40dc1520");
    EXPECT_GT(signing_lock(home_)->since, 0);
    EXPECT_TRUE(unlock_signing(home_));
    EXPECT_FALSE(signing_lock(home_));
}

TEST_F(SigningState, ALockThatCannotBeReadIsALock) {
    fs::create_directory(home_.network());
    for (const char* text : {"", "{}", R"({"since":"today","reason":"x"})"}) {
        put(home_.network() / "signing-lock.json", text);
        ASSERT_TRUE(signing_lock(home_)) << text;
        EXPECT_THAT(signing_lock(home_)->reason, HasSubstr("cannot be read"));
    }
    fs::remove(home_.network() / "signing-lock.json");
    fs::create_symlink("/nowhere", home_.network() / "signing-lock.json");
    EXPECT_TRUE(signing_lock(home_));
}

}  // namespace
}  // namespace bt2c::keys
