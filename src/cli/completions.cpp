#include "cli/completions.hpp"

#include <algorithm>
#include <set>

#include "base/text.hpp"

namespace bt2c::cli {
namespace {

using base::format;

std::string joined(const std::vector<std::string>& words, std::string_view separator) {
    std::string out;
    for (const std::string& word : words) out += (out.empty() ? "" : std::string(separator)) + word;
    return out;
}

/// The options that may stand after `node`'s words.
std::vector<Option> options_at(const CommandNode& node) {
    std::vector<Option> options = node.options;
    options.insert(options.end(), global_options().begin(), global_options().end());
    return options;
}

std::vector<std::string> spellings(const Option& option) {
    if (option.is_argument) return {};
    if (option.short_name.empty()) return {option.name};
    return {option.name, option.short_name};
}

std::string shell_quoted(std::string_view text) {
    std::string out = "'";
    for (const char c : text)
        if (c == '\'')
            out += "'\\''";
        else
            out += c;
    return out + "'";
}

std::set<std::string> value_options(const std::vector<CommandNode>& tree) {
    std::set<std::string> names;
    for (const CommandNode& node : tree)
        for (const Option& option : options_at(node))
            for (const std::string& name : spellings(option))
                if (!option.value.empty()) names.insert(name);
    return names;
}

/// Bash and zsh find the command among the words before the cursor in the same way.
/// Arrays begin at 1 in zsh; `first` is the index of the word after the program.
std::string find_command(const std::vector<CommandNode>& tree, std::string_view words,
                         std::string_view current, int first) {
    std::vector<std::string> names;
    for (const CommandNode& node : tree)
        if (!node.about.name.empty()) names.push_back(shell_quoted(node.about.name));
    const std::set<std::string> set = value_options(tree);
    const std::vector<std::string> valued(set.begin(), set.end());
    return format(
        "    local at='' i word\n"
        "    for ((i = {0}; i < {1}; i++)); do\n"
        "        word=\"${{{2}[i]}}\"\n"
        "        case \"$word\" in {3})\n"
        "            [[ ${{{2}[i+1]}} != '=' ]] || ((i++))\n"
        "            ((i++)); continue ;;\n"
        "        esac\n"
        "        case \"${{at:+$at }}$word\" in {4}) at=\"${{at:+$at }}$word\" ;; esac\n"
        "    done\n",
        first, current, words, joined(valued, "|"), joined(names, "|"));
}

/// Runs `entry(pattern, option)` for every spelling of an option that takes a value, where `pattern` matches
/// "command:option".
template <typename Entry>
void for_value_options(const std::vector<CommandNode>& tree, const Entry& entry) {
    const auto each = [&](const std::string& where, const std::vector<Option>& options) {
        for (const Option& option : options)
            for (const std::string& name : spellings(option))
                if (!option.value.empty()) entry(format("{}{}", where, shell_quoted(":" + name)), option);
    };
    for (const CommandNode& node : tree) each(shell_quoted(node.about.name), node.options);
    each("*", global_options());
}

/// The words that may stand for an argument of a command.
std::vector<std::string> argument_choices(const CommandNode& node) {
    std::vector<std::string> choices;
    for (const Option& option : node.options)
        if (option.is_argument) choices.insert(choices.end(), option.choices.begin(), option.choices.end());
    return choices;
}

bool takes_path_argument(const CommandNode& node) {
    return std::any_of(node.options.begin(), node.options.end(),
                       [](const Option& option) { return option.is_argument && option.is_path; });
}

/// 'help' takes the words of the other commands: all of them once more behind it, without their options.
std::vector<CommandNode> with_help_subjects(const std::vector<CommandNode>& commands) {
    std::vector<CommandNode> tree = commands;
    for (CommandNode& node : tree)
        if (node.about.name == "help") node.words = commands.front().words;
    for (const CommandNode& node : commands) {
        if (node.about.name.empty()) continue;
        CommandNode& subject = tree.emplace_back();
        subject.about.name = "help " + node.about.name;
        subject.words = node.words;
    }
    return tree;
}

}  // namespace

std::string bash_completion(const std::vector<CommandNode>& commands) {
    const std::vector<CommandNode> tree = with_help_subjects(commands);
    // File names may hold blanks, word lists are split at them.
    const std::string files = "compopt -o filenames; IFS=$'\\n'; COMPREPLY+=($(compgen -f -- \"$cur\"))";
    const auto words_of = [](const std::vector<std::string>& words) {
        return format("COMPREPLY=($(compgen -W {} -- \"$cur\"))", shell_quoted(joined(words, " ")));
    };
    // Behind "database," that stays, and the next one follows.
    const auto list_of = [](const std::vector<std::string>& words) {
        return format("COMPREPLY=($(compgen -P \"$head\" -W {} -- \"${{cur##*,}}\"))",
                      shell_quoted(joined(words, " ")));
    };
    std::string values, words;
    for_value_options(tree, [&](const std::string& pattern, const Option& option) {
        const std::string action = option.is_path           ? files + "; "
                                   : option.choices.empty() ? ""
                                   : option.list            ? list_of(option.choices) + "; "
                                                            : words_of(option.choices) + "; ";
        values += format("        {}) {}return ;;\n", pattern, action);
    });
    for (const CommandNode& node : tree) {
        std::vector<std::string> next = argument_choices(node);
        for (const auto& [word, summary] : node.words) next.push_back(word);
        for (const Option& option : options_at(node))
            for (const std::string& name : spellings(option)) next.push_back(name);
        words += format("        {}) {}{} ;;\n", shell_quoted(node.about.name), words_of(next),
                        takes_path_argument(node) ? "; " + files : "");
    }
    return "# bash completion of bt2c-dr; generated.\n\n_bt2c_dr() {\n"
           "    local cur=\"${COMP_WORDS[COMP_CWORD]}\" prev=\"${COMP_WORDS[COMP_CWORD-1]}\" IFS=$' \\n'\n"
           "    COMPREPLY=()\n"
           // '=' parts words: '--option', '=', 'value'.
           "    if [[ $prev == '=' ]]; then prev=\"${COMP_WORDS[COMP_CWORD-2]}\"; fi\n"
           "    if [[ $cur == '=' ]]; then cur=''; fi\n"
           "    local head=''\n"
           "    if [[ $cur == *,* ]]; then head=\"${cur%,*},\"; fi\n" +
           find_command(tree, "COMP_WORDS", "COMP_CWORD", 1) + "    case \"$at:$prev\" in\n" + values +
           "    esac\n    case \"$at\" in\n" + words + "    esac\n}\ncomplete -F _bt2c_dr bt2c-dr\n";
}

std::string zsh_completion(const std::vector<CommandNode>& commands) {
    const std::vector<CommandNode> tree = with_help_subjects(commands);
    const auto entry = [](const std::string& word, const std::string& summary) {
        return " " + shell_quoted(word + ":" + summary);
    };
    std::string values, words, globals;
    for_value_options(tree, [&](const std::string& pattern, const Option& option) {
        values += format("        {}) {}; return ;;\n", pattern,
                         option.is_path           ? "_files"
                         : option.choices.empty() ? "_message value"
                         : option.list ? "compset -P '*,'; compadd -- " + joined(option.choices, " ")
                                       : "compadd -- " + joined(option.choices, " "));
    });
    for (const Option& option : global_options())
        for (const std::string& name : spellings(option)) globals += entry(name, option.help);
    for (const CommandNode& node : tree) {
        std::string next, options;
        for (const auto& [word, summary] : node.words) next += entry(word, summary);
        for (const std::string& word : argument_choices(node)) next += " " + shell_quoted(word);
        for (const Option& option : node.options)
            for (const std::string& name : spellings(option)) options += entry(name, option.help);
        words += format("        {}) next=({}); options+=({}){} ;;\n", shell_quoted(node.about.name), next,
                        options, takes_path_argument(node) ? "; _files" : "");
    }
    return "#compdef bt2c-dr\n# zsh completion of bt2c-dr; generated.\n\n_bt2c_dr() {\n"
           "    local -a next options\n    options=(" +
           globals + ")\n" + find_command(tree, "words", "CURRENT", 2) +
           "    local before=\"${words[CURRENT-1]}\"\n"
           "    if [[ ${words[CURRENT]} == --*=* ]]; then\n"
           "        before=\"${words[CURRENT]%%=*}\"\n"
           "        compset -P 1 '*='\n"
           "    fi\n"
           "    case \"$at:$before\" in\n" +
           values + "    esac\n    case \"$at\" in\n" + words +
           "    esac\n    (( ${#next} )) && _describe -t commands command next\n"
           "    [[ ${words[CURRENT]} == -* || ${#next} -eq 0 ]] && _describe -o -t options option "
           "options\n}\n\n"
           "_bt2c_dr \"$@\"\n";
}

std::string fish_completion(const std::vector<CommandNode>& commands) {
    const std::vector<CommandNode> tree = with_help_subjects(commands);
    std::string names, valued, out;
    for (const CommandNode& node : tree)
        if (!node.about.name.empty()) names += " " + shell_quoted(node.about.name);
    for (const std::string& name : value_options(tree)) valued += " " + name;
    const auto option_line = [&](const std::string& start, const Option& option) {
        if (option.is_argument) {
            if (option.is_path) out += start + " -F\n";
            for (const std::string& word : option.choices) out += format("{} -a {}\n", start, word);
            return;
        }
        out += start + " -l " + option.name.substr(2);
        if (!option.short_name.empty()) out += " -s " + option.short_name.substr(1);
        if (!option.value.empty()) out += option.is_path ? " -r -F" : " -x";
        const std::string choices = joined(option.choices, " ");
        if (!choices.empty())
            out += " -a " + shell_quoted(option.list ? "(__fish_append , " + choices + ")" : choices);
        out += " -d " + shell_quoted(option.help) + "\n";
    };
    for (const CommandNode& node : tree) {
        const std::string here =
            format("complete -c bt2c-dr -n \"__bt2c_dr_at {}\"", shell_quoted(node.about.name));
        for (const auto& [word, summary] : node.words)
            out += format("{} -a {} -d {}\n", here, word, shell_quoted(summary));
        for (const Option& option : node.options) option_line(here, option);
    }
    for (const Option& option : global_options()) option_line("complete -c bt2c-dr", option);
    return "# fish completion of bt2c-dr; generated.\n\n"
           "function __bt2c_dr_at -a wanted\n    set -l at ''\n    set -l skip 0\n"
           "    for word in (commandline -opc)[2..-1]\n"
           "        if test $skip = 1\n            set skip 0\n            continue\n        end\n"
           "        if contains -- $word" +
           valued +
           "\n            set skip 1\n            continue\n        end\n"
           "        set -l longer (string trim -- \"$at $word\")\n"
           "        contains -- $longer" +
           names +
           "; and set at $longer\n"
           "    end\n    test \"$at\" = \"$wanted\"\nend\n\ncomplete -c bt2c-dr -f\n" +
           out;
}

}  // namespace bt2c::cli
