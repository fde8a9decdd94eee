#pragma once
// Folders and names on the server.

#include <string>
#include <vector>

#include "storage/list_bound.hpp"
#include "storage/sftp/sftp_session.hpp"

namespace bt2c::storage::sftp {

constexpr std::string_view temporary_prefix = ".bt2c-tmp-";

/// The part before the last '/'; "/" or "." where there is none.
std::string folder_of(const std::string& path);

/// Makes a folder (0700) and those above it; those that are there are left as they are.
void make_folders(SftpSession& session, const Options& options, const std::string& folder);

/// What lies in a folder, but for "." and "..", each once; nullopt when it is not there. `bound` is that of
/// the whole list, in which `prefix_bytes` come before each name. Throws Error when the server lists what
/// cannot be a name, or without an end.
std::optional<std::vector<Entry>> entries_of(SftpSession& session, const Options& options,
                                             const std::string& folder, ListBound& bound,
                                             std::size_t prefix_bytes);

/// Sorted by name. What is removed and made anew while a folder is read may be listed twice, of sound servers
/// too.
std::vector<Entry> each_once(std::vector<Entry> entries);

/// Removes what writers left in `folder` more than a day ago, as far as the server lets us.
void remove_stale_temporaries(SftpSession& session, const Options& options, const std::string& folder);

/// Makes changes of names in `folder` durable, where the server can.
void sync_folder(SftpSession& session, const std::string& folder);

/// Gives a file the name `path` unless that is taken, and then says false; the temporary name goes, or stays
/// where the server refuses to remove it.
bool place_new(SftpSession& session, const Options& options, const std::string& temporary,
               const std::string& path);

}  // namespace bt2c::storage::sftp
