#pragma once
// The declarations of all commands as one tree, from which man pages and completions are written.

#include <string>
#include <utility>
#include <vector>

#include "cli/commands.hpp"

namespace bt2c::cli {

/// The program, a group or a command; hidden commands are left out.
struct CommandNode {
    About about;  ///< of a group only name and summary; of the program only the summary
    bool is_command = false;
    std::vector<Option> options;  ///< of a command: its own, without those of every command
    /// The words that may follow, each with its summary; empty for a command.
    std::vector<std::pair<std::string, std::string>> words;
};

/// Outer ones before inner ones; the first is the program. The table must outlive the result.
std::vector<CommandNode> command_tree(const CommandTable& table);

/// The options of every command, --help and --version included.
const std::vector<Option>& global_options();

/// What the program is for, in one line.
std::string_view program_summary();

}  // namespace bt2c::cli
