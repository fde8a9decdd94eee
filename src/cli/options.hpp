#pragma once
// What a command takes: declared once; the parser, --help, the man pages and the shell completions
// are all made from it.

#include <concepts>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace bt2c::cli {

/// One option or positional argument.
struct Option {
    std::string name;                  ///< "--output"; of a positional argument its word, "ID"
    std::string short_name;            ///< "-o", or empty
    std::string value;                 ///< the word for its value in help, "FILE"; empty: takes none
    std::string help;                  ///< one sentence without a full stop, lower case
    std::vector<std::string> choices;  ///< the only values allowed; empty: any
    bool required = false;
    bool list = false;         ///< several values, separated by commas
    bool is_argument = false;  ///< positional
    bool is_path = false;      ///< shells complete file names
    /// Takes each value given (a flag: ""); throws Error(usage) when it cannot be.
    std::function<void(const std::string&)> store;
};

/// Turns the text of a value into what the command keeps; each throws Error(usage) on nonsense.
void read_value(const std::string& text, std::string& target);
void read_value(const std::string& text, std::filesystem::path& target);
void read_value(const std::string& text, std::uint64_t& target);
template <typename T>
void read_value(const std::string& text, std::optional<T>& target) {
    T value{};
    read_value(text, value);
    target = std::move(value);
}

/// The options of one command, in the order in which help shows them. The targets must outlive it.
/// Names are "--output" or "--output,-o".
class Options {
 public:
    Option& flag(bool& target, const std::string& names, std::string help);

    /// An option with a value: std::string, std::filesystem::path, std::uint64_t, or optional of these.
    template <typename T>
    Option& value(T& target, const std::string& names, std::string word, std::string help) {
        Option& option = add(names, std::move(word), std::move(help));
        option.is_path =
            std::same_as<T, std::filesystem::path> || std::same_as<T, std::optional<std::filesystem::path>>;
        option.store = [&target](const std::string& text) { read_value(text, target); };
        return option;
    }
    /// A value out of `choices`; help shows the target's present value as the default.
    Option& choice(std::string& target, const std::string& names, std::vector<std::string> choices,
                   std::string help);
    /// Several values out of `choices`, separated by commas.
    Option& choices(std::vector<std::string>& target, const std::string& names,
                    std::vector<std::string> choices, std::string help);
    /// Paths, separated by commas or given one by one.
    Option& paths(std::vector<std::filesystem::path>& target, const std::string& names, std::string word,
                  std::string help);
    /// Texts, separated by commas or given one by one.
    Option& texts(std::vector<std::string>& target, const std::string& names, std::string word,
                  std::string help);
    /// A positional argument; set `.required = true` on the result when it must be given.
    template <typename T>
    Option& argument(T& target, std::string word, std::string help) {
        Option& option = value(target, word, word, std::move(help));
        option.is_argument = true;
        return option;
    }

    const std::vector<Option>& all() const { return options_; }

 private:
    Option& add(const std::string& names, std::string word, std::string help);
    std::vector<Option> options_;
};

}  // namespace bt2c::cli
