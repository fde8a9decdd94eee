#include "cli/options.hpp"

#include <algorithm>
#include <charconv>

#include "base/error.hpp"
#include "base/text.hpp"

namespace bt2c::cli {

using base::Error;
using base::ErrorKind;
using base::format;
using base::printable;

void read_value(const std::string& text, std::string& target) {
    // A variable of a script that was not set: taken for an option that was not given, it would do something
    // else.
    if (text.empty()) throw Error(ErrorKind::usage, "the value is empty");
    target = text;
}

void read_value(const std::string& text, std::filesystem::path& target) {
    if (text.empty()) throw Error(ErrorKind::usage, "the path is empty");
    target = text;
}

void read_value(const std::string& text, std::uint64_t& target) {
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, target);
    if (error != std::errc{} || stop != end)
        throw Error(ErrorKind::usage, format("'{}' is not a whole number", printable(text)));
}

Option& Options::paths(std::vector<std::filesystem::path>& target, const std::string& names, std::string word,
                       std::string help) {
    Option& option = add(names, std::move(word), std::move(help));
    option.list = option.is_path = true;
    option.store = [&target](const std::string& text) { read_value(text, target.emplace_back()); };
    return option;
}

Option& Options::add(const std::string& names, std::string word, std::string help) {
    const std::size_t comma = names.find(',');
    Option option;
    option.name = names.substr(0, comma);
    if (comma != std::string::npos) option.short_name = names.substr(comma + 1);
    option.value = std::move(word);
    option.help = std::move(help);
    return options_.emplace_back(std::move(option));
}

Option& Options::flag(bool& target, const std::string& names, std::string help) {
    Option& option = add(names, "", std::move(help));
    option.store = [&target](const std::string&) { target = true; };
    return option;
}

namespace {

std::string joined(const std::vector<std::string>& words, std::string_view separator) {
    std::string out;
    for (const std::string& word : words) out += (out.empty() ? "" : std::string(separator)) + word;
    return out;
}

void require_choice(const std::string& text, const std::vector<std::string>& choices) {
    if (std::find(choices.begin(), choices.end(), text) != choices.end()) return;
    Error error(ErrorKind::usage, format("'{}' is none of {}", printable(text), joined(choices, ", ")));
    const std::string nearest = base::nearest_word(text, choices);
    if (!nearest.empty()) error.hint(format("did you mean '{}'?", nearest));
    throw error;
}

}  // namespace

Option& Options::choice(std::string& target, const std::string& names, std::vector<std::string> choices,
                        std::string help) {
    if (!target.empty()) help += format(" (default: {})", target);
    Option& option = add(names, joined(choices, "|"), std::move(help));
    option.choices = std::move(choices);
    option.store = [&target, allowed = option.choices](const std::string& text) {
        require_choice(text, allowed);
        target = text;
    };
    return option;
}

Option& Options::choices(std::vector<std::string>& target, const std::string& names,
                         std::vector<std::string> choices, std::string help) {
    Option& option = add(names, joined(choices, ","), std::move(help));
    option.choices = std::move(choices);
    option.list = true;
    option.store = [&target, allowed = option.choices](const std::string& text) {
        require_choice(text, allowed);
        if (std::find(target.begin(), target.end(), text) == target.end()) target.push_back(text);
    };
    return option;
}

Option& Options::texts(std::vector<std::string>& target, const std::string& names, std::string word,
                       std::string help) {
    Option& option = add(names, std::move(word), std::move(help));
    option.list = true;
    option.store = [&target](const std::string& text) { read_value(text, target.emplace_back()); };
    return option;
}

}  // namespace bt2c::cli
