#pragma once
// The table of all commands; each is defined in a file of its own.

#include <memory>
#include <string>
#include <vector>

#include "cli/command.hpp"

namespace bt2c::cli {

std::unique_ptr<Command> init_command();
std::unique_ptr<Command> doctor_command();
std::unique_ptr<Command> backup_command();
std::unique_ptr<Command> list_backups_command();
std::unique_ptr<Command> restore_command();
std::unique_ptr<Command> verify_integrity_command();
std::unique_ptr<Command> export_command();
std::unique_ptr<Command> prune_command();
std::unique_ptr<Command> pin_command();
std::unique_ptr<Command> recover_keys_command();
std::unique_ptr<Command> keys_check_command();
std::unique_ptr<Command> keys_split_command();
std::unique_ptr<Command> keys_combine_command();
std::unique_ptr<Command> keys_rotate_command();
std::unique_ptr<Command> keys_status_command();
std::unique_ptr<Command> keys_token_list_command();
std::unique_ptr<Command> keys_token_import_command();
std::unique_ptr<Command> keys_token_sign_command();
std::unique_ptr<Command> keys_token_remove_command();
std::unique_ptr<Command> network_pause_command();
std::unique_ptr<Command> network_resume_command();
std::unique_ptr<Command> network_status_command();
std::unique_ptr<Command> network_unlock_command();
std::unique_ptr<Command> network_order_create_command();
std::unique_ptr<Command> network_order_sign_command();
std::unique_ptr<Command> network_order_send_command();
std::unique_ptr<Command> network_order_show_command();
std::unique_ptr<Command> network_signer_create_command();
std::unique_ptr<Command> network_audit_command();
std::unique_ptr<Command> repository_init_command();
std::unique_ptr<Command> repository_info_command();
std::unique_ptr<Command> repository_check_command();
std::unique_ptr<Command> repository_key_add_command();
std::unique_ptr<Command> repository_key_confirm_command();
std::unique_ptr<Command> repository_key_list_command();
std::unique_ptr<Command> repository_key_remove_command();
std::unique_ptr<Command> repository_rebuild_index_command();
std::unique_ptr<Command> repository_write_key_create_command();
std::unique_ptr<Command> location_status_command();
std::unique_ptr<Command> location_sync_command();
std::unique_ptr<Command> setup_automated_backups_command();
std::unique_ptr<Command> test_restore_command();
std::unique_ptr<Command> upgrade_check_command();
std::unique_ptr<Command> job_command();
std::unique_ptr<Command> agent_command();
std::unique_ptr<Command> devnet_up_command();
std::unique_ptr<Command> devnet_status_command();
std::unique_ptr<Command> devnet_tx_command();
std::unique_ptr<Command> devnet_down_command();
std::unique_ptr<Command> help_command();
std::unique_ptr<Command> generate_command();

/// A word that only leads to its sub-commands, such as "repository" or "repository key".
struct Group {
    std::string name;
    std::string summary;
};

struct CommandTable {
    std::vector<std::unique_ptr<Command>> commands;  ///< in the order of help
    std::vector<Group> groups;                       ///< outer ones before inner ones
};

/// Fresh commands, for one run.
CommandTable all_commands();

}  // namespace bt2c::cli
