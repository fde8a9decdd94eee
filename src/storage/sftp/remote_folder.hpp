#pragma once
// Folders and names on the server.

#include <string>
#include <vector>

#include "storage/sftp/sftp_session.hpp"

namespace bt2c::storage::sftp {

constexpr std::string_view temporary_prefix = ".bt2c-tmp-";

/// The part before the last '/'; "/" or "." where there is none.
std::string folder_of(const std::string& path);

/// Makes a folder (0700) and those above it; those that are there are left as they are.
void make_folders(SftpSession& session, const Options& options, const std::string& folder);

/// What lies in a folder, but for "." and ".."; nullopt when it is not there. Throws Error when the server
/// lists what cannot be a name, or without an end.
std::optional<std::vector<Entry>> entries_of(SftpSession& session, const Options& options,
                                             const std::string& folder);

/// Removes what writers left in `folder` more than a day ago, as far as the server lets us.
void remove_stale_temporaries(SftpSession& session, const Options& options, const std::string& folder);

/// Makes changes of names in `folder` durable, where the server can.
void sync_folder(SftpSession& session, const std::string& folder);

/// Gives a file the name `path` unless that is taken, and then says false; the temporary name goes, or stays
/// where the server refuses to remove it.
bool place_new(SftpSession& session, const Options& options, const std::string& temporary,
               const std::string& path);

}  // namespace bt2c::storage::sftp
