#pragma once
// What a command of the program is.
//
// To add one, say `frobnicate` (or `repository frobnicate`: a blank makes it a sub-command):
//
//  1. src/cli/frobnicate_command.cpp:
//
//         namespace bt2c::cli {
//         namespace {
//         class FrobnicateCommand final : public Command {
//             About about() const override {
//                 return {.name = "frobnicate",
//                         .summary = "one line for the list of commands",
//                         .description = "Paragraphs for --help and the man page.\n\nBlank lines part them.",
//                         .examples = {{"bt2c-dr frobnicate --hard", "what this does"}},
//                         .exits = {base::ErrorKind::failed, base::ErrorKind::busy},
//                         .if_it_fails = "nothing was changed"};
//             }
//             void declare(Options& options) override {
//                 options.flag(hard_, "--hard", "do it hard");
//                 options.choice(type_, "--type", {"full", "incremental"}, "what to store");
//                 options.argument(id_, "ID", "the backup").required = true;
//             }
//             Result run(Context& context) override {
//                 const Outcome outcome = frobnicate(context.home(), context.progress());
//                 return {.document = base::Json::object({{"count", outcome.count}}),
//                         .print = [outcome](Output& out) { out.line("{} done", outcome.count); }};
//             }
//             bool hard_ = false;
//             std::string type_ = "full", id_;
//         };
//         }  // namespace
//         std::unique_ptr<Command> frobnicate_command() { return std::make_unique<FrobnicateCommand>(); }
//         }  // namespace bt2c::cli
//
//  2. One line in commands.hpp (declaration) and one in commands.cpp (the table); for a new group of
//     sub-commands also one in the table of groups.
//
// Parsing, --help, --json, errors, exit statuses, the man page and completions follow from that.
// Errors: throw base::Error, never print one. `run` checks what options cannot say alone (two that
// exclude each other) and throws Error(usage). Findings and partial results are no errors: set
// Result::outcome. Long jobs take context.progress() and call base::throw_if_interrupted().

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/json.hpp"
#include "cli/context.hpp"
#include "cli/options.hpp"
#include "cli/output.hpp"

namespace bt2c::cli {

struct Example {
    std::string command;  ///< as typed, "bt2c-dr backup --type full"
    std::string what;     ///< what it does, one line
};

/// What help, man pages and completions tell of a command.
struct About {
    std::string name;     ///< the words after bt2c-dr: "backup", "repository check"
    std::string summary;  ///< one line, lower case, no full stop
    std::string description;
    std::vector<Example> examples;
    /// The kinds of failure it can end with; success, wrong usage and interruption need not be named.
    std::vector<base::ErrorKind> exits;
    /// What a failure leaves behind, at whatever instant, where the error itself does not say; may be empty.
    std::string if_it_fails = {};
    bool hidden = false;  ///< not listed, no man page, no completion
};

/// What a command that did its job hands back.
struct Result {
    base::Json document;                 ///< what --json prints
    std::function<void(Output&)> print;  ///< the same for people; may be empty
    /// Exit status other than 0 although the job was done: `findings` or `partial`.
    std::optional<base::ErrorKind> outcome = std::nullopt;
};

class Command {
 public:
    virtual ~Command() = default;
    virtual About about() const = 0;
    /// Called before run, perhaps more than once; the targets are members of the command.
    virtual void declare(Options&) {}
    /// Called once. Throws base::Error when the job cannot be done.
    virtual Result run(Context& context) = 0;
};

}  // namespace bt2c::cli
