#pragma once
// What runs the jobs of a home by themselves: the text of units for systemd and of a block for cron.

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/schedule_settings.hpp"

namespace bt2c::agent {

/// All that the texts tell.
struct Automation {
    std::filesystem::path program;     ///< absolute
    std::filesystem::path home;        ///< absolute
    std::vector<std::string> options;  ///< global ones of the program, that name home and configuration
    std::string suffix;      ///< of the units' names: "" for the user's usual home, else "-1a2b3c4d"
    bool for_system = true;  ///< units of the system, not of a user
    std::string user;        ///< that jobs run as
    /// Folders outside the home that jobs write to; they need not be there.
    std::vector<std::filesystem::path> writable;
    bool reads_homes = false;  ///< something in a user's home folder is read
    std::vector<std::pair<std::string, std::string>> environment;
    unsigned processors = 1;  ///< of this machine
    config::ScheduleSettings schedule;
};

struct UnitFile {
    std::string name;  ///< "bt2c-dr-full.timer"
    std::string text;
};

/// A service and a timer for each job. Throws Error(usage) when a path cannot stand in a unit.
std::vector<UnitFile> unit_files(const Automation& automation);
/// The names of all units that unit_files() can give, whatever the schedule says.
std::vector<std::string> unit_names(const std::string& suffix);
/// What units or a block for cron, as they are written here, set that variable to; nothing where they do not.
std::optional<std::string> installed_variable(std::string_view text, std::string_view name);
/// Whether the text of a unit says that it was written by us, for that home.
bool is_our_unit(std::string_view text, const std::filesystem::path& home);

/// The lines for the crontab of the user, between two that mark them. Throws as unit_files().
std::string cron_block(const Automation& automation);
/// A crontab without the block of that home; all else byte for byte.
std::string without_cron_block(std::string_view crontab, const std::filesystem::path& home);
/// A crontab with this block, in the old one's place or at the end.
std::string with_cron_block(std::string_view crontab, const std::filesystem::path& home,
                            std::string_view block);

}  // namespace bt2c::agent
