#pragma once
// The program bt2c-sample-chain: makes, extends and damages sample chains for tests, demo and bench.

namespace bt2c::cli {

/// The whole program; returns the exit status (as pinned for bt2c-dr).
int run_sample_chain(int argc, char** argv) noexcept;

}  // namespace bt2c::cli
