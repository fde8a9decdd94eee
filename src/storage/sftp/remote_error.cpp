#include "storage/sftp/remote_error.hpp"

#include "base/text.hpp"
#include "storage/sftp/sftp_session.hpp"

namespace bt2c::storage::sftp {

using base::Error;
using base::ErrorKind;
using base::format;
using base::printable;

base::Error remote_error(const std::string& what, const Options& options, const Answer& answer) {
    Error error(ErrorKind::failed, format("{} on {}", printable(what), server_name(options)));
    switch (answer.status) {
        case Status::permission_denied:
            error.cause("the server says: permission denied")
                .hint(
                    "check owner and mode of it and of the folders above on the server, and what its sshd "
                    "permits "
                    "(internal-sftp -R, -P)");
            break;
        case Status::no_such_file: error.cause("the server says: there is no such file or folder"); break;
        case Status::unsupported:
            error.cause("the server does not know that request").hint("use a server such as OpenSSH's");
            break;
        default:
            error
                .cause(format("the server says: {} (status {})",
                              answer.message.empty() ? "failure" : printable(answer.message.substr(0, 1000)),
                              static_cast<std::uint32_t>(answer.status)))
                .hint("look into the server's log");
    }
    return error;
}

base::Error write_error(const std::string& what, const Options& options, const Answer& answer,
                        SftpSession& session, const std::string& folder, std::uint64_t wanted_bytes) {
    Error error = remote_error(what, options, answer);
    error.state("nothing was stored under that name");
    if (answer.status != Status::failure || !session.has("statvfs@openssh.com")) return error;
    const auto disk = read_disk_state(session.ask(Packet("statvfs@openssh.com").text(folder)));
    if (!disk) return error;
    // A disk refuses some time before its last block is gone.
    constexpr std::uint64_t margin = std::uint64_t{1} << 20;
    if (disk->read_only)
        error.cause("the server's file system is mounted read-only")
            .hint(
                "mount it for writing on the server; if it became read-only by itself, its disk may be "
                "failing");
    else if (disk->free_files == 0)
        error.cause("the server's file system has no more room for files (inodes)")
            .hint("make room there, then run the same command again");
    else if (disk->free_bytes < wanted_bytes + margin)
        error.cause(format("the server's disk is full: {} free", base::human_size(disk->free_bytes)))
            .hint("make room there, then run the same command again");
    else
        error
            .cause(error.cause() + format("; its disk has {} free, so a quota may be used up",
                                          base::human_size(disk->free_bytes)))
            .hint(
                "ask the server's administrator for the quota of this user, and look into the server's log");
    return error;
}

}  // namespace bt2c::storage::sftp
