#pragma once
// Who else uses a database file.

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace bt2c::chaindb::sqlite {

struct ProcessUse {
    int pid = 0;
    std::string name;  ///< the command's name as the kernel knows it, made printable
};

/// Other processes that have the file, or its -wal or -shm file, open for writing, by pid. Those
/// of other users are seen by root only, those of other containers from the host only: an empty
/// result proves nothing there, see is_locked(). Empty when the file does not exist.
std::vector<ProcessUse> processes_using(const std::filesystem::path& path);

/// Whether anybody, in any container of this machine, holds one of SQLite's locks on the file at
/// this moment. In WAL mode that is any open connection, in rollback mode any transaction. Locks of
/// this process count too, so end all use of the file first. False when the file does not exist.
/// Throws Error when it cannot be read.
bool is_locked(const std::filesystem::path& path);

/// Throws Error(busy) while somebody else has the database open for writing, or holds a lock on it.
/// @param job what cannot be done then, "restore"
void require_unused(const std::filesystem::path& path, std::string_view job);

}  // namespace bt2c::chaindb::sqlite
