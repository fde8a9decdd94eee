#include "cli/node_command.hpp"

#include <CLI/CLI.hpp>
#include <cstdio>

#include "base/error.hpp"
#include "base/text.hpp"
#include "cli/version.hpp"
#include "config/home.hpp"
#include "crypto/secret.hpp"
#include "node/node.hpp"
#include "platform/process.hpp"
#include "platform/signals.hpp"

namespace bt2c::cli {

using base::Error;
using base::ErrorKind;
using base::format;
using base::printable;

namespace {

constexpr const char* footer =
    "Examples:\n"
    "  bt2c-node --home /srv/node-1 run\n"
    "      run the validator of that home, as HOME/config/node.toml says, until SIGTERM\n\n"
    "Exit status: 0 done; 1 failed; 2 wrong usage or configuration; 4 a node runs on this home already;\n"
    "5 the wallet's password is wrong.";

int run_program(int argc, char** argv) {
    CLI::App program("A small validator of BT2C for test networks and drills.", "bt2c-node");
    std::string home_option;
    program.set_version_flag("--version", "bt2c-node " + std::string(version()));
    auto* named = program.add_option("--home", home_option, "the node's home; else $BT2C_HOME, else ~/.bt2c")
                      ->type_name("DIR");
    const CLI::App& run = *program.add_subcommand("run", "run the node until it is told to stop");
    program.require_subcommand(1);
    program.footer(footer);
    try {
        program.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return program.exit(error) == 0 ? 0 : base::exit_status(ErrorKind::usage);
    }
    const config::Home home = config::locate_home(
        named->count() > 0 ? std::optional<std::filesystem::path>(home_option) : std::nullopt);
    config::require_home(home);
    if (run.parsed()) node::run_node(config::load_node_config(home), home, std::string(version()));
    return 0;
}

void report(const Error& error) {
    std::string text = format("bt2c-node: error: {}\n", printable(error.message()));
    if (!error.cause().empty()) text += format("  cause: {}\n", printable(error.cause()));
    if (!error.state().empty()) text += format("  state: {}\n", printable(error.state()));
    if (!error.hint().empty()) text += format("  hint:  {}\n", printable(error.hint()));
    std::fputs(text.c_str(), stderr);
}

}  // namespace

int run_node_program(int argc, char** argv) noexcept {
    try {
        platform::open_standard_descriptors();
        platform::handle_signals();
        crypto::forbid_core_dumps();
        return run_program(argc, argv);
    } catch (const Error& error) {
        report(error);
        return base::exit_status(error.kind());
    } catch (const std::exception& error) {
        report(base::unexpected_error(error));
        return base::exit_status(ErrorKind::failed);
    }
}

}  // namespace bt2c::cli
