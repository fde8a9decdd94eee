#pragma once
// A TOML file of ours and its values: what each is called, where it stands, and reading it strictly.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "config/home.hpp"

namespace bt2c::config {

/// For errors that tell of a line that is not TOML.
inline constexpr const char* no_toml_hint =
    "correct that line: key = \"text\", lists in [ ], [table] above its keys; then run it again";

/// One value; valid while its file and home are. The functions that read throw error() when it is of another
/// kind or beyond its bounds.
struct TomlValue {
    const fs::path& file;
    const Home& home;
    std::string key;   ///< as it is written; dots separate the names of its tables
    const void* node;  ///< toml++'s
    std::uint32_t line;

    /// "cannot use FILE line N: 'key' must be WHAT".
    base::Error error(std::string_view what) const;

    bool is_table() const;
    /// Of a table, in the order in which they stand; their keys begin with `prefix`.
    std::vector<TomlValue> members(const std::string& prefix) const;
    /// Of a list of tables.
    std::vector<TomlValue> tables(std::size_t most) const;

    std::string text() const;
    /// One of `words`.
    std::string word_of(const std::vector<std::string>& words) const;
    /// 1 to `most` letters, digits, dots, hyphens or underscores.
    std::string name(std::size_t most) const;
    /// Relative paths start at the home, "~/" at the user's.
    fs::path path() const;
    bool flag() const;
    int integer(int least, int most) const;
    double number(double least, double most) const;
    std::vector<std::string> texts(std::size_t most) const;
    /// "http://…" or "https://…", without a slash at the end.
    std::string url() const;
    std::vector<std::string> urls() const;
};

class TomlFile {
 public:
    /// `file` is what messages call it. Throws Error(usage) naming file and line for what is no TOML.
    TomlFile(std::string_view text, const fs::path& file, const Home& home);
    ~TomlFile();
    /// As a table with an empty key.
    TomlValue root() const;

 private:
    struct Table;
    const fs::path& file_;
    const Home& home_;
    std::unique_ptr<const Table> table_;
};

/// "cannot use FILE line N: there is no setting 'KEY'", with the nearest of `known` or all of them as the
/// hint.
base::Error unknown_setting(const TomlValue& value, const std::vector<std::string>& known,
                            std::string nearest = {});

}  // namespace bt2c::config
