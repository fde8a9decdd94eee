#include "cli/help_text.hpp"

#include <algorithm>
#include <cctype>

#include "base/error.hpp"
#include "base/text.hpp"

namespace bt2c::cli {
namespace {

using base::Error;
using base::ErrorKind;
using base::format;

/// As wide as the window, as far as lines are easy to read; 80 where there is none.
std::size_t text_width(const Terminal& terminal) {
    return terminal.width() == 0 ? 80 : std::clamp<std::size_t>(terminal.width(), 40, 92);
}

/// `text` broken between words into lines that begin with `indent`; its own line ends stay.
std::string wrapped(std::string_view text, std::size_t indent, std::size_t width) {
    std::string out, line;
    const auto flush = [&] {
        out += line.empty() ? "\n" : std::string(indent, ' ') + line + "\n";
        line.clear();
    };
    while (!text.empty()) {
        const std::size_t end = std::min(text.find_first_of(" \n"), text.size());
        const std::string_view word = text.substr(0, end);
        if (!line.empty() && !word.empty() && indent + display_width(line) + 1 + display_width(word) > width)
            flush();
        if (!word.empty()) line += (line.empty() ? "" : " ") + std::string(word);
        if (end < text.size() && text[end] == '\n') flush();
        text.remove_prefix(std::min(text.size(), end + 1));
    }
    if (!line.empty()) flush();
    return out;
}

/// Two columns: what, and what it is about.
std::string rows(const std::vector<std::pair<std::string, std::string>>& pairs, std::size_t width) {
    constexpr std::size_t widest_max = 30;
    std::size_t widest = 0;
    for (const auto& [left, right] : pairs)
        if (left.size() <= widest_max) widest = std::max(widest, left.size());
    std::string out;
    for (const auto& [left, right] : pairs) {
        const std::string text = wrapped(right, widest + 4, width);
        if (left.size() > widest)
            out += "  " + left + "\n" + text;
        else
            out += "  " + left + std::string(widest - left.size() + 2, ' ') +
                   text.substr(std::min(text.size(), widest + 4));
    }
    return out;
}

std::string option_rows(const std::vector<Option>& options, std::size_t width) {
    std::vector<std::pair<std::string, std::string>> pairs;
    for (const Option& option : options) pairs.emplace_back(option_heading(option), option.help);
    return rows(pairs, width);
}

std::string help_of_command(const CommandNode& node, const Terminal& terminal) {
    const auto title = [&](const char* text) { return "\n" + terminal.styled(Style::bold, text) + "\n"; };
    const std::size_t width = text_width(terminal);
    std::string out = wrapped(node.about.description, 0, width);
    if (!node.options.empty()) out += title("Options:") + option_rows(node.options, width);
    out += title("Options of every command:") + option_rows(global_options(), width);
    if (!node.about.examples.empty()) out += title("Examples:");
    for (const Example& example : node.about.examples)
        out += format("  {}\n{}", example.command, wrapped(example.what, 6, width));
    return out + title("Exit status:") + rows(exit_rows(node.about), width);
}

/// Help for the program or a group: the commands below it, each with its summary.
std::string help_of_group(const CommandNode& node, const Terminal& terminal) {
    std::string summary = node.about.summary + ".";
    summary[0] = static_cast<char>(std::toupper(summary[0]));
    const std::size_t width = text_width(terminal);
    std::string out = wrapped(summary, 0, width);
    out += "\n" + terminal.styled(Style::bold, "Commands:") + "\n" + rows(node.words, width);
    out += "\n" + terminal.styled(Style::bold, "Options of every command:") + "\n" +
           option_rows(global_options(), width);
    return out + "\n" +
           wrapped(format("Run '{} COMMAND --help' for a command's options, examples and exit statuses.",
                          node.about.name.empty() ? "bt2c-dr" : "bt2c-dr " + node.about.name),
                   0, width);
}

std::string_view meaning_of(ErrorKind kind) {
    switch (kind) {
        case ErrorKind::failed: return "it failed; the message says why, and what was left behind";
        case ErrorKind::usage: return "wrong usage, or a wrong setting";
        case ErrorKind::findings: return "it found problems; the result lists them";
        case ErrorKind::busy: return "something that is needed is busy or locked";
        case ErrorKind::wrong_secret: return "wrong password, key or signature";
        case ErrorKind::partial: return "partly done";
        case ErrorKind::no_repository: return "there is no repository at that place";
        case ErrorKind::interrupted: return "interrupted";
    }
    return "";
}

}  // namespace

std::string option_heading(const Option& option) {
    if (option.is_argument) return option.name;
    std::string text = option.short_name.empty() ? option.name : option.short_name + ", " + option.name;
    return option.value.empty() ? text : text + " " + option.value;
}

std::string synopsis(const CommandNode& node) {
    std::string text = node.about.name.empty() ? "bt2c-dr" : "bt2c-dr " + node.about.name;
    if (!node.is_command) return text + " COMMAND [OPTIONS]";
    bool any_left = false;
    for (const Option& option : node.options) {
        if (option.is_argument)
            text += option.required ? " " + option.name : " [" + option.name + "]";
        else if (option.required)
            text +=
                format(" {} {}", option.short_name.empty() ? option.name : option.short_name, option.value);
        else
            any_left = true;
    }
    return any_left ? text + " [OPTIONS]" : text;
}

std::vector<std::pair<std::string, std::string>> exit_rows(const About& about) {
    std::vector<ErrorKind> kinds = about.exits;
    for (const ErrorKind always : {ErrorKind::failed, ErrorKind::usage, ErrorKind::interrupted})
        if (std::find(kinds.begin(), kinds.end(), always) == kinds.end()) kinds.push_back(always);
    std::sort(kinds.begin(), kinds.end(),
              [](ErrorKind a, ErrorKind b) { return base::exit_status(a) < base::exit_status(b); });
    std::vector<std::pair<std::string, std::string>> rows{{"0", "done"}};
    for (const ErrorKind kind : kinds)
        rows.emplace_back(std::to_string(base::exit_status(kind)), std::string(meaning_of(kind)));
    return rows;
}

std::string help_text(const CommandTable& table, const std::string& subject, const Terminal& terminal) {
    std::vector<std::string> names;
    for (const CommandNode& node : command_tree(table)) {
        names.push_back(node.about.name);
        if (node.about.name != subject) continue;
        return terminal.styled(Style::bold, "Usage:") + " " + synopsis(node) + "\n\n" +
               (node.is_command ? help_of_command(node, terminal) : help_of_group(node, terminal));
    }
    const std::string nearest = base::nearest_word(subject, names);
    throw Error(ErrorKind::usage, format("there is no command '{}'", base::printable(subject)))
        .hint(nearest.empty() ? "run 'bt2c-dr help' for the list of commands"
                              : format("did you mean '{}'?", nearest));
}

}  // namespace bt2c::cli
