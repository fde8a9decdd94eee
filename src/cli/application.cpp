#include "cli/application.hpp"

#include <malloc.h>

#include <algorithm>
#include <exception>
#include <filesystem>

#include "base/error.hpp"
#include "base/text.hpp"
#include "cli/error_report.hpp"
#include "cli/help_text.hpp"
#include "cli/own_program.hpp"
#include "cli/parser.hpp"
#include "cli/version.hpp"
#include "crypto/secret.hpp"
#include "platform/process.hpp"
#include "platform/signals.hpp"

namespace bt2c::cli {
namespace {

using base::Error;
using base::ErrorKind;
using base::Json;

void write_result(const Result& result, const GlobalOptions& given, Terminal& out) {
    if (given.json) {
        const bool elsewhere = given.home || given.config || !given.network.empty();
        const Json document = elsewhere ? with_given_options(result.document, given) : result.document;
        out.write(document.dump(out.is_terminal()) + "\n");
    } else if (result.print) {
        Output output(out);
        result.print(output);
        out.write(with_given_options(output.text(), given));
    }
}

/// Of an error that does not say what is left behind.
std::string state_after(const Error& error, const About& about) {
    const bool before_all = error.kind() == ErrorKind::usage || error.kind() == ErrorKind::no_repository;
    return before_all && !about.if_it_fails.empty() ? "nothing was changed" : about.if_it_fails;
}

int run_request(const Request& request, const CommandTable& table, Console& console) {
    if (request.kind == Request::Kind::version) {
        const std::string text(version());
        write_result({.document = Json::object({{"program", "bt2c-dr"}, {"version", text}}),
                      .print = [&](Output& out) { out.line("bt2c-dr {}", text); }},
                     request.globals, console.out);
        return 0;
    }
    if (request.kind == Request::Kind::help) {
        GlobalOptions plain;  // commands in it stay as they are
        plain.json = request.globals.json;
        const std::string text = help_text(table, request.subject, console.out);
        write_result(
            {.document = Json::object({{"help", text}}), .print = [&](Output& out) { out.raw(text); }}, plain,
            console.out);
        return 0;
    }
    Result result;
    {
        // The context ends before the result is printed, and the progress bar with it.
        Context context(request.globals, console);
        try {
            result = request.command->run(context);
        } catch (Error& error) {
            error.hint(with_given_options(error.hint(), request.globals));
            error.cause(with_given_options(error.cause(), request.globals));
            if (error.state().empty()) error.state(state_after(error, request.command->about()));
            if (error.kind() == ErrorKind::usage && error.hint().empty())
                error.hint(help_hint(request.subject));
            throw;
        }
    }
    try {
        write_result(result, request.globals, console.out);
    } catch (Error& error) {
        error.state("the command itself is done; only what it had to say is lost");
        throw;
    }
    return result.outcome ? base::exit_status(*result.outcome) : 0;
}

int report(const Error& error, bool json, Console& console) {
    try {
        console.err.write(error_text(error, console.err));
    } catch (const Error&) {
        // A closed stderr must not keep the document from stdout.
    }
    if (json) console.out.write(error_document(error).dump(console.out.is_terminal()) + "\n");
    return base::exit_status(error.kind());
}

int run_or_report(const std::vector<std::string>& arguments, Console& console,
                  const std::function<CommandTable()>& commands) {
    const bool json = std::find(arguments.begin(), arguments.end(), "--json") != arguments.end();
    try {
        const CommandTable table = commands();
        return run_request(parse_command_line(arguments, table), table, console);
    } catch (const Error& error) {
        return report(error, json, console);
    } catch (const std::filesystem::filesystem_error& error) {
        if (!error.path1().empty() && is_of_rights(error)) return report(unseen_error(error), json, console);
        return report(base::unexpected_error(error), json, console);
    } catch (const std::exception& error) {
        return report(base::unexpected_error(error), json, console);
    }
}

}  // namespace

void prepare_process() {
    platform::open_standard_descriptors();
    platform::handle_signals();
    crypto::forbid_core_dumps();
    // Buffers of packs and pages come and go all the time. Memory that malloc gives back to the kernel is
    // zeroed page by page when it comes again, which took a tenth of a backup's time; the peak is the same.
    ::mallopt(M_MMAP_THRESHOLD, 32 << 20);
    ::mallopt(M_TRIM_THRESHOLD, 128 << 20);
}

int run(const std::vector<std::string>& arguments, Console console,
        const std::function<CommandTable()>& commands) noexcept {
    try {
        return run_or_report(arguments, console, commands);
    } catch (...) {
        // Not even the report could be written; the exit status is all that is left to say so.
        return base::exit_status(ErrorKind::failed);
    }
}

}  // namespace bt2c::cli
