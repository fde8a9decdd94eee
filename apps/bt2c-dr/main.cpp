// bt2c-dr: backs up a BT2C node, verifies its chain and brings it back.

#include "cli/application.hpp"
#include "cli/hidden_arguments.hpp"
#include "cli/terminal.hpp"

int main(int argc, char** argv) {
    bt2c::cli::prepare_process();
    bt2c::cli::DescriptorTerminal out(1), err(2);
    return bt2c::cli::run(bt2c::cli::take_arguments(argc, argv), {out, err});
}
