#pragma once
// A whole run of the program.

#include <functional>
#include <string>
#include <vector>

#include "cli/commands.hpp"
#include "cli/terminal.hpp"

namespace bt2c::cli {

/// Readies the process, before anything else: signals, no core dumps, and the descriptors 0 to 2, which
/// must not become files of ours when the caller closed them.
void prepare_process();

/// Runs the command line `arguments` (without the program's name) and returns the exit status.
/// Every failure is told by the rules of the command line; nothing is thrown. `commands` makes the
/// table; tests bring their own.
int run(const std::vector<std::string>& arguments, Console console,
        const std::function<CommandTable()>& commands = all_commands) noexcept;

}  // namespace bt2c::cli
