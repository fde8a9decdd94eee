#pragma once
// The keys of dr.toml, each table's in a source of its own. For the sources of this folder only.

#include <string>
#include <vector>

#include "config/settings.hpp"
#include "config/toml_value.hpp"

namespace bt2c::config {

/// One key of dr.toml; dots separate the names of its tables.
struct SettingsKey {
    std::string name;
    void (*apply)(Settings&, const TomlValue&);
};

/// The value of `location`.
void apply_locations(Settings& to, const TomlValue& value);
/// Throws Error(usage) where two locations are one place, which would count as two copies, or one is among
/// the node's own files.
void check_places(const Settings& settings, const fs::path& name, const Home& home);
std::vector<SettingsKey> network_keys();
std::vector<SettingsKey> schedule_keys();
std::vector<SettingsKey> retention_keys();
/// Throws Error(usage) where the control plane lacks what it cannot do without.
void check_network(const NetworkSettings& network, const fs::path& file);

}  // namespace bt2c::config
