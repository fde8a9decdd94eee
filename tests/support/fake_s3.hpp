#pragma once
// The S3 service of fake_s3.py, which behaves as badly as a test wants.

#include <memory>
#include <string>

#include "base/json.hpp"
#include "support/server_process.hpp"
#include "support/temporary_folder.hpp"

namespace bt2c::support {

/// It has one bucket, "bucket", and knows the credentials below.
class FakeS3 {
 public:
    /// With `tls`, https with a certificate for 127.0.0.1 that ca() has signed.
    explicit FakeS3(bool tls = false);
    FakeS3(const FakeS3&) = delete;
    FakeS3& operator=(const FakeS3&) = delete;

    int port() const { return port_; }
    std::string url() const;
    /// Has signed the server's certificate; other_ca() has not.
    fs::path ca() const { return folder_ / "ca.crt"; }
    fs::path other_ca() const { return folder_ / "other.crt"; }
    /// What fake_s3.py says of its orders; its answer.
    base::Json control(const std::string& order = "{}") const;
    /// The next faults: a JSON list of objects such as {"kind":"die","method":"PUT","times":2}.
    void faults(const std::string& list) const { control(R"({"faults":)" + list + "}"); }
    void state(const std::string& members) const { control(R"({"state":)" + members + "}"); }
    /// How many requests began with `start`, such as "PUT /bucket/".
    int count(const std::string& start) const;
    static constexpr const char* access_key = "AKIATEST";
    static constexpr const char* secret_key = "secret/of+the=test";

 private:
    void make_certificates() const;

    bool tls_;
    TemporaryFolder folder_;
    std::unique_ptr<ServerProcess> server_;
    int port_ = 0;
};

}  // namespace bt2c::support
