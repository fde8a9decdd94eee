#include "config/settings.hpp"

#include <system_error>

#include "base/bytes.hpp"
#include "base/text.hpp"
#include "config/settings_keys.hpp"
#include "platform/file.hpp"
#include "platform/process.hpp"

namespace bt2c::config {
namespace {

constexpr std::uint64_t settings_size_max = 1 << 20;

std::vector<SettingsKey> own_keys() {
    return {
        {"repository",
         [](Settings& to, const TomlValue& value) {
             to.repository = value.path();
             if (value.text() == "none") to.repository.clear();
         }},
        {"location", apply_locations},
        {"backup.compression_level",
         [](Settings& to, const TomlValue& value) { to.compression_level = value.integer(1, 19); }},
        {"backup.patience_seconds",
         [](Settings& to, const TomlValue& value) { to.patience_seconds = value.integer(0, 86400); }},
        {"keys.rotation_months",
         [](Settings& to, const TomlValue& value) { to.key_rotation_months = value.integer(1, 120); }},
        {"token.module", [](Settings& to, const TomlValue& value) { to.token_module = value.path(); }},
        {"token.label", [](Settings& to, const TomlValue& value) { to.token_label = value.text(); }},
        {"token.pin_file", [](Settings& to, const TomlValue& value) { to.token_pin_file = value.path(); }},
    };
}

const std::vector<SettingsKey>& known_keys() {
    static const std::vector<SettingsKey> keys = [] {
        std::vector<SettingsKey> all = own_keys();
        for (const auto& table : {network_keys(), schedule_keys(), retention_keys()})
            all.insert(all.end(), table.begin(), table.end());
        return all;
    }();
    return keys;
}

/// The keys and tables that may stand in the table `prefix` ("" or "backup.").
std::vector<std::string> names_within(const std::string& prefix) {
    std::vector<std::string> names;
    for (const SettingsKey& key : known_keys())
        if (key.name.starts_with(prefix))
            names.push_back(key.name.substr(0, key.name.find('.', prefix.size())));
    return names;
}

bool is_table_of_keys(const std::string& name) {
    for (const SettingsKey& key : known_keys())
        if (key.name.starts_with(name + ".")) return true;
    return false;
}

base::Error unknown_key(const TomlValue& value, const std::string& prefix) {
    std::string nearest = base::nearest_word(value.key, names_within(prefix));
    std::vector<std::string> all;
    for (const SettingsKey& key : known_keys()) {
        // A key that stands in the wrong table is more likely than one that nobody knows.
        if (nearest.empty() && key.name.ends_with(value.key.substr(value.key.rfind('.') + 1)))
            nearest = key.name;
        all.push_back(key.name);
    }
    return unknown_setting(value, all, std::move(nearest));
}

void apply_table(Settings& settings, const TomlValue& table, const std::string& prefix) {
    for (const TomlValue& value : table.members(prefix)) {
        const SettingsKey* known = nullptr;
        for (const SettingsKey& key : known_keys())
            if (key.name == value.key) known = &key;
        if (known)
            known->apply(settings, value);
        else if (!is_table_of_keys(value.key))
            throw unknown_key(value, prefix);
        else
            apply_table(settings, value, value.key + ".");
    }
}

}  // namespace

Settings parse_settings(std::string_view text, const fs::path& name, const Home& home) {
    Settings settings;
    settings.repository = home.default_repository();
    settings.network.node_name = platform::host_name();
    apply_table(settings, TomlFile(text, name, home).root(), "");
    check_network(settings.network, name);
    check_places(settings, name, home);
    if (settings.repository.empty() && settings.locations.empty())
        throw base::Error(base::ErrorKind::usage,
                          base::format("{} says repository = \"none\" and names no other location",
                                       base::printable(name.native())))
            .hint("add a table [[location]], or name a folder");
    return settings;
}

Settings load_settings(const Home& home, const std::optional<fs::path>& option) {
    const fs::path file = option ? fs::absolute(*option) : home.settings_file();
    std::error_code error;
    if (!option && fs::symlink_status(file, error).type() == fs::file_type::not_found)
        return parse_settings("", file, home);
    // With the defaults in their place backups would go where nobody looks for them.
    if (fs::is_symlink(file, error) && fs::status(file, error).type() == fs::file_type::not_found)
        throw base::Error(base::ErrorKind::failed,
                          base::format("cannot read {}", base::printable(file.native())))
            .cause(base::format("it is a link to {}, which is not there",
                                base::printable(fs::read_symlink(file, error).native())))
            .hint("is its disk mounted?");
    // No wrong usage, after which timers would not try again: the disk it is on may come back.
    if (fs::status(file, error).type() == fs::file_type::not_found)
        throw base::Error(base::ErrorKind::failed,
                          base::format("cannot read {}", base::printable(file.native())))
            .cause("there is no such file")
            .state("nothing was done")
            .hint("name the settings that are there, or leave --config out for those in the home");
    const base::Bytes contents = platform::read_file(file, settings_size_max);
    return parse_settings(base::as_text(contents), file, home);
}

}  // namespace bt2c::config
