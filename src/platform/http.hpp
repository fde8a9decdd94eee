#pragma once
// An HTTP/1.1 client for http and https. It follows no redirects, uses no proxy and keeps no cookies; what a
// server sends is bounded in size and time.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/time.hpp"

namespace bt2c::platform {

/// PEM files for https; the server's certificate is always checked.
struct HttpTls {
    std::filesystem::path ca_file;           ///< who may sign the server's; empty: whom the system trusts
    std::filesystem::path certificate_file;  ///< ours, where the server wants one
    std::filesystem::path key_file;
};

/// How fast several clients may send together: those that send at a time share it evenly. Thread-safe.
class SendLimit {
 public:
    explicit SendLimit(std::uint64_t bytes_per_second) : bytes_per_second_(bytes_per_second) {}
    void begin() noexcept { ++senders_; }
    void end() noexcept { --senders_; }
    /// Bytes per second for one of those that send.
    std::uint64_t share() const noexcept;

 private:
    std::uint64_t bytes_per_second_;
    std::atomic<std::uint64_t> senders_ = 0;
};

struct HttpRequest {
    std::string method = "GET";
    std::string url;
    std::vector<std::string> headers = {};  ///< "Name: value"
    std::string_view body = {};             ///< must outlive the transfer
    /// For the whole exchange; of a stream, until the answer begins.
    int timeout_ms = 10'000;
    /// Where it is not 0, the exchange may take longer than `timeout_ms`, as long as a KiB moves within each
    /// such time and the answer, once it has begun, comes with 2 KiB/s on the whole; then `timeout_ms` is for
    /// the connection to be made. Not for streams.
    int stall_ms = 0;
    SendLimit* send_limit = nullptr;  ///< must outlive the transfer
    /// Bytes of the answer's body; of a stream, that were not taken yet.
    std::size_t response_max = std::size_t{1} << 20;
    /// Of an answer with status 200, from a server that knows no ranges, only this part of the body is kept,
    /// and what comes behind it is not waited for.
    std::uint64_t part_from = 0;
    std::uint64_t part_bytes = std::numeric_limits<std::uint64_t>::max();
};

struct HttpResponse {
    int status = 0;
    std::string body;
    /// Names in lower case, in the order in which they came; at most 64 KiB of them.
    std::vector<std::pair<std::string, std::string>> headers;

    /// The first of that name (in lower case); empty when there is none.
    std::string header(std::string_view name) const;
};

/// Why there was no answer.
struct HttpFailure {
    std::string cause;
    /// The same request may have better luck later; false for certificates, sizes and addresses.
    bool may_pass = true;
};

/// The time in a header such as Date (RFC 9110, 5.6.7); nullopt when it is none.
std::optional<base::UnixMs> parse_http_date(const std::string& text);

class HttpTransfer;

/// Keeps connections and uses them again. One thread at a time.
class HttpClient {
 public:
    explicit HttpClient(HttpTls tls = {});
    ~HttpClient();
    HttpClient(HttpClient&&) noexcept;
    HttpClient& operator=(HttpClient&&) noexcept;

    /// Any status is an answer. Throws Error(failed) when there was none in time, or a larger one;
    /// Error(interrupted) within 0.2 s when this process is asked to stop.
    HttpResponse send(const HttpRequest& request);
    /// The same for callers that try again: no answer is a value.
    std::variant<HttpResponse, HttpFailure> try_send(const HttpRequest& request);

 private:
    std::unique_ptr<HttpTransfer> transfer_;
};

/// An answer that is read while it comes, such as one without an end. One thread at a time; destroying it
/// closes the connection.
class HttpStream {
 public:
    /// Copies the body; the request goes out with the first read().
    HttpStream(const HttpTls& tls, HttpRequest request);
    ~HttpStream();

    /// What came since the last call. Waits up to `timeout_ms` for something to come; returns early when a
    /// signal arrives. Empty when nothing came, or ended(). Throws as HttpClient::send().
    std::string read(int timeout_ms);
    bool ended() const;
    /// 0 until the answer has begun.
    int status() const;

 private:
    std::string body_;
    std::unique_ptr<HttpTransfer> transfer_;
};

}  // namespace bt2c::platform
