#include "cli/man_page.hpp"

#include "base/error.hpp"
#include "base/text.hpp"
#include "cli/help_text.hpp"
#include "cli/version.hpp"

namespace bt2c::cli {
namespace {

using base::ErrorKind;
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
           tagged("BT2C_REPO_NEW_PASSWORD, BT2C_REPO_NEW_PASSWORD_FILE",
                  "a password that is to be set for the repository: itself, a file whose first line it is") +
           tagged("BT2C_WALLET_PASSWORD", "the password of a validator's wallet") +
           tagged("BT2C_NEW_WALLET_PASSWORD", "that of the new wallet that 'keys rotate' makes") +
           tagged("BT2C_SIGNER_PASSWORD, BT2C_SIGNER_PASSWORD_FILE",
                  "the password of a signer's key: itself, a file whose first line it is") +
           tagged("BT2C_TOKEN_PIN_FILE", "a file whose first line is the PIN of the hardware token") +
           tagged("NO_COLOR", "when set and not empty, no colours") + ".SH FILES\n" +
           tagged("HOME/config/dr.toml", "the settings; need not exist") +
           tagged("HOME/config/repository.key", "the key file of the repository") +
           tagged("HOME/backups/repository", "the repository, unless the settings name another place");
}

std::string exit_section(const CommandNode& node) {
    std::string out = ".SH EXIT STATUS\n";
    if (!node.is_command && !node.about.name.empty())
        return out + "That of the command;\n.BR bt2c\\-dr (1)\nlists them all.\n";
    About about = node.about;
    if (!node.is_command)
        about.exits = {ErrorKind::findings, ErrorKind::busy, ErrorKind::wrong_secret, ErrorKind::partial,
                       ErrorKind::no_repository};
    for (const auto& [status, meaning] : exit_rows(about)) out += tagged(status, meaning);
    return out;
}

/// "repository key" of "repository key add"; empty for the first words.
std::string group_of(const std::string& name) {
    const std::size_t blank = name.rfind(' ');
    return blank == std::string::npos ? "" : name.substr(0, blank);
}

/// The pages of the group that `node` is or belongs to, the program's, and the handbook.
std::string see_also(const CommandNode& node, const std::vector<CommandNode>& tree) {
    const std::string& name = node.about.name;
    const std::string group = node.is_command ? group_of(name) : name;
    std::string out = ".SH SEE ALSO\n";
    for (const CommandNode& other : tree) {
        const std::string& another = other.about.name;
        const bool near = another.empty() || another == group_of(name) || another == group ||
                          ((!group.empty() || name.empty()) && group_of(another) == group);
        if (near && another != name) out += format(".BR {} (1),\n", escaped(man_page_name(other)));
    }
    if (name.empty() || name.starts_with("devnet")) out += ".BR bt2c\\-node (1),\n";
    return out + "the handbook in /usr/share/doc/bt2c\\-dr\n";
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
    // No words in the middle of the header: the longest names fill its eighty columns.
    std::string out = format(".TH {} 1 \"\" \"bt2c-dr {}\" \"\"\n", escaped(name), version());
    out += format(".SH NAME\n{} \\- {}\n.SH SYNOPSIS\n.B {}\n", escaped(name), escaped(node.about.summary),
                  escaped(synopsis(node)));
    if (!node.about.description.empty()) out += ".SH DESCRIPTION\n" + paragraphs(node.about.description);
    if (!node.words.empty()) out += ".SH COMMANDS\n";
    for (const auto& [word, summary] : node.words) out += tagged(word, summary);
    out += option_section("OPTIONS", node.options);
    out += option_section("OPTIONS OF EVERY COMMAND", global_options());
    out += exit_section(node);
    if (!node.is_command) out += environment();
    if (!node.about.examples.empty()) out += ".SH EXAMPLES\n";
    for (const Example& example : node.about.examples) out += tagged(example.command, example.what);
    return out + see_also(node, tree);
}

}  // namespace bt2c::cli
