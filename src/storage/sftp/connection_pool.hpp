#pragma once
// The connections of one location: few, made when needed, replaced when they break.

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "base/time.hpp"
#include "storage/sftp/sftp_session.hpp"

namespace bt2c::storage::sftp {

/// Thread-safe.
class ConnectionPool {
 public:
    /// `options` has its defaults and outlives this.
    explicit ConnectionPool(const Options& options) : options_(options) {}

    /// Runs `work` with a connection of its own, again with another one when it throws NetworkError, at most
    /// options.retries times, after pauses that grow and are drawn at random, so that many clients do not
    /// come back at once. Other errors end it. Waits while all connections are in use.
    void run(const std::function<void(SftpSession&)>& work);

 private:
    struct Idle {
        std::unique_ptr<SftpSession> session;
        base::Stopwatch since = {};
    };
    class Place;
    std::unique_ptr<SftpSession> take_idle();

    const Options& options_;
    std::mutex mutex_;
    std::condition_variable left_;
    int in_use_ = 0;
    std::vector<Idle> idle_;
};

}  // namespace bt2c::storage::sftp
