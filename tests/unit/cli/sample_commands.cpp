#include "unit/cli/sample_commands.hpp"

#include <filesystem>
#include <stdexcept>
#include <system_error>

#include "base/text.hpp"

namespace bt2c::cli {
namespace {

using base::Error;
using base::ErrorKind;
using base::Json;

class WorkCommand final : public Command {
    About about() const override {
        return {.name = "work",
                .summary = "do some work",
                .description = "Does some work.\n\n.It takes every kind of option, \"quoted\" and \\escaped.",
                .examples = {{"bt2c-dr work --type full", "works fully"}},
                .exits = {ErrorKind::findings, ErrorKind::busy}};
    }
    void declare(Options& options) override {
        options.choice(type_, "--type", {"full", "incremental"}, "what to do");
        options.choices(only_, "--only", {"database", "config", "keys"}, "the parts to take");
        options.value(output_, "--output,-o", "FILE", "where to put it");
        options.value(count_, "--count", "N", "how often");
        options.value(reason_, "--reason", "TEXT", "why it's done");
        options.flag(force_, "--force", "do it all the same");
        options.argument(id_, "ID", "the thing to work on");
    }
    Result run(Context& context) override {
        context.progress().note("working");
        Json only = Json::array();
        for (const std::string& part : only_) only.push(part);
        return {.document = Json::object({{"type", type_},
                                          {"only", only},
                                          {"output", output_ ? Json(output_->native()) : Json()},
                                          {"count", count_},
                                          {"reason", reason_},
                                          {"force", force_},
                                          {"id", id_},
                                          {"home", context.home_unchecked().root.native()},
                                          {"network", context.network()}}),
                .print = [](Output& out) { out.line("worked"); },
                .outcome = force_ ? std::optional(ErrorKind::findings) : std::nullopt};
    }
    std::string type_ = "full", id_, reason_;
    std::vector<std::string> only_;
    std::optional<std::filesystem::path> output_;
    std::uint64_t count_ = 1;
    bool force_ = false;
};

class FailCommand final : public Command {
    About about() const override {
        return {.name = "fail",
                .summary = "fail",
                .description = "Fails.",
                .examples = {},
                .exits = {},
                .if_it_fails = "half of it stays"};
    }
    void declare(Options& options) override { options.argument(kind_, "KIND", "how").required = true; }
    Result run(Context&) override {
        if (kind_ == "memory") throw std::bad_alloc();
        if (kind_ == "library") throw std::runtime_error("broken \x1b[31m");
        if (kind_ == "file")
            throw std::filesystem::filesystem_error("status", "/my node/backups",
                                                    std::make_error_code(std::errc::permission_denied));
        if (kind_ == "usage") throw Error(ErrorKind::usage, "neither this nor that");
        if (kind_ == "none") throw Error(ErrorKind::no_repository, "there is no vault");
        if (kind_ == "interrupt") throw Error(ErrorKind::interrupted, "interrupted");
        throw Error(ErrorKind::busy, "cannot do it: it's held")
            .cause("a lock")
            .state("unchanged")
            .hint("wait");
    }
    std::string kind_;
};

class NamedCommand final : public Command {
 public:
    NamedCommand(std::string name, bool hidden) : name_(std::move(name)), hidden_(hidden) {}

 private:
    About about() const override {
        return {.name = name_,
                .summary = "a command called " + name_,
                .description = "",
                .examples = {},
                .exits = {},
                .hidden = hidden_};
    }
    Result run(Context&) override { return {.document = Json::object({{"ran", name_}}), .print = {}}; }
    std::string name_;
    bool hidden_;
};

}  // namespace

CommandTable sample_commands() {
    CommandTable table;
    table.groups = {{"vault", "look after the vault"}, {"vault key", "look after its keys"}};
    table.commands.push_back(std::make_unique<WorkCommand>());
    table.commands.push_back(std::make_unique<FailCommand>());
    table.commands.push_back(std::make_unique<NamedCommand>("vault check", false));
    table.commands.push_back(std::make_unique<NamedCommand>("vault key add", false));
    table.commands.push_back(std::make_unique<NamedCommand>("__hidden", true));
    table.commands.push_back(help_command());
    return table;
}

Outcome run_sample(const std::vector<std::string>& arguments) {
    TextTerminal out, err;
    const int status = run(arguments, {out, err}, sample_commands);
    return {status, out.text(), err.text()};
}

}  // namespace bt2c::cli
