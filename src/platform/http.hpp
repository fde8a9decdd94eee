#pragma once
// An HTTP/1.1 client for http and https. It follows no redirects, uses no proxy and keeps no cookies; what a
// server sends is bounded in size and time.

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace bt2c::platform {

/// PEM files for https; the server's certificate is always checked.
struct HttpTls {
    std::filesystem::path ca_file;           ///< who may sign the server's; empty: whom the system trusts
    std::filesystem::path certificate_file;  ///< ours, where the server wants one
    std::filesystem::path key_file;
};

struct HttpRequest {
    std::string method = "GET";
    std::string url;
    std::vector<std::string> headers = {};  ///< "Name: value"
    std::string_view body = {};             ///< must outlive the transfer
    /// For the whole exchange; of a stream, until the answer begins.
    int timeout_ms = 10'000;
    /// Bytes of the answer's body; of a stream, that were not taken yet.
    std::size_t response_max = std::size_t{1} << 20;
};

struct HttpResponse {
    int status = 0;
    std::string body;
};

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
