#pragma once
// The command line read against the table of commands.

#include <string>
#include <vector>

#include "cli/commands.hpp"
#include "cli/context.hpp"

namespace bt2c::cli {

/// What the command line asks for.
struct Request {
    enum class Kind { run, help, version };
    Kind kind = Kind::run;
    GlobalOptions globals;
    std::string subject;         ///< the command or group named, "repository check"; empty: the program
    Command* command = nullptr;  ///< in the table; set for `run`, its options are filled
};

/// Declares the options that every command takes, but for --help and --version.
void declare_globals(Options& options, GlobalOptions& target);

/// "run 'bt2c-dr backup --help'", for wrong usage that has no better hint.
std::string help_hint(const std::string& subject);

/// Reads `arguments` (without the program's name). Throws Error(usage) with the nearest valid word for an
/// unknown command, option or value. Options may stand before or after the command.
Request parse_command_line(const std::vector<std::string>& arguments, const CommandTable& table);

}  // namespace bt2c::cli
