#pragma once
// --help, made from the declarations of the commands.

#include <string>

#include "cli/commands.hpp"
#include "cli/terminal.hpp"

namespace bt2c::cli {

/// Help for a command or a group, or for the program when `subject` is empty.
/// Throws Error(usage) with the nearest name when there is no such command.
std::string help_text(const CommandTable& table, const std::string& subject, const Terminal& terminal);

/// One line that tells when a command ends with that kind's exit status.
std::string_view meaning_of(base::ErrorKind kind);
/// "bt2c-dr backup [OPTIONS]", "bt2c-dr export ID -o FILE": how a command is written.
std::string synopsis(const About& about, const Options& options);
/// "-o, --output FILE"
std::string option_heading(const Option& option);

}  // namespace bt2c::cli
