// Reads back what unit_files() and cron_block() wrote of the environment; see automation.hpp.

#include "agent/automation.hpp"

namespace bt2c::agent {
namespace {

/// A word that begins behind its quote, as units have it.
std::string from_unit_word(std::string_view text) {
    std::string value;
    for (std::size_t i = 0; i < text.size() && text[i] != '"'; ++i) {
        if ((text[i] == '\\' || text[i] == '%') && i + 1 < text.size()) ++i;
        value += text[i];
    }
    return value;
}

/// The same as lines for cron have it.
std::string from_cron_word(std::string_view text) {
    constexpr std::string_view quote = "'\\''";
    std::string value;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text.substr(i).starts_with(quote)) {
            value += '\'';
            i += quote.size() - 1;
        } else if (text[i] == '\'') {
            break;
        } else if (!text.substr(i).starts_with("\\%")) {
            value += text[i];
        }
    }
    return value;
}

}  // namespace

std::optional<std::string> installed_variable(std::string_view text, std::string_view name) {
    const std::string unit = "\nEnvironment=\"" + std::string(name) + "=",
                      cron = " " + std::string(name) + "='";
    if (const std::size_t at = text.find(unit); at != std::string_view::npos)
        return from_unit_word(text.substr(at + unit.size()));
    if (const std::size_t at = text.find(cron); at != std::string_view::npos)
        return from_cron_word(text.substr(at + cron.size()));
    return std::nullopt;
}

}  // namespace bt2c::agent
