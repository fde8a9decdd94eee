#pragma once
// This program as a command that others run: timers, jobs, a check around an upgrade.

#include <filesystem>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "cli/context.hpp"

namespace bt2c::cli {

/// Where this program is; after an upgrade, where the new one took its place.
std::filesystem::path own_program();

/// The global options that make another run work on the same home with the same settings, as absolute paths.
std::vector<std::string> own_options(const Context& context);

/// `text` with the commands of this program in it as they are to be typed: with the options that name this
/// home, its settings and the network, where such were given. A command that names a network keeps that. One
/// in single quotes gets double quotes where its options need the single ones.
std::string with_given_options(std::string text, const GlobalOptions& given);
/// The same for the members of a document that advise, such as "mend" and "hint".
base::Json with_given_options(const base::Json& document, const GlobalOptions& given);

}  // namespace bt2c::cli
