#include "cli/own_program.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>

#include "cli/commands.hpp"
#include "cli/health_check.hpp"

namespace bt2c::cli {

std::filesystem::path own_program() {
    constexpr std::string_view replaced = " (deleted)";
    std::string path = std::filesystem::read_symlink("/proc/self/exe").native();
    if (path.ends_with(replaced)) path.resize(path.size() - replaced.size());
    return path;
}

std::vector<std::string> own_options(const Context& context) {
    std::vector<std::string> options{"--home", context.home_unchecked().root.native()};
    if (const auto& config = context.globals().config)
        options.insert(options.end(),
                       {"--config", std::filesystem::absolute(*config).lexically_normal().native()});
    if (const auto network = context.network()) options.insert(options.end(), {"--network", *network});
    return options;
}

std::string with_given_options(std::string text, const GlobalOptions& given) {
    constexpr std::string_view program = "bt2c-dr ";
    if (text.find(program) == std::string::npos) return text;
    std::string options;
    if (given.home) options += "--home " + shell_word(std::filesystem::absolute(*given.home).native()) + " ";
    if (given.config)
        options += "--config " + shell_word(std::filesystem::absolute(*given.config).native()) + " ";
    const std::string network = given.network.empty() ? "" : "--network " + given.network + " ";
    if (options.empty() && network.empty()) return text;
    std::set<std::string> names;
    for (const auto& command : all_commands().commands) {
        const std::string name = command->about().name;
        names.insert(name.substr(0, name.find(' ')));
    }
    std::string result;
    std::size_t at = 0;
    for (std::size_t next; (next = text.find(program, at)) != std::string::npos;) {
        next += program.size();
        const std::string word =
            text.substr(next, text.find_first_not_of("abcdefghijklmnopqrstuvwxyz-", next) - next);
        std::string added;
        if (word == "--network")  // of the text's own, which may be another
            added = options;
        else if (names.contains(word))
            added = options + network;
        // A command that stands in quotes keeps only one kind of them for itself.
        const std::size_t before = next - program.size(), end = text.find('\'', next);
        if (added.find('\'') != std::string::npos && before > at && text[before - 1] == '\'' &&
            end != std::string::npos)
            text[before - 1] = text[end] = '"';
        result += text.substr(at, next - at) + added;
        at = next;
    }
    return result + text.substr(at);
}

namespace {

/// What tells people what to do; all else is data, in which a command may stand by chance.
bool is_advice(const std::string& key) {
    constexpr std::array keys{"advice", "cause", "detail", "error", "hint", "mend", "text", "warnings"};
    return std::ranges::find(keys, key) != keys.end();
}

base::Json with_given_options(const base::Json& document, const GlobalOptions& given, bool advises) {
    if (document.is_string() && advises) return with_given_options(document.string(), given);
    if (document.is_array()) {
        base::Json list = base::Json::array();
        for (const base::Json& one : document.elements()) list.push(with_given_options(one, given, advises));
        return list;
    }
    if (!document.is_object()) return document;
    base::Json object = base::Json::object();
    for (const auto& [key, value] : document.members())
        object.set(key, with_given_options(value, given, is_advice(key)));
    return object;
}

}  // namespace

base::Json with_given_options(const base::Json& document, const GlobalOptions& given) {
    return with_given_options(document, given, false);
}

}  // namespace bt2c::cli
