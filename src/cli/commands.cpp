#include "cli/commands.hpp"

namespace bt2c::cli {

CommandTable all_commands() {
    CommandTable table;
    for (auto make : {
             backup_command,
             list_backups_command,
             restore_command,
             verify_integrity_command,
             help_command,
             generate_command,
         })
        table.commands.push_back(make());
    table.groups = {
        {"repository", "look after the repository that holds the backups"},
        {"repository key", "manage the keys that open the repository"},
    };
    return table;
}

}  // namespace bt2c::cli
