// [N1] Certificates of a network's nodes.

#include "crypto/certificate.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"

namespace bt2c::crypto {
namespace {

Validity some_days() {
    const base::UnixMs now = base::now_unix_ms();
    return {now - 60'000, now + 30 * 86'400'000LL};
}

TEST(Certificate, NamesItsNode) {
    const CertifiedKey authority = make_authority("devnet-authority", some_days());
    EXPECT_EQ(certificate_name(authority.certificate), "devnet-authority");
    const CertifiedKey node = issue_certificate(authority, "node-1", some_days());
    EXPECT_EQ(certificate_name(node.certificate), "node-1");
    EXPECT_TRUE(node.key.text().starts_with("-----BEGIN PRIVATE KEY-----"));
    EXPECT_NE(issue_certificate(authority, "node-1", some_days()).certificate, node.certificate);
}

TEST(Certificate, AnAuthorityIssuesWithItsOwnKeyOnly) {
    const CertifiedKey one = make_authority("one", some_days());
    const CertifiedKey other = make_authority("other", some_days());
    EXPECT_THROW(issue_certificate({one.certificate, other.key.copy()}, "node-1", some_days()), base::Error);
    EXPECT_THROW(issue_certificate({"nonsense", one.key.copy()}, "node-1", some_days()), base::Error);
    EXPECT_THROW(issue_certificate({one.certificate, SecretBytes()}, "node-1", some_days()), base::Error);
}

TEST(Certificate, NamesAreNoWayIn) {
    const CertifiedKey authority = make_authority("authority", some_days());
    for (const std::string& name : {std::string(), std::string("a,IP:10.0.0.1"), std::string("a b"),
                                    std::string("a\n"), std::string(64, 'a'), std::string("a\0b", 3)})
        EXPECT_THROW(issue_certificate(authority, name, some_days()), base::Error) << name;
    EXPECT_THROW(certificate_name("-----BEGIN CERTIFICATE-----\n"), base::Error);
}

}  // namespace
}  // namespace bt2c::crypto
