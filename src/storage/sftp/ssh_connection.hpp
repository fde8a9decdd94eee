#pragma once
// One SSH connection with the SFTP subsystem at its other end: a stream of bytes in each direction.

#include <memory>

#include "base/bytes.hpp"
#include "platform/file.hpp"
#include "storage/sftp/options.hpp"

namespace bt2c::storage::sftp {

/// One thread at a time. All functions throw NetworkError when the connection breaks or does not move for
/// options.timeout_ms, and Error(interrupted) within 0.2 s when this process is asked to stop; nothing can be
/// done with it then.
class SshConnection {
 public:
    /// Connects, checks the server's key and logs in. Throws Error besides, of what no further try mends.
    /// `options` has its defaults and outlives this.
    explicit SshConnection(const Options& options);
    ~SshConnection();
    SshConnection(const SshConnection&) = delete;
    SshConnection& operator=(const SshConnection&) = delete;

    void write(base::ByteView bytes);
    /// What has come, at least one byte and at most out.size(); waits for it.
    std::size_t read(base::MutableBytes out);
    /// False when the other end has hung up; does not wait. To be asked while no answer is due.
    bool is_alive();

 private:
    struct Library;
    class Wait;
    void log_in(int timeout_ms);
    [[noreturn]] void fail(const std::string& doing, bool time_is_up) const;

    const Options& options_;
    platform::Descriptor socket_;
    std::unique_ptr<Library> library_;
};

}  // namespace bt2c::storage::sftp
