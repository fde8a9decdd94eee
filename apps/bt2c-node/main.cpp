// bt2c-node: a small validator of BT2C, for test networks and drills.

#include "cli/node_command.hpp"

int main(int argc, char** argv) {
    return bt2c::cli::run_node_program(argc, argv);
}
