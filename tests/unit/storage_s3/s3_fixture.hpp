#pragma once
// An S3 location on a server that misbehaves when told to.

#include <gmock/gmock.h>

#include <functional>
#include <string>

#include "base/error.hpp"
#include "storage/s3/s3_location.hpp"
#include "support/fake_s3.hpp"

namespace bt2c::storage::s3 {

inline base::Bytes bytes_of(std::string_view text) {
    const base::ByteView view = base::as_bytes(text);
    return {view.begin(), view.end()};
}

inline Credentials credentials_of(std::string_view access, std::string_view secret,
                                  std::string_view token = {}) {
    return {std::string(access), crypto::SecretBytes::copy_of(base::as_bytes(secret)),
            crypto::SecretBytes::copy_of(base::as_bytes(token))};
}

inline Options options_of(const support::FakeS3& server) {
    return {.endpoint = server.url(),
            .bucket = "bucket",
            .credentials =
                [] { return credentials_of(support::FakeS3::access_key, support::FakeS3::secret_key); },
            .timeout_ms = 5000,
            .retries = 3,
            .backoff_ms = 5};
}

struct S3 : testing::Test {
    support::FakeS3 server;
    Options options = options_of(server);

    S3Location location() const { return S3Location(options); }
    std::size_t objects() const { return server.control().at("objects").members().size(); }

    static base::Error error_of(const std::function<void()>& job) {
        try {
            job();
        } catch (const base::Error& error) {
            return error;
        }
        ADD_FAILURE() << "nothing was thrown";
        return {base::ErrorKind::failed, ""};
    }
    base::Error put_error() const {
        return error_of([&] { static_cast<void>(location().put("packs/1b", bytes_of("contents"))); });
    }
};

/// Names that end in ".test" are this machine, but "hangs.test", which is asked for in vain until this ends.
class HangingNames {
 public:
    HangingNames();
    ~HangingNames();
};

}  // namespace bt2c::storage::s3
