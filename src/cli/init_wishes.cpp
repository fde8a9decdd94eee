#include "cli/init_wishes.hpp"

#include <algorithm>
#include <cstdlib>
#include <set>

#include "base/error.hpp"
#include "base/text.hpp"
#include "cli/secret_input.hpp"

namespace bt2c::cli {

using base::Error;
using base::ErrorKind;
using base::format;
using base::printable;

namespace {

constexpr std::size_t answers_bytes_max = 64 << 10;

std::string trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \t\r");
    if (first == std::string_view::npos) return "";
    return std::string(text.substr(first, text.find_last_not_of(" \t\r") - first + 1));
}

}  // namespace

std::string folder_from_here(const std::string& text) {
    if (text.empty()) return text;
    // Of whoever types it; jobs may run as another user, whose home folder is elsewhere.
    if (const char* const user = std::getenv("HOME"); user && *user && text.starts_with("~/"))
        return (std::filesystem::absolute(user) / text.substr(2)).lexically_normal().native();
    return std::filesystem::absolute(text).lexically_normal().native();
}

void InitWishes::declare(Options& options) {
    options.flag(non_interactive, "--non-interactive", "ask nothing; what is not said has its default");
    options.flag(make_home, "--make-home", "make the home where it is not there");
    options
        .value(repository, "--repository", "DIR",
               "the folder for backups on this machine, or 'none' for other locations only")
        .is_path = true;
    options.texts(
        location_words, "--location", "KEY=VALUE",
        "one more location, by the keys of [[location]], with commas: name=usb,kind=folder,path=/mnt/usb");
    options.flag(password, "--password",
                 "a new repository opens with a password (BT2C_REPO_NEW_PASSWORD, "
                 "BT2C_REPO_NEW_PASSWORD_FILE, or asked for), not with a key file");
    options.value(phrase_file, "--phrase-file", "FILE",
                  "write the recovery phrase there, on a disk to be carried away, and do not show it");
    options.choice(scheduler, "--schedule", {"auto", "systemd", "cron", "agent", "none"},
                   "what is to run the jobs");
    options.value(full, "--full", "TIME", "when full backups are made: 02:00, 'Sun 02:00', off");
    options.value(verify, "--verify", "TIME", "when the chain is verified");
    options.value(restore_test, "--restore-test", "TIME", "when a restore is tested");
    options.value(incremental_minutes, "--incremental-minutes", "MINUTES",
                  "how often incremental backups are made; 0: never");
    options.flag(first_backup, "--first-backup", "make a full backup where there is none yet");
}

void InitWishes::read_answers(const std::filesystem::path& file) {
    Options known;
    declare(known);
    std::vector<std::string> names;
    for (const Option& option : known.all()) names.push_back(option.name.substr(2));
    const crypto::SecretBytes contents =
        file == "-" ? read_standard_input(answers_bytes_max) : read_to_end(file, answers_bytes_max);
    const std::string source = file == "-" ? "standard input" : printable(file.native());
    std::string_view rest = contents.text();
    // What some editors put before the text.
    if (constexpr std::string_view mark = "\xEF\xBB\xBF"; rest.starts_with(mark))
        rest.remove_prefix(mark.size());
    std::set<std::string> said;
    for (int number = 1; !rest.empty(); ++number) {
        const std::string line = trimmed(rest.substr(0, rest.find('\n')));
        rest.remove_prefix(std::min(
            rest.size(), rest.find('\n') == std::string_view::npos ? rest.size() : rest.find('\n') + 1));
        if (line.empty() || line[0] == '#') continue;
        const auto wrong = [&](const std::string& what) {
            return Error(ErrorKind::usage, format("cannot use {} line {}: {}", source, number, what));
        };
        const std::size_t equals = line.find('=');
        const std::string name = trimmed(line.substr(0, equals));
        const auto& all = known.all();
        const auto option =
            std::ranges::find_if(all, [&](const Option& one) { return one.name == "--" + name; });
        if (option == all.end()) {
            const std::string nearest = base::nearest_word(name, names);
            throw wrong(format("there is no option '{}'", printable(name)))
                .hint(nearest.empty()
                          ? "'bt2c-dr init --help' lists the options; a line names one without its dashes"
                          : format("did you mean '{}'?", nearest));
        }
        if (!option->list && !said.insert(name).second)
            throw wrong(format("'{}' is said twice", name)).hint("keep one of the two lines");
        if (option->value.empty() != (equals == std::string::npos))
            throw wrong(format("'{}' takes {} value", name, option->value.empty() ? "no" : "a"));
        std::string value = equals == std::string::npos ? "" : trimmed(line.substr(equals + 1));
        if (value.size() > 1 && value.front() == '"' && value.back() == '"')
            value = value.substr(1, value.size() - 2);
        if (value.empty() && !option->value.empty()) throw wrong(format("'{}' has no value", name));
        if (!option->choices.empty() && std::ranges::find(option->choices, value) == option->choices.end())
            throw wrong(format("'{}' is no choice of '{}'", printable(value), name));
        if (!option->list) {
            option->store(value);
            continue;
        }
        for (std::size_t at = 0; at <= value.size();) {
            const std::size_t end = std::min(value.find(',', at), value.size());
            option->store(value.substr(at, end - at));
            at = end + 1;
        }
    }
}

std::vector<KeyValues> InitWishes::locations() const {
    std::vector<KeyValues> all;
    for (const std::string& word : location_words) {
        const std::size_t equals = word.find('=');
        const std::string key = word.substr(0, equals);
        if (equals == std::string::npos || (all.empty() && key != "name"))
            throw Error(ErrorKind::usage,
                        format("--location: '{}' is not what is wanted there", printable(word)))
                .hint("--location name=usb,kind=folder,path=/mnt/usb; each begins with its name");
        if (key == "name") all.emplace_back();
        all.back().emplace_back(key, word.substr(equals + 1));
    }
    for (KeyValues& location : all)
        if (std::ranges::find(location, KeyValues::value_type("kind", "folder")) != location.end())
            for (auto& [key, value] : location)
                if (key == "path") value = folder_from_here(value);
    return all;
}

KeyValues InitWishes::schedule() const {
    KeyValues keys;
    for (const auto& [key, value] : KeyValues{{"full", full},
                                              {"verify", verify},
                                              {"restore_test", restore_test},
                                              {"incremental_minutes", incremental_minutes}})
        if (!value.empty()) keys.emplace_back(key, value);
    return keys;
}

}  // namespace bt2c::cli
