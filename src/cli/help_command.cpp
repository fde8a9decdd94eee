#include "cli/commands.hpp"
#include "cli/help_text.hpp"

namespace bt2c::cli {
namespace {

class HelpCommand final : public Command {
    About about() const override {
        return {.name = "help",
                .summary = "show help for a command",
                .description = "Shows the list of commands, or the help of one command.",
                .examples = {{"bt2c-dr help", "the list of commands"},
                             {"bt2c-dr help restore", "all about restore"}},
                .exits = {}};
    }

    void declare(Options& options) override {
        options.argument(word_, "COMMAND", "the command");
        options.argument(sub_word_, "SUBCOMMAND", "its sub-command");
        options.argument(sub_sub_word_, "SUBSUBCOMMAND", "and the sub-command of that");
    }

    Result run(Context& context) override {
        std::string subject = word_;
        for (const std::string& word : {sub_word_, sub_sub_word_})
            if (!word.empty()) subject += " " + word;
        const std::string text = help_text(all_commands(), subject, context.console().out);
        return {.document = base::Json::object({{"help", text}}),
                .print = [text](Output& out) { out.raw(text); }};
    }

    std::string word_, sub_word_, sub_sub_word_;
};

}  // namespace

std::unique_ptr<Command> help_command() {
    return std::make_unique<HelpCommand>();
}

}  // namespace bt2c::cli
