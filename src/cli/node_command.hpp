#pragma once
// The command line of bt2c-node.

namespace bt2c::cli {

/// Runs the program; returns its exit status. Never throws.
int run_node_program(int argc, char** argv) noexcept;

}  // namespace bt2c::cli
