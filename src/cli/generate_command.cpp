#include "base/bytes.hpp"
#include "base/text.hpp"
#include "cli/commands.hpp"
#include "cli/completions.hpp"
#include "cli/man_page.hpp"
#include "platform/file.hpp"

namespace bt2c::cli {
namespace {

namespace fs = std::filesystem;

void write(const fs::path& file, const std::string& text) {
    platform::durable_mkdir(file.parent_path(), 0755);
    platform::write_durably(file, base::as_bytes(text), 0644);
}

/// Run by the build; see cmake/share.cmake.
class GenerateCommand final : public Command {
    About about() const override {
        return {.name = "__generate",
                .summary = "write man pages or shell completions",
                .description =
                    "Writes the man pages into DIR, or the completions into DIR below the folders "
                    "where shells look for them.",
                .examples = {},
                .exits = {},
                .hidden = true};
    }

    void declare(Options& options) override {
        options.argument(what_, "WHAT", "man or completions").required = true;
        options.argument(folder_, "DIR", "the folder").required = true;
    }

    Result run(Context&) override {
        const CommandTable table = all_commands();
        const std::vector<CommandNode> tree = command_tree(table);
        if (what_ == "man") {
            for (const CommandNode& node : tree)
                write(folder_ / (man_page_name(node) + ".1"), man_page(node, tree));
        } else if (what_ == "completions") {
            write(folder_ / "bash-completion/completions/bt2c-dr", bash_completion(tree));
            write(folder_ / "zsh/vendor-completions/_bt2c-dr", zsh_completion(tree));
            write(folder_ / "fish/vendor_completions.d/bt2c-dr.fish", fish_completion(tree));
        } else {
            throw base::Error(base::ErrorKind::usage,
                              base::format("cannot generate '{}'", base::printable(what_)))
                .hint("it is man or completions");
        }
        return {.document = base::Json::object({{"folder", folder_.native()}}), .print = {}};
    }

    std::string what_;
    fs::path folder_;
};

}  // namespace

std::unique_ptr<Command> generate_command() {
    return std::make_unique<GenerateCommand>();
}

}  // namespace bt2c::cli
