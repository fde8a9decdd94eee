#pragma once
// Contents of files, with many requests under way at once.

#include <string>

#include "storage/sftp/rate_limit.hpp"
#include "storage/sftp/sftp_session.hpp"

namespace bt2c::storage::sftp {

/// Writes `contents` to the file's beginning, those of them behind `from`. The first answer that is not ok,
/// or one that is.
Answer upload(SftpSession& session, const std::string& handle, base::ByteView contents, std::size_t from,
              RateLimit& limit);

/// `size` bytes from `offset`, fewer where the file ends or a read fails; `failure` is then its answer.
base::Bytes download(SftpSession& session, const std::string& handle, std::uint64_t offset,
                     std::uint64_t size, Answer& failure);

}  // namespace bt2c::storage::sftp
