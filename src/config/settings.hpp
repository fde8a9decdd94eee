#pragma once
// The operator's settings: the file dr.toml. docs/handbook.md lists the keys.

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/home.hpp"
#include "config/location_settings.hpp"
#include "config/retention_settings.hpp"
#include "config/schedule_settings.hpp"

namespace bt2c::config {

/// How orders reach this node: the table `network`.
struct NetworkSettings {
    /// `node_name`: what this node is called among those of its network; at most 64 bytes.
    std::string node_name;  ///< default: this machine's name
    /// `control_plane`: "none", "local" or "etcd".
    std::string control_plane = "none";
    /// `local_folder`: of a local control plane.
    fs::path local_folder;
    /// `etcd_endpoints`: "http://…" or "https://…" of each member, without a slash at the end.
    std::vector<std::string> etcd_endpoints;
    /// `etcd_ca`, `etcd_certificate`, `etcd_key`: PEM files for https; empty: the system's authorities, none.
    fs::path etcd_ca, etcd_certificate, etcd_key;
    /// `etcd_user`, `etcd_password_file`: empty: without a user.
    std::string etcd_user;
    fs::path etcd_password_file;
    /// `ack_timeout_seconds`: how long a command waits for the nodes to acknowledge, 1 to 3600.
    int ack_timeout_seconds = 30;
    /// `validators`: addresses of validators whose keys this node has where this program does not see them.
    std::vector<std::string> validators;
    /// `rest_urls`: REST interfaces of the network's nodes, for checks.
    std::vector<std::string> rest_urls;
};

/// What dr.toml says; what it leaves out has the default shown here.
struct Settings {
    /// `repository`: the folder of the repository; relative paths start at the home, "~/" at the user's.
    /// Empty for "none": backups go to `locations` only.
    fs::path repository;
    /// `backup.compression_level`: zstd's, 1 (fast) to 19 (small); nullopt leaves it to the backup.
    std::optional<int> compression_level;
    /// `backup.patience_seconds`: how long a backup that one location has waits for the others, 0 to 86400.
    int patience_seconds = 900;
    /// `keys.rotation_months`: after so many months a validator's key is due for a new one, 1 to 120.
    int key_rotation_months = 6;
    /// `token.module`: the PKCS#11 module of the keys in hardware; empty: there are none.
    fs::path token_module;
    /// `token.label`: the label or serial number of the token; empty: the only one there is.
    std::string token_label;
    /// `token.pin_file`: its PIN, in the first line; empty: it is asked for.
    fs::path token_pin_file;
    NetworkSettings network;
    /// `location`: places besides `repository`, in the order in which they stand.
    std::vector<LocationSettings> locations;
    ScheduleSettings schedule;
    RetentionSettings retention;
};

/// Reads `option` (--config), which must exist, else HOME/config/dr.toml, which need not.
/// Throws Error(usage) naming file, line and key for a syntax error, an unknown key (with the nearest
/// known one), a wrong type or a value out of range; Error(failed) when the file cannot be read.
Settings load_settings(const Home& home, const std::optional<fs::path>& option);

/// The same from a text at hand; `name` is what messages call it.
Settings parse_settings(std::string_view text, const fs::path& name, const Home& home);

}  // namespace bt2c::config
