// bt2c-sample-chain: makes, extends and damages sample chains for tests, demo and bench.

#include "cli/sample_chain_command.hpp"

int main(int argc, char** argv) {
    return bt2c::cli::run_sample_chain(argc, argv);
}
