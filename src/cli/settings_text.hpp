#pragma once
// Additions to the text of dr.toml that leave all else of it, comments too, as it is.

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/settings.hpp"

namespace bt2c::cli {

/// A key and its value, as people write them: {"path", "/mnt/usb"}.
using KeyValues = std::vector<std::pair<std::string, std::string>>;

/// What is to be added.
struct SettingsAdditions {
    std::optional<std::string> repository = std::nullopt;
    std::vector<KeyValues> locations = {};
    KeyValues schedule = {};

    bool empty() const { return !repository && locations.empty() && schedule.empty(); }
};

/// The additions as lines of TOML.
std::string settings_lines(const SettingsAdditions& additions);

/// `text` with the additions. Throws Error(failed), with the lines to be added by hand, where they cannot be
/// added without changing what is there; `name` is what messages call the file. What results can be read by
/// config::parse_settings().
std::string with_settings(const std::string& text, const SettingsAdditions& additions,
                          const std::filesystem::path& name, const config::Home& home);

/// Settings that somebody gave otherwise than in a file: `what` is what messages call them, without a line.
/// Throws as config::parse_settings().
config::Settings settings_of_answers(const SettingsAdditions& answers, const std::string& what,
                                     const config::Home& home);

/// One location alone, checked by the rules of dr.toml. Throws Error(usage) with what is wrong.
config::Settings settings_of_location(const KeyValues& location, const config::Home& home);

}  // namespace bt2c::cli
