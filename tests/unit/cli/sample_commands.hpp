#pragma once
// Commands of the tests' own, and a run of the program with them.

#include <string>
#include <vector>

#include "cli/application.hpp"
#include "cli/command_tree.hpp"

namespace bt2c::cli {

/// What a run left behind.
struct Outcome {
    int status;
    std::string out, err;
};

/// Commands: "work" with every kind of option, "fail KIND", "throw", "vault check", "vault key add", "help".
CommandTable sample_commands();

/// Runs a command line with the sample commands; neither stream is a terminal.
Outcome run_sample(const std::vector<std::string>& arguments);

}  // namespace bt2c::cli
