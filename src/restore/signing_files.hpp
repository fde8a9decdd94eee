#pragma once
// Files of HOME/network: what a node signed and obeyed. An older state of them is never put over a newer one.

#include <string>
#include <vector>

#include "config/home.hpp"
#include "restore/source.hpp"

namespace bt2c::restore {

/// Whether the file takes part in every restore, whatever parts are asked for, by the rule below.
bool is_signing_file(const FileSource& file);

/// Whether the file is to be placed as it is: there is none in the home and it is no link, or it goes on
/// where the home's ends (the audit log). If not, what it has to say is brought into the home's file (the
/// higher watermark counts), and `kept` tells of what was left as it is. docs/network.md.
bool takes_its_place(const FileSource& file, const config::Home& home, std::vector<std::string>& kept);

/// Whether the file at `path` is the beginning of the source's, or all of it.
bool is_beginning_of(const FileSource& file, const std::filesystem::path& path);

}  // namespace bt2c::restore
