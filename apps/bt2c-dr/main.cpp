// bt2c-dr: backs up a BT2C node, verifies its chain and brings it back.

#include <string>
#include <vector>

#include "cli/application.hpp"
#include "cli/terminal.hpp"

int main(int argc, char** argv) {
    bt2c::cli::prepare_process();
    bt2c::cli::DescriptorTerminal out(1), err(2);
    return bt2c::cli::run(std::vector<std::string>(argv + (argc > 0 ? 1 : 0), argv + argc), {out, err});
}
