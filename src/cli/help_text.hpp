#pragma once
// --help, made from the declarations of the commands.

#include <string>
#include <utility>
#include <vector>

#include "cli/command_tree.hpp"
#include "cli/terminal.hpp"

namespace bt2c::cli {

/// Help for a command or a group, or for the program when `subject` is empty.
/// Throws Error(usage) with the nearest name when there is no such command.
std::string help_text(const CommandTable& table, const std::string& subject, const Terminal& terminal);

/// "bt2c-dr backup [OPTIONS]", "bt2c-dr export ID -o FILE": how a command is written.
std::string synopsis(const CommandNode& node);
/// The exit statuses of a command, each with its meaning, in order.
std::vector<std::pair<std::string, std::string>> exit_rows(const About& about);
/// "-o, --output FILE"
std::string option_heading(const Option& option);

}  // namespace bt2c::cli
