#pragma once
// Requests to the JSON gateway of an etcd cluster, version 3: which member, which user, and what its errors
// mean.

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/json.hpp"
#include "platform/http.hpp"

namespace bt2c::network {

struct EtcdAccess {
    std::vector<std::string> endpoints;  ///< "https://etcd-1:2379", without a slash at the end; at least one
    platform::HttpTls tls;
    std::string user;  ///< empty: without
    /// Its first line is the password; read whenever etcd wants it, so that it can be changed.
    std::filesystem::path password_file;
    int timeout_ms = 3000;  ///< for one member to answer
};

/// One thread at a time. Throws as PlaneStore does.
class EtcdGateway {
 public:
    explicit EtcdGateway(EtcdAccess access);

    /// The answer to a POST of `body` at `path`, such as "/v3/kv/range". Each member is asked in turn, from
    /// the one that answered last, until one answers.
    base::Json call(const std::string& path, const base::Json& body);

    /// A request whose answer has no end. Begun at the member that answered last.
    std::unique_ptr<platform::HttpStream> open(const std::string& path, const base::Json& body);

    /// The member that is asked first now; another value after that one failed.
    std::size_t member() const { return member_; }
    std::size_t members() const { return access_.endpoints.size(); }
    /// The member did not keep a stream.
    void next_member() { member_ = (member_ + 1) % members(); }

    /// What etcd said in `body` instead of an answer: Error(busy) where another member, or time, may help.
    /// Forgets a token that is not taken any more.
    base::Error refusal(const base::Json& body);

 private:
    base::Json call_member(const std::string& path, const std::string& body);
    platform::HttpResponse send(const platform::HttpRequest& request);
    void log_in();
    platform::HttpRequest request(const std::string& path) const;

    EtcdAccess access_;
    platform::HttpClient client_;
    std::size_t member_ = 0;
    std::string token_;
};

}  // namespace bt2c::network
