#include "cli/commands.hpp"

namespace bt2c::cli {

CommandTable all_commands() {
    CommandTable table;
    for (auto make : {
             init_command,
             doctor_command,
             backup_command,
             list_backups_command,
             restore_command,
             verify_integrity_command,
             export_command,
             prune_command,
             pin_command,
             recover_keys_command,
             keys_check_command,
             keys_split_command,
             keys_combine_command,
             keys_rotate_command,
             keys_status_command,
             keys_token_list_command,
             keys_token_import_command,
             keys_token_sign_command,
             keys_token_remove_command,
             network_pause_command,
             network_resume_command,
             network_status_command,
             network_unlock_command,
             network_order_create_command,
             network_order_sign_command,
             network_order_show_command,
             network_order_send_command,
             network_signer_create_command,
             network_audit_command,
             repository_init_command,
             repository_info_command,
             repository_check_command,
             repository_key_add_command,
             repository_key_confirm_command,
             repository_key_list_command,
             repository_key_remove_command,
             repository_rebuild_index_command,
             repository_write_key_create_command,
             location_status_command,
             location_sync_command,
             setup_automated_backups_command,
             test_restore_command,
             upgrade_check_command,
             job_command,
             agent_command,
             devnet_up_command,
             devnet_status_command,
             devnet_tx_command,
             devnet_down_command,
             help_command,
             generate_command,
         })
        table.commands.push_back(make());
    table.groups = {
        {"keys", "look after the keys of validators"},
        {"keys token", "keep keys in hardware, through PKCS#11"},
        {"network", "stop a network, start it again, and see how it is"},
        {"network order", "make, sign and look at orders to pause and resume a network"},
        {"network signer", "look after the keys that sign orders"},
        {"devnet", "a network of real processes on this machine, to try things on"},
        {"repository", "look after the repository that holds the backups"},
        {"location", "look after the places that backups go to"},
        {"repository key", "manage the keys that open the repository"},
        {"repository write-key", "let a node make backups that it cannot read"},
    };
    return table;
}

}  // namespace bt2c::cli
