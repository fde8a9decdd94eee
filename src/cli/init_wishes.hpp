#pragma once
// What 'init' is told beforehand: options, and a file of the same.

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "cli/options.hpp"
#include "cli/settings_text.hpp"

namespace bt2c::cli {

/// A folder that somebody names, as dr.toml is to have it: relative ones begin where the command was called,
/// and not at the home, as those of dr.toml do.
std::string folder_from_here(const std::string& text);

struct InitWishes {
    bool non_interactive = false;
    bool make_home = false;
    std::optional<std::string> repository;    ///< a folder, or "none"
    std::vector<std::string> location_words;  ///< "name=usb", "kind=folder", …; each "name=" begins another
    bool password = false;
    std::optional<std::filesystem::path> phrase_file;
    std::string scheduler = "auto";                               ///< or "systemd", "cron", "agent", "none"
    std::string full, verify, restore_test, incremental_minutes;  ///< as in dr.toml; empty: not said
    bool first_backup = false;

    /// `--answers FILE` is declared beside these by the caller.
    void declare(Options& options);
    /// Takes each line "option = value" of the file, of standard input for "-", blank ones and those that
    /// begin with '#' apart; a flag stands alone. Throws Error(usage) with the line.
    void read_answers(const std::filesystem::path& file);
    /// The locations asked for, folders as folder_from_here() has them. Throws Error(usage).
    std::vector<KeyValues> locations() const;
    /// The keys of [schedule] asked for.
    KeyValues schedule() const;
};

}  // namespace bt2c::cli
