// [N1] The keys of those who sign orders, in files and on tokens.

#include "network/signer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "crypto/base64.hpp"
#include "crypto/ed25519.hpp"
#include "platform/file.hpp"
#include "support/temporary_folder.hpp"
#include "unit/network/policy.hpp"
#include "unit/token/soft_token.hpp"

namespace bt2c::network {
namespace {

namespace fs = std::filesystem;
using base::ErrorKind;
using testing::ElementsAre;

constexpr std::string_view password = "a long password";

template <typename Call>
ErrorKind kind_of(Call call) {
    try {
        call();
    } catch (const base::Error& error) {
        return error.kind();
    }
    ADD_FAILURE() << "nothing was thrown";
    return ErrorKind::failed;
}

struct Signer : testing::Test {
    SignerFile make(const std::string& name) const {
        return create_signer(home, name, base::as_bytes(password));
    }
    support::TemporaryFolder folder;
    config::Home home{folder.path()};
};

TEST_F(Signer, SignsWithItsPassword) {
    const SignerFile made = make("alice");
    const fs::path file = signer_file(home, "alice");
    EXPECT_EQ(fs::status(file).permissions(), fs::perms::owner_read | fs::perms::owner_write);
    const SignerFile read = SignerFile::read(file);
    EXPECT_EQ(read.text(), made.text());
    Order order = test::pause_order();
    sign_order(order, read.open(base::as_bytes(password)), test::issued);
    EXPECT_TRUE(verifies(order, order.signatures[0], made.public_key));
    EXPECT_THAT(signer_names(home), ElementsAre("alice"));
}

TEST_F(Signer, TellsAWrongPassword) {
    const SignerFile made = make("alice");
    EXPECT_EQ(kind_of([&] { made.open(base::as_bytes("another password")); }), ErrorKind::wrong_secret);
    SignerFile damaged = made;
    damaged.sealed_seed[3] ^= 1;
    EXPECT_EQ(kind_of([&] { damaged.open(base::as_bytes(password)); }), ErrorKind::wrong_secret);
    damaged = made;
    damaged.public_key[3] ^= 1;
    EXPECT_EQ(kind_of([&] { damaged.open(base::as_bytes(password)); }), ErrorKind::failed);
}

TEST_F(Signer, IsNeverOverwritten) {
    const SignerFile made = make("alice");
    EXPECT_EQ(kind_of([&] { make("alice"); }), ErrorKind::failed);
    EXPECT_EQ(SignerFile::read(signer_file(home, "alice")).text(), made.text());
    EXPECT_EQ(kind_of([&] { make("../alice"); }), ErrorKind::usage);
    EXPECT_EQ(kind_of([&] { create_signer(home, "bob", base::as_bytes("short")); }), ErrorKind::usage);
    EXPECT_THAT(signer_names(home), ElementsAre("alice"));
}

TEST_F(Signer, HasNoSecretInItsFile) {
    make("alice");
    const std::string text = support::file_text(signer_file(home, "alice"));
    EXPECT_EQ(text.find(password), std::string::npos);
    EXPECT_NE(make("bob").salt, make("carol").salt);
}

TEST_F(Signer, DamagedFilesAreTold) {
    const std::string text = make("alice").text();
    const auto altered = [&](std::string_view from, std::string_view to) {
        std::string copy = text;
        const std::size_t at = copy.find(from);
        EXPECT_NE(at, std::string::npos) << from;
        return at == std::string::npos ? copy : copy.replace(at, from.size(), to);
    };
    for (const std::string& bad :
         {std::string(), std::string("{}"), text.substr(0, text.size() / 2),
          altered("bt2c order signer", "something else"), altered("\"version\":1", "\"version\":2"),
          altered("\"alice\"", "\"../x\""), altered("\"passes\":4", "\"passes\":4000"),
          altered("\"memory_bytes\":67108864", "\"memory_bytes\":99999999999"),
          altered("\"salt\":\"", "\"salt\":\"AAAA"), altered("\"sealed_seed\":\"", "\"sealed_seed\":\"AAAA"),
          altered("\"public_key\":\"", "\"public_key\":\"!")})
        EXPECT_EQ(kind_of([&] { SignerFile::parse(bad); }), ErrorKind::failed) << bad;
}

TEST_F(Signer, PrintsItsLinesOfAPolicy) {
    const std::string block = member_block(make("alice")) + member_block(make("bob"));
    const auto policy = config::parse_emergency_policy("network = \"mainnet\"\n" + block, "policy.toml");
    EXPECT_EQ(policy.find("alice")->public_key, SignerFile::read(signer_file(home, "alice")).public_key);
}

TEST_F(Signer, MayBeOnAToken) {
    token::test::SoftToken soft;
    if (!soft.problem().empty()) BT2C_SKIP_OR_FAIL(soft.problem());
    const SignerFile made = create_token_signer(home, "alice", soft.access());
    const SignerFile read = SignerFile::read(signer_file(home, "alice"));
    EXPECT_TRUE(read.on_token());
    EXPECT_EQ(read.text(), made.text());
    EXPECT_EQ(read.token_label, "validator");
    Order order = test::pause_order();
    sign_order(order, read.open(soft.access()), test::issued);
    EXPECT_TRUE(verifies(order, order.signatures[0], made.public_key));
    EXPECT_EQ(kind_of([&] { read.open(base::as_bytes(password)); }), ErrorKind::failed);
    EXPECT_EQ(kind_of([&] { create_token_signer(home, "alice", soft.access()); }), ErrorKind::failed);
    EXPECT_EQ(token::find_token(soft.access()).keys.size(), 1U);
}

TEST_F(Signer, LeavesNoKeyOnATokenWithoutItsFile) {
    token::test::SoftToken soft;
    if (!soft.problem().empty()) BT2C_SKIP_OR_FAIL(soft.problem());
    platform::set_file_step_hook([](const platform::FileStep& step) {
        if (step.kind == platform::FileStep::Kind::link) throw base::Error(ErrorKind::failed, "no disk");
    });
    EXPECT_EQ(kind_of([&] { create_token_signer(home, "alice", soft.access()); }), ErrorKind::failed);
    platform::set_file_step_hook({});
    EXPECT_TRUE(token::find_token(soft.access()).keys.empty());
}

}  // namespace
}  // namespace bt2c::network
