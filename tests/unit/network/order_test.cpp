// [N1] The form of orders.

#include "network/order.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.hpp"
#include "support/temporary_folder.hpp"
#include "unit/network/policy.hpp"

namespace bt2c::network {
namespace {

using test::issued;
using test::pause_order;
using test::resume_order;
using test::signed_by;
using testing::HasSubstr;

std::string altered(std::string text, std::string_view from, std::string_view to) {
    const std::size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

std::string cause_of(const std::string& text) {
    try {
        Order::parse(text);
    } catch (const base::Error& error) {
        EXPECT_EQ(error.kind(), base::ErrorKind::failed);
        EXPECT_EQ(error.message(), "the order is damaged");
        return error.cause();
    }
    return {};
}

TEST(Order, ComesBackAsItWasSigned) {
    for (const Order& order :
         {signed_by(pause_order(), {"alice", "bob"}), signed_by(resume_order(), {"carol"}), pause_order()}) {
        const Order read = Order::parse(order.text());
        EXPECT_EQ(read.text(), order.text());
        EXPECT_TRUE(read.is(order));
        EXPECT_EQ(Order::parse(order.text() + "\n").text(), order.text());
    }
    const Order read = Order::parse(signed_by(pause_order(), {"alice"}).text());
    EXPECT_EQ(read.action, Action::pause);
    EXPECT_EQ(read.pause_until, issued + 4 * test::hour);
    EXPECT_EQ(read.reason, "two forks, \"deep\" \xc3\xa9");
    EXPECT_TRUE(verifies(read, read.signatures[0], read.signatures[0].public_key));
}

TEST(Order, SaysWhatItIsForInWhatIsSigned) {
    const Order order = pause_order(3);
    EXPECT_EQ(order.signed_text("alice", issued),
              R"({"purpose":"bt2c network order","version":1,"network":"mainnet","genesis_hash":")" +
                  test::genesis +
                  R"(","action":"pause","scope":"all","sequence":3,"issued_at":"2026-09-21T14:13:20Z",)"
                  R"("expires_at":"2026-09-21T14:28:20Z","pause_until":"2026-09-21T18:13:20Z","resumes":0,)"
                  "\"reason\":\"two forks, \\\"deep\\\" \xc3\xa9\",\"incident\":\"INC-7\","
                  R"("signer":"alice","signed_at":"2026-09-21T14:13:20Z"})");
}

TEST(Order, HasOneIdWhoeverSigns) {
    const Order order = pause_order();
    EXPECT_EQ(order.id().size(), 16U);
    EXPECT_EQ(signed_by(order, {"alice"}).id(), order.id());
    EXPECT_NE(pause_order(2).id(), order.id());
}

TEST(Order, HasOneFormOnly) {
    const std::string text = signed_by(pause_order(), {"alice"}).text();
    const std::string form = "it is not written in the one form that orders have";
    EXPECT_EQ(cause_of(altered(text, "\"version\":1", "\"version\": 1")), form);
    EXPECT_EQ(cause_of(altered(text, "\"version\":1", "\"version\":1,\"version\":1")), form);
    // A second member of that name, which one reader takes and the other does not.
    EXPECT_EQ(cause_of(altered(text, "\"scope\":\"all\"", "\"scope\":\"one\",\"scope\":\"all\"")), form);
    EXPECT_EQ(cause_of(altered(text, "\"version\":1", "\"version\":1,\"extra\":true")), form);
    EXPECT_EQ(cause_of(altered(text, "mainnet", "m\\u0061innet")), form);
    EXPECT_EQ(cause_of(text + "\n\n"), form);
    EXPECT_EQ(cause_of(altered(text, "\"signer\":\"alice\"", "\"signer\":\"alice\",\"note\":\"\"")), form);
}

TEST(Order, MalformedOnesAreDamaged) {
    const std::string text = signed_by(pause_order(), {"alice"}).text();
    const std::string resume = resume_order().text();
    const std::string long_reason(reason_bytes_max + 1, 'x');
    const std::pair<std::string, std::string> cases[] = {
        {"", "malformed JSON"},
        {"[]", "'purpose'"},
        {text.substr(0, text.size() / 2), "malformed JSON"},
        {std::string(order_bytes_max + 1, ' '), "longer than 65536 bytes"},
        {altered(text, "bt2c network order", "bt2c key rotation"), "no order to a network"},
        {altered(text, "\"version\":1", "\"version\":2"), "no order to a network"},
        {altered(text, "mainnet", "main net"), "no name of a network"},
        {altered(text, "aaaa\"", "aaaA\""), "genesis_hash is no hash"},
        {altered(text, "\"pause\"", "\"halt\""), "action is not"},
        {altered(text, "\"scope\":\"all\"", "\"scope\":\"bt2c_x\""), "its scope must be 'all'"},
        {altered(text, "\"scope\":\"all\"", "\"scope\":\"\""), "its scope is neither"},
        {altered(text, "\"sequence\":1", "\"sequence\":0"), "sequence is not 1 to 2^53"},
        {altered(text, "\"sequence\":1", "\"sequence\":9007199254740993"), "sequence is not 1 to 2^53"},
        {altered(text, "\"sequence\":1", "\"sequence\":1.5"), "'sequence' is not an integer"},
        {altered(text, "14:28:20Z", "14:78:20Z"), "expires_at is no time"},
        {altered(text, "2026-09-21T14:28:20Z", "2026-09-21T14:13:20Z"), "does not expire after"},
        {altered(text, "2026-09-21T18:13:20Z", ""), "a pause without a time"},
        {altered(text, "2026-09-21T18:13:20Z", "2026-09-21T14:13:20Z"), "a pause without a time"},
        {altered(text, "\"resumes\":0", "\"resumes\":1"), "names a pause to end"},
        {altered(resume, "\"resumes\":1", "\"resumes\":0"), "does not name an earlier pause"},
        {altered(resume, "\"resumes\":1", "\"resumes\":2"), "does not name an earlier pause"},
        {altered(resume, "\"pause_until\":\"\"", "\"pause_until\":\"2026-09-21T18:13:20Z\""),
         "has an end of a pause"},
        {altered(text, "two forks", long_reason), "reason is longer"},
        {altered(text, "INC-7", long_reason.substr(0, 65)), "incident is longer"},
        {altered(text, "\"signer\":\"alice\"", "\"signer\":\"al ice\""), "one of its signatures"},
        {altered(text, "\"signature\":\"", "\"signature\":\"=="), "signature is not base64"},
        {altered(text, "\"signatures\":[", "\"signatures\":[1,"), "signer"},
    };
    for (const auto& [bad, why] : cases) EXPECT_THAT(cause_of(bad), HasSubstr(why)) << bad.substr(0, 200);
}

TEST(Order, HasABoundedNumberOfSignatures) {
    Order order = pause_order();
    for (std::size_t i = 0; i < order_signatures_max; ++i)
        sign_order(order, test::signer_called("m" + std::to_string(i)), issued);
    EXPECT_NO_THROW(Order::parse(order.text()));
    EXPECT_THROW(sign_order(order, test::signer_called("onemore"), issued), base::Error);
    order.signatures.push_back(order.signatures[0]);
    EXPECT_THAT(cause_of(order.text()), HasSubstr("more than 32 signatures"));
}

TEST(Order, IsNotSignedTwiceNorWithAnotherKey) {
    Order order = signed_by(pause_order(), {"alice"});
    const std::string before = order.text();
    EXPECT_THROW(sign_order(order, test::signer_called("alice"), issued), base::Error);
    EXPECT_THROW(sign_order(order, test::signer_called("alias", "alice"), issued), base::Error);
    OrderSigner mixed_up = test::signer_called("bob");
    mixed_up.public_key = test::signer_called("carol").public_key;
    EXPECT_THROW(sign_order(order, mixed_up, issued), base::Error);
    EXPECT_EQ(order.text(), before);
}

TEST(Order, IsOnlySignedInASoundForm) {
    Order order = pause_order();
    order.pause_until = 0;
    try {
        sign_order(order, test::signer_called("alice"), issued);
        ADD_FAILURE();
    } catch (const base::Error& error) {
        EXPECT_EQ(error.kind(), base::ErrorKind::usage);
    }
}

TEST(Order, TravelsAsAFile) {
    const support::TemporaryFolder folder;
    const Order order = signed_by(pause_order(), {"alice"});
    write_order(folder / "order.json", order, false);
    EXPECT_EQ(read_order(folder / "order.json").text(), order.text());
    EXPECT_THROW(write_order(folder / "order.json", pause_order(), false), base::Error);
    write_order(folder / "order.json", pause_order(), true);
    EXPECT_TRUE(read_order(folder / "order.json").signatures.empty());
    folder.write("big", std::string(order_bytes_max + 1, ' '));
    EXPECT_THROW(read_order(folder / "big"), base::Error);
    try {
        static_cast<void>(read_order(folder / "gone"));
        FAIL();
    } catch (const base::Error& error) {
        EXPECT_FALSE(error.state().empty());
        EXPECT_FALSE(error.hint().empty());
    }
}

}  // namespace
}  // namespace bt2c::network
