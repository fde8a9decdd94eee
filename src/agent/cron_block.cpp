// A block of lines in a crontab; see automation.hpp.

#include "agent/automation.hpp"
#include "base/error.hpp"
#include "base/text.hpp"

namespace bt2c::agent {

namespace fs = std::filesystem;
using base::format;

namespace {

/// cron itself knows no missed runs: what is due is told by the records, each time it looks.
constexpr std::string_view every_five_minutes = "*/5 * * * *";

/// What stands behind it explains, and may be worded otherwise by another version.
std::string first_mark(const fs::path& home) {
    return format("# BEGIN bt2c-dr jobs of {};", home.native());
}

std::string last_line(const fs::path& home) {
    return format("# END bt2c-dr jobs of {}\n", home.native());
}

/// A word for the shell; cron takes % for a line end.
std::string cron_word(const std::string& text) {
    if (text.empty() || base::printable(text) != text)
        throw base::Error(
            base::ErrorKind::usage,
            format("cannot write a line for cron: '{}' cannot stand in one", base::printable(text)))
            .hint(
                "give the folder another name, or let the agent run the jobs: 'bt2c-dr "
                "setup-automated-backups --scheduler agent'");
    std::string quoted = "'";
    for (const char c : text) {
        if (c == '\'')
            quoted += "'\\''";
        else if (c == '%')
            quoted += "\\%";
        else
            quoted += c;
    }
    return quoted + "'";
}

struct Place {
    std::size_t begin, end;
};

/// Where the block stands; both npos where it does not.
Place find_block(std::string_view crontab, const fs::path& home) {
    const std::string first = first_mark(home), last = last_line(home);
    std::size_t begin = crontab.find(first);
    while (begin != std::string_view::npos && begin > 0 && crontab[begin - 1] != '\n')
        begin = crontab.find(first, begin + 1);
    if (begin == std::string_view::npos) return {begin, begin};
    const std::size_t end = crontab.find("\n" + last, begin);
    // Without its end nobody can tell which of the lines are ours.
    if (end == std::string_view::npos)
        throw base::Error(base::ErrorKind::failed,
                          "cannot change the crontab: the end of our block is missing")
            .hint(format("put the line '{}' behind it, or remove the block by hand",
                         base::printable(last.substr(0, last.size() - 1))));
    return {begin, end + 1 + last.size()};
}

}  // namespace

std::string cron_block(const Automation& automation) {
    std::string line(every_five_minutes);
    for (const auto& [name, value] : automation.environment) line += " " + name + "=" + cron_word(value);
    line += " " + cron_word(automation.program.native());
    for (const std::string& option : automation.options) line += " " + cron_word(option);
    cron_word(automation.home.native());
    // Worded so that no command stands in it that would be shown with other options than it is installed.
    return first_mark(automation.home) + " written by its setup-automated-backups\n" + line +
           " --quiet job --due --syslog\n" + last_line(automation.home);
}

std::string without_cron_block(std::string_view crontab, const fs::path& home) {
    std::string text(crontab);
    const Place place = find_block(crontab, home);
    if (place.begin != std::string::npos) text.erase(place.begin, place.end - place.begin);
    return text;
}

std::string with_cron_block(std::string_view crontab, const fs::path& home, std::string_view block) {
    std::string text(crontab);
    const Place place = find_block(crontab, home);
    if (place.begin != std::string::npos) return text.replace(place.begin, place.end - place.begin, block);
    if (!text.empty() && text.back() != '\n') text += '\n';
    return text.append(block);
}

}  // namespace bt2c::agent
