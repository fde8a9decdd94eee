// Amazon's own examples: "Signature Calculations for the Authorization Header: Transferring Payload in a
// Single Chunk (AWS Signature Version 4)" of the Amazon S3 API reference.

#include <gmock/gmock.h>

#include "crypto/hash.hpp"
#include "storage/s3/signature.hpp"
#include "unit/storage_s3/s3_fixture.hpp"

namespace bt2c::storage::s3 {
namespace {

const std::string empty_sha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// The headers and the time that all examples have.
ToSign example(const std::string& method, const std::string& path) {
    return {.method = method,
            .path = path,
            .query = {},
            .headers = {{"host", "examplebucket.s3.amazonaws.com"},
                        {"x-amz-content-sha256", empty_sha256},
                        {"x-amz-date", "20130524T000000Z"}},
            .payload_sha256 = empty_sha256,
            .region = "us-east-1",
            .time = 1369353600000};
}
std::string signed_by_amazon(const ToSign& request) {
    return authorization(request,
                         credentials_of("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"));
}

TEST(S3Signature, OfAGetWithARange) {
    ToSign request = example("GET", "/test.txt");
    request.headers["range"] = "bytes=0-9";
    EXPECT_EQ(signed_by_amazon(request),
              "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
              "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,"
              "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

TEST(S3Signature, OfAPutWithItsContents) {
    ToSign request = example("PUT", '/' + uri_encoded("test$file.text", true));
    request.payload_sha256 = base::to_hex(crypto::sha256(base::as_bytes("Welcome to Amazon S3.")));
    request.headers["date"] = "Fri, 24 May 2013 00:00:00 GMT";
    request.headers["x-amz-content-sha256"] = request.payload_sha256;
    request.headers["x-amz-storage-class"] = "REDUCED_REDUNDANCY";
    EXPECT_THAT(signed_by_amazon(request),
                testing::EndsWith("98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"));
}

TEST(S3Signature, OfAQueryWithoutAValue) {
    ToSign request = example("GET", "/");
    request.query = canonical_query({{"lifecycle", ""}});
    EXPECT_THAT(signed_by_amazon(request),
                testing::EndsWith("fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"));
}

TEST(S3Signature, OfAList) {
    ToSign request = example("GET", "/");
    request.query = canonical_query({{"prefix", "J"}, {"max-keys", "2"}});
    EXPECT_THAT(signed_by_amazon(request),
                testing::EndsWith("34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"));
}

TEST(S3Signature, EncodesAllButTheUnreserved) {
    EXPECT_EQ(uri_encoded("a-Z_0.9~/ +%\xC3\xA4*'()", true), "a-Z_0.9~/%20%2B%25%C3%A4%2A%27%28%29");
    EXPECT_EQ(uri_encoded("a/b", false), "a%2Fb");
    EXPECT_EQ(canonical_query({{"b", "2"}, {"a b", "x/y"}, {"a", ""}}), "a=&a%20b=x%2Fy&b=2");
}

}  // namespace
}  // namespace bt2c::storage::s3
