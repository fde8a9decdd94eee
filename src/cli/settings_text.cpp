#include "cli/settings_text.hpp"

#include <algorithm>
#include <sstream>

#include "base/error.hpp"
#include "base/text.hpp"

namespace bt2c::cli {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorKind;

namespace {

constexpr std::string_view plain_keys[] = {
    "offsite",          "port",           "timeout_seconds",     "retries", "upload_bytes_per_second",
    "object_lock_days", "jitter_seconds", "incremental_minutes", "prune",   "price_per_gib_month"};

/// TOML's basic string.
std::string quoted(const std::string& text) {
    std::string out = "\"";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\')
            out += std::string("\\") + c;
        else if (byte < 0x20 || byte == 0x7F)
            out += base::format("\\u{:04X}", byte);
        else
            out += c;
    }
    return out + "\"";
}

/// Numbers and truth values stand without quotes; what is neither is told when the text is read.
std::string value_text(const std::string& key, const std::string& value) {
    const bool is_word =
        value == "true" || value == "false" ||
        (!value.empty() && value.front() != '.' && value.back() != '.' &&
         std::ranges::count(value, '.') < 2 &&
         std::ranges::all_of(value, [](char c) { return (c >= '0' && c <= '9') || c == '.'; }));
    return is_word && std::ranges::find(plain_keys, key) != std::end(plain_keys) ? value : quoted(value);
}

std::string lines_of(const KeyValues& values) {
    std::string text;
    for (const auto& [key, value] : values) text += key + " = " + value_text(key, value) + "\n";
    return text;
}

std::string location_lines(const KeyValues& location) {
    return "[[location]]\n" + lines_of(location);
}

/// Where the line behind "[schedule]" begins; npos where there is no such line.
std::size_t behind_schedule_header(const std::string& text) {
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        const std::string line = text.substr(at, end - at);
        const std::size_t first = line.find_first_not_of(" \t");
        if (first != std::string::npos && line.compare(first, 10, "[schedule]") == 0) return end + 1;
        at = end + 1;
    }
    return std::string::npos;
}

/// What `text` says already of keys that are to be added, by the lines: "line 3: full = \"02:00\"".
std::string lines_in_the_way(const std::string& text, const SettingsAdditions& additions) {
    std::vector<std::string> wanted;
    if (additions.repository) wanted.emplace_back("repository");
    for (const auto& addition : additions.schedule) wanted.push_back("schedule." + addition.first);
    std::istringstream lines(text);
    std::string line, table, found;
    for (int number = 1; std::getline(lines, line); ++number) {
        line.erase(0, line.find_first_not_of(" \t"));
        line.erase(line.find_last_not_of(" \t\r") + 1);
        if (line.starts_with('[')) table = line.substr(1, line.find(']') - 1) + ".";
        if (std::ranges::find(wanted, table + line.substr(0, line.find_first_of(" \t="))) != wanted.end())
            found += base::format("{}line {}: {}", found.empty() ? "" : ", ", number, line);
    }
    return found;
}

}  // namespace

std::string settings_lines(const SettingsAdditions& additions) {
    std::string text;
    if (additions.repository) text += lines_of({{"repository", *additions.repository}});
    for (const KeyValues& location : additions.locations) text += location_lines(location);
    if (!additions.schedule.empty()) text += "[schedule]\n" + lines_of(additions.schedule);
    return text;
}

std::string with_settings(const std::string& text, const SettingsAdditions& additions, const fs::path& name,
                          const config::Home& home) {
    std::string result = text;
    if (!result.empty() && result.back() != '\n') result += '\n';
    if (!additions.schedule.empty()) {
        const std::size_t at = behind_schedule_header(result);
        if (at != std::string::npos)
            result.insert(at, lines_of(additions.schedule));
        else
            result += "\n[schedule]\n" + lines_of(additions.schedule);
    }
    for (const KeyValues& location : additions.locations) result += "\n" + location_lines(location);
    // Before all tables, in front of which alone such a key may stand.
    if (additions.repository) result = lines_of({{"repository", *additions.repository}}) + result;
    try {
        config::parse_settings(result, name, home);
    } catch (const Error& error) {
        const std::string file = base::printable(name.native());
        const std::string there = lines_in_the_way(text, additions);
        throw Error(ErrorKind::failed,
                    there.empty()
                        ? base::format("cannot add to {} what is there in part, or in another way", file)
                        : base::format("cannot add to {}: it says otherwise already", file))
            .cause(there.empty() ? "with the lines added: " + error.in_full()
                                 : there + "; init changes no line that is there")
            .state("it is as it was")
            .hint(base::format("bring these lines into it by hand{}, then run {}the command again:\n{}",
                               there.empty() ? "" : ", in place of what it says",
                               additions.schedule.empty() ? "" : "'bt2c-dr setup-automated-backups' or ",
                               settings_lines(additions)));
    }
    return result;
}

config::Settings settings_of_answers(const SettingsAdditions& answers, const std::string& what,
                                     const config::Home& home) {
    try {
        return config::parse_settings(settings_lines(answers), what, home);
    } catch (const Error& error) {
        std::string text = error.message();
        if (const std::size_t line = text.find(" line "); line != std::string::npos)
            text.erase(line, text.find(':', line) - line);
        throw Error(error.kind(), text).cause(error.cause()).hint(error.hint());
    }
}

config::Settings settings_of_location(const KeyValues& location, const config::Home& home) {
    return settings_of_answers({.repository = "none", .locations = {location}}, "this location", home);
}

}  // namespace bt2c::cli
