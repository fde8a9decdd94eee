#include "cli/man_page.hpp"

#include "base/error.hpp"
#include "base/text.hpp"
#include "cli/help_text.hpp"
#include "cli/version.hpp"

namespace bt2c::cli {
namespace {

using base::format;

/// Text as roff takes it literally.
std::string escaped(std::string_view text) {
    std::string out;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const char c = text[at];
        if (out.empty() && (c == '.' || c == '\'')) out += "\\&";
        if (c == '\\')
            out += "\\e";
        else if (c == '-')
            out += "\\-";
        else if (c == '"')
            out += "\\(dq";
        else if (c == '~')
            out += "\\(ti";
        else
            out += c;
    }
    return out;
}

/// Paragraphs are parted by blank lines; other line ends are only layout.
std::string paragraphs(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        out += end == 0 ? ".PP\n" : escaped(text.substr(0, end)) + "\n";
        text.remove_prefix(std::min(text.size(), end + 1));
    }
    return out;
}

std::string tagged(const std::string& tag, std::string_view text) {
    return ".TP\n.B " + escaped(tag) + "\n" + escaped(text) + "\n";
}

std::string option_section(const char* title, const std::vector<Option>& options) {
    if (options.empty()) return "";
    std::string out = format(".SH {}\n", title);
    for (const Option& option : options) out += tagged(option_heading(option), option.help);
    return out;
}

std::string environment() {
    return ".SH ENVIRONMENT\n" + tagged("BT2C_HOME", "the node's home, unless --home names it") +
           tagged("BT2C_REPO_PASSWORD, BT2C_REPO_PASSWORD_FILE, BT2C_REPO_PASSWORD_COMMAND",
                  "the password of the repository: itself, a file that holds it, a command that prints it") +
           tagged("NO_COLOR", "when set and not empty, no colours") + ".SH FILES\n" +
           tagged("HOME/config/dr.toml", "the settings; need not exist") +
           tagged("HOME/config/repository.key", "the key file of the repository") +
           tagged("HOME/backups/repository", "the repository, unless the settings name another place");
}

}  // namespace

std::string man_page_name(const CommandNode& node) {
    std::string name = "bt2c-dr";
    if (!node.about.name.empty()) name += "-" + node.about.name;
    for (char& c : name)
        if (c == ' ') c = '-';
    return name;
}

std::string man_page(const CommandNode& node, const std::vector<CommandNode>& tree) {
    const std::string name = man_page_name(node);
    std::string out =
        format(".TH {} 1 \"\" \"bt2c-dr {}\" \"BT2C disaster recovery\"\n", escaped(name), version());
    out += format(".SH NAME\n{} \\- {}\n.SH SYNOPSIS\n.B {}\n", escaped(name), escaped(node.about.summary),
                  escaped(synopsis(node)));
    if (!node.about.description.empty()) out += ".SH DESCRIPTION\n" + paragraphs(node.about.description);
    if (!node.words.empty()) out += ".SH COMMANDS\n";
    for (const auto& [word, summary] : node.words) out += tagged(word, summary);
    out += option_section("OPTIONS", node.options);
    out += option_section("OPTIONS OF EVERY COMMAND", global_options());
    if (node.is_command) {
        out += ".SH EXIT STATUS\n";
        for (const auto& [status, meaning] : exit_rows(node.about)) out += tagged(status, meaning);
    } else {
        out += environment();
    }
    if (!node.about.examples.empty()) out += ".SH EXAMPLES\n";
    for (const Example& example : node.about.examples) out += tagged(example.command, example.what);
    std::string others;
    for (const CommandNode& other : tree)
        if (other.about.name != node.about.name)
            others +=
                format(".BR {} (1){}\n", escaped(man_page_name(other)), &other == &tree.back() ? "" : ",");
    return out + ".SH SEE ALSO\n" + others;
}

}  // namespace bt2c::cli
