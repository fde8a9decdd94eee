#pragma once
// The SFTP protocol over one connection: requests may be sent ahead of the answers of earlier ones.

#include <map>
#include <set>
#include <string>

#include "storage/sftp/packet.hpp"
#include "storage/sftp/ssh_connection.hpp"

namespace bt2c::storage::sftp {

/// One thread at a time. Throws as SshConnection does; what a server answers is a value.
class SftpSession {
 public:
    explicit SftpSession(const Options& options);

    using Id = std::uint32_t;
    Id send(Packet packet);
    /// Waits for the answer to a request; each can be asked for once.
    Answer answer(Id id);
    Answer ask(Packet packet);
    /// Whether the server announced an extension, such as "fsync@openssh.com".
    bool has(const std::string& extension) const { return extensions_.contains(extension); }
    /// So much of a file's contents goes into one request.
    std::size_t piece_bytes() const { return piece_bytes_; }
    /// So much of a file's contents is under way before the first answer is waited for.
    std::size_t window_bytes() const;
    /// Whether further requests can be sent: no answer is due, and the other end is there; does not wait.
    bool is_idle_and_alive();

    Answer close(const std::string& handle);
    /// Of a file or folder; not found is nullopt. `follow`: of what a symbolic link leads to.
    std::optional<Attributes> look(const std::string& path, bool follow);
    /// For answers that are not what was asked for; the server is not to be spoken with any more.
    [[noreturn]] void broke_protocol() const;

 private:
    Answer next(Id& id);
    void ask_for_limits();

    const Options& options_;
    SshConnection connection_;
    base::Bytes received_;             ///< room for one packet at least
    std::size_t begin_ = 0, end_ = 0;  ///< of what came, and was not made a packet yet
    std::map<Id, Answer> early_;       ///< answers that nobody asked for yet
    std::set<Id> due_;
    std::set<std::string> extensions_;
    std::size_t piece_bytes_;
    double round_trip_s_;  ///< the shortest of those that ask() made
    Id last_id_ = 0;
};

}  // namespace bt2c::storage::sftp
