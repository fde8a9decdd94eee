#pragma once
// Puts files, folders and links of a source into a home.

#include <filesystem>
#include <string>
#include <vector>

#include "base/progress.hpp"
#include "config/home.hpp"
#include "restore/source.hpp"

namespace bt2c::restore {

/// The files of a source that belong to the wanted parts, in its order.
/// Throws Error when a path would leave the home.
std::vector<const FileSource*> select_files(const RestoreSource& source, bool config, bool keys);

/// Throws Error when a folder on the way of one of the files is a symbolic link, or something else stands
/// there, or a name is too long for the home's file system: before the home is changed.
void check_places(const std::vector<const FileSource*>& files, const config::Home& home);

/// Reads and checks every file without writing one.
void check_contents(const std::vector<const FileSource*>& files, base::Progress& progress);

/// The file of the source that is the home's settings, where the home has others; else null. Throws Error
/// where one of the two cannot be read.
const FileSource* other_settings(const std::vector<const FileSource*>& files, const config::Home& home);

/// Where the settings of a backup go beside those that stay.
std::filesystem::path settings_beside(const config::Home& home);

/// Writes each file durably, with its mode but for the set-id bits, its time and (as root) owner; links last.
/// Each is the old or the new one at any instant. Nothing is written through a symbolic link. The
/// repository's key file and the node's write key file are never replaced by others, and a home that has one
/// of the two alone does not get the other. Returns what was left as it is.
/// @param beside one of `files`, whose place is taken: it goes to settings_beside(); null: none
std::vector<std::string> place_files(const std::vector<const FileSource*>& files, const config::Home& home,
                                     const FileSource* beside, base::Progress& progress);

/// Without the bits that lend the owner's rights to whoever runs it: a node's files need none.
unsigned plain_mode(std::uint32_t mode);

/// As root, gives a file to `uid` and `gid`; others keep what the system gave them.
void set_owner(int fd, std::uint32_t uid, std::uint32_t gid);

}  // namespace bt2c::restore
