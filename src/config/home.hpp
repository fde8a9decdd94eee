#pragma once
// The node's home: where the chain database, the configuration, the keys and the backups are.

#include <filesystem>
#include <optional>

namespace bt2c::config {

namespace fs = std::filesystem;

/// The layout of a node's home, as the node's own software has it.
struct Home {
    fs::path root;  ///< absolute

    fs::path database() const { return root / "data" / "blockchain.db"; }
    fs::path config() const { return root / "config"; }
    fs::path keys() const { return root / "keys"; }
    fs::path wallets() const { return root / "wallets"; }
    /// What this node signed and obeyed, docs/network.md: watermarks, the signing lock, the audit log.
    fs::path network() const { return root / "network"; }
    /// Where the older Python tool puts its backups; ours are in the folder `repository` below it.
    fs::path backups() const { return root / "backups"; }
    fs::path default_repository() const { return backups() / "repository"; }
    /// Opens the repository without a password; mode 0600. Backups hold it as any file of config/, sealed by
    /// the repository that it opens; a restore never puts it over another one.
    fs::path key_file() const { return config() / "repository.key"; }
    /// Makes backups that this node cannot read; mode 0600. As the key file in all else.
    fs::path write_key_file() const { return config() / "repository.write-key"; }
    fs::path settings_file() const { return config() / "dr.toml"; }
};

/// The home that `option` (--home) names, else $BT2C_HOME, else ~/.bt2c. It need not exist.
/// Throws Error(usage) when the name is empty or there is no home folder of the user to look in.
Home locate_home(const std::optional<fs::path>& option);

/// Throws Error(failed) with a hint unless the home is a folder that can be listed.
void require_home(const Home& home);

}  // namespace bt2c::config
