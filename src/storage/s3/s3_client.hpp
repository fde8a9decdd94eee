#pragma once
// Signed requests to one bucket: connections, tries, credentials.

#include <atomic>
#include <initializer_list>
#include <limits>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "platform/http.hpp"
#include "storage/s3/answers.hpp"
#include "storage/s3/s3_options.hpp"

namespace bt2c::storage::s3 {

struct Request {
    std::string method = "GET";
    std::string key = {};  ///< the object's in the bucket; empty: the bucket itself
    std::vector<std::pair<std::string, std::string>> query = {};
    std::vector<std::pair<std::string, std::string>> headers = {};  ///< names in lower case
    base::ByteView body = {};
    bool sign_body = true;  ///< false where a signed Content-MD5 stands for it
    std::size_t answer_max = std::size_t{1} << 20;
    /// As platform::HttpRequest has them.
    std::uint64_t part_from = 0, part_bytes = std::numeric_limits<std::uint64_t>::max();
    int retries_max = std::numeric_limits<int>::max();  ///< fewer than the options say
    int lost_max = std::numeric_limits<int>::max();     ///< so many tries at most may break on their way
};

/// No good answer came: the line, or the service, broke.
class LineError : public base::Error {
    using Error::Error;
};

struct Answer {
    platform::HttpResponse response;
    ServiceError said;  ///< with a status of 400 or more
    /// An earlier try may have arrived although nothing good was heard of it.
    bool repeated = false;
    int status() const { return response.status; }
};

/// Thread-safe; each thread gets a connection of its own while it needs one.
class Client {
 public:
    /// Throws Error(usage) when the options cannot be.
    explicit Client(Options options);

    /// Tries as often as the options say while the service is busy, broken or out of reach. Statuses of 200
    /// to 299 and those of `accepted` come back, whatever they say. Throws Error(failed), "ACTION: …", for
    /// all others (a LineError where no answer came), and Error(interrupted).
    Answer send(const Request& request, const std::string& action, std::initializer_list<int> accepted = {});

    const Options& options() const { return options_; }
    const std::string& host() const { return host_; }
    /// As Location::clock_ahead().
    std::optional<base::UnixMs> clock_ahead() const;

 private:
    std::variant<platform::HttpResponse, platform::HttpFailure> try_once(const Request& request,
                                                                         const Credentials& credentials);
    std::shared_ptr<const Credentials> credentials();
    /// Asks for new ones in place of `old`; false when they are the same.
    bool renew(const std::shared_ptr<const Credentials>& old);
    void wait_before(int next_try, const std::string& retry_after) const;

    Options options_;
    std::string scheme_, host_;  ///< host_ with its port
    std::unique_ptr<platform::SendLimit> limit_;
    mutable std::mutex mutex_;
    std::vector<platform::HttpClient> idle_;
    std::shared_ptr<const Credentials> credentials_;
    std::optional<base::UnixMs> clock_ahead_;
    std::atomic<bool> was_well_ = false;  ///< the service answered well, and was not given up since
};

}  // namespace bt2c::storage::s3
