#include "cli/sample_chain_command.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <thread>

#include "base/error.hpp"
#include "base/progress.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "platform/signals.hpp"
#include "sample/append_blocks.hpp"
#include "sample/create_chain.hpp"
#include "sample/faults.hpp"

namespace bt2c::cli {

using base::Error;
using base::ErrorKind;
using base::format;
using chaindb::sqlite::Connection;

namespace {

struct Arguments {
    std::string path;
    sample::ChainOptions chain;
    std::string layout = "fresh", journal_mode = "delete";
    std::vector<std::string> faults;
    std::int64_t append_blocks = 1;
    int append_transactions = 4;
    std::int64_t interval_ms = 0;
    bool until_stopped = false, list_faults = false;
    std::string append_mode;
};

void say(const std::string& line) {
    std::fputs((line + "\n").c_str(), stdout);
    std::fflush(stdout);
}

void damage(const Arguments& arguments) {
    for (const std::string& name : arguments.faults) sample::inject_fault(arguments.path, name);
}

void create(Arguments& arguments) {
    arguments.chain.layout = arguments.layout == "orm" ? sample::Layout::orm : sample::Layout::fresh;
    arguments.chain.wal = arguments.journal_mode == "wal";
    sample::create_chain(arguments.path, arguments.chain);
    damage(arguments);
}

void list_faults() {
    for (const sample::Fault& fault : sample::faults())
        say(format("{:<32} {:<22} {}", fault.name, fault.check.empty() ? "(an error)" : fault.check,
                   fault.description));
}

bool stop_requested() {
    try {
        base::throw_if_interrupted();
        return false;
    } catch (const Error&) {
        return true;
    }
}

/// Sleeps in slices, so that a signal is heeded soon.
void pause_between_blocks(std::int64_t interval_ms) {
    constexpr std::int64_t slice_ms = 20;
    for (; interval_ms > 0 && !stop_requested(); interval_ms -= slice_ms)
        std::this_thread::sleep_for(std::chrono::milliseconds(std::min(interval_ms, slice_ms)));
}

int append(const Arguments& arguments) {
    Connection connection = Connection::open(arguments.path, Connection::Mode::read_write, 5000);
    if (!arguments.append_mode.empty())
        connection.execute(format("PRAGMA journal_mode={}", arguments.append_mode));
    sample::Appender appender(connection, arguments.append_transactions);
    std::int64_t added = 0, errors = 0;
    double longest_wait_s = 0;
    while (!stop_requested() && (arguments.until_stopped || added < arguments.append_blocks)) {
        const base::Stopwatch watch;
        try {
            appender.append();
            ++added;
        } catch (const Error& error) {
            ++errors;
            std::fputs(format("bt2c-sample-chain: {} ({})\n", error.message(), error.cause()).c_str(),
                       stderr);
            if (error.kind() != ErrorKind::busy) break;
        }
        longest_wait_s = std::max(longest_wait_s, watch.seconds());
        pause_between_blocks(arguments.interval_ms);
    }
    say(format("added {} blocks, longest wait {:.1f} ms, {} errors", added, longest_wait_s * 1000, errors));
    return errors == 0 ? 0 : 1;
}

void describe_create(CLI::App& command, Arguments& arguments) {
    sample::ChainOptions& chain = arguments.chain;
    command.add_option("PATH", arguments.path, "the database to make; must not exist")->required();
    command.add_option("--layout", arguments.layout, "whose tables")
        ->check(CLI::IsMember({"orm", "fresh"}))
        ->capture_default_str();
    command.add_option("--network", chain.networks, "network; repeat for several in one database")
        ->check(CLI::IsMember({"mainnet", "testnet", "devnet"}))
        ->allow_extra_args(false)  // what follows may be the path
        ->capture_default_str();
    command.add_option("--blocks", chain.blocks, "blocks of each network")->capture_default_str();
    command.add_option("--transactions-per-block", chain.transactions_per_block, "the reward counts")
        ->capture_default_str();
    command.add_option("--validators", chain.validators, "validators of each network")->capture_default_str();
    command.add_option("--first-height", chain.first_height, "height of the first block")
        ->check(CLI::Range(0, 1))
        ->capture_default_str();
    command.add_option("--seed", chain.seed, "the same seed makes the same chain")->capture_default_str();
    command.add_option("--journal-mode", arguments.journal_mode, "the database's journal mode")
        ->check(CLI::IsMember({"delete", "wal"}))
        ->capture_default_str();
    command.add_option("--legacy-blocks", chain.legacy_blocks, "leading blocks of the older hash schemes")
        ->capture_default_str();
    command.add_option("--pending", chain.pending, "transactions that wait for a block")
        ->capture_default_str();
    command.add_option("--page-size", chain.page_size, "bytes")->capture_default_str();
    command.add_flag("--varied", chain.varied, "also equal and ISO 8601 times, and other transaction types");
    command.add_option("--fault", arguments.faults, "damage to do afterwards; see damage --list-faults")
        ->allow_extra_args(false);
}

void describe_append(CLI::App& command, Arguments& arguments) {
    command.add_option("PATH", arguments.path, "the database to add to")->required();
    command.add_option("--blocks", arguments.append_blocks, "how many")->capture_default_str();
    command.add_option("--transactions-per-block", arguments.append_transactions, "the reward counts")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    command.add_option("--interval-ms", arguments.interval_ms, "pause after each block")
        ->capture_default_str();
    command.add_flag("--until-stopped", arguments.until_stopped, "go on until SIGTERM or SIGINT");
    command.add_option("--mode", arguments.append_mode, "set the journal mode first; else it stays")
        ->check(CLI::IsMember({"wal", "delete"}));
}

void describe_damage(CLI::App& command, Arguments& arguments) {
    auto* path = command.add_option("PATH", arguments.path, "the database to damage");
    auto* fault = command.add_option("--fault", arguments.faults, "the fault's name; repeatable")
                      ->needs(path)
                      ->allow_extra_args(false);
    command.add_flag("--list-faults", arguments.list_faults, "name all faults and the checks that find them")
        ->excludes(fault);
}

int run_program(int argc, char** argv) {
    Arguments arguments;
    CLI::App program("Makes, extends and damages sample chains of BT2C.", "bt2c-sample-chain");
    program.require_subcommand(1);
    CLI::App& create_command = *program.add_subcommand("create", "make a chain that is sound in every check");
    CLI::App& append_command = *program.add_subcommand("append", "add blocks as a running node does");
    CLI::App& damage_command = *program.add_subcommand("damage", "put faults into a chain");
    describe_create(create_command, arguments);
    describe_append(append_command, arguments);
    describe_damage(damage_command, arguments);
    try {
        program.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return program.exit(error) == 0 ? 0 : base::exit_status(ErrorKind::usage);
    }
    if (append_command.parsed()) return append(arguments);
    if (create_command.parsed()) {
        create(arguments);
    } else if (arguments.list_faults) {
        list_faults();
    } else if (arguments.faults.empty()) {
        throw Error(ErrorKind::usage, "cannot damage the chain: no fault is named")
            .hint("--list-faults names them all");
    } else {
        damage(arguments);
    }
    return 0;
}

}  // namespace

int run_sample_chain(int argc, char** argv) noexcept {
    try {
        platform::handle_signals();
        return run_program(argc, argv);
    } catch (const Error& error) {
        std::fputs(format("bt2c-sample-chain: error: {}\n", error.message()).c_str(), stderr);
        if (!error.cause().empty()) std::fputs(format("  cause: {}\n", error.cause()).c_str(), stderr);
        if (!error.hint().empty()) std::fputs(format("  hint:  {}\n", error.hint()).c_str(), stderr);
        return base::exit_status(error.kind());
    } catch (const std::exception& error) {
        std::fputs(format("bt2c-sample-chain: error: {}\n", error.what()).c_str(), stderr);
        return base::exit_status(ErrorKind::failed);
    }
}

}  // namespace bt2c::cli
