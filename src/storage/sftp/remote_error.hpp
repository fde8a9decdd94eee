#pragma once
// What a server's refusals mean, in words.

#include <string>

#include "storage/sftp/options.hpp"
#include "storage/sftp/packet.hpp"

namespace bt2c::storage::sftp {

class SftpSession;

/// An Error whose message is "`what` on user@host:port" (not yet printable), with cause and hint by `answer`.
base::Error remote_error(const std::string& what, const Options& options, const Answer& answer);

/// The same where something was to be written into `folder`: SFTP says no more than "failure" of a full or
/// read-only disk and of a quota, so the server is asked for its disk's state. `wanted_bytes` were to be
/// stored.
base::Error write_error(const std::string& what, const Options& options, const Answer& answer,
                        SftpSession& session, const std::string& folder, std::uint64_t wanted_bytes);

}  // namespace bt2c::storage::sftp
