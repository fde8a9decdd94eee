#include "config/location_settings.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "base/text.hpp"
#include "config/settings_keys.hpp"

namespace bt2c::config {

using base::Error;
using base::format;

namespace {

constexpr std::size_t locations_max = 20;
constexpr std::size_t location_name_bytes_max = 32;
constexpr std::array<std::string_view, 3> kinds{"folder", "s3", "sftp"};

/// One key of a [[location]], and the kinds that have it.
struct LocationKey {
    std::string name;
    std::string kinds;
    void (*apply)(LocationSettings&, const TomlValue&);
};

std::string prefix_of(const TomlValue& value) {
    std::string prefix = value.text();
    while (prefix.ends_with('/')) prefix.pop_back();
    if (prefix.starts_with('/') || prefix.empty()) throw value.error("a text that does not begin with '/'");
    if (fs::path(prefix).lexically_normal().native() != prefix || prefix == "." || prefix == ".." ||
        prefix.starts_with("../"))
        throw value.error("names with '/' between them, none of them '.' or '..'");
    return prefix;
}

/// In one spelling, so that one place is known again.
fs::path sftp_path_of(const TomlValue& value) {
    if (value.text().starts_with('~'))
        throw value.error(
            "a path without '~': one that does not begin with '/' is in the user's home anyway");
    const fs::path path = fs::path(value.text()).lexically_normal();
    return path.has_filename() || !path.has_relative_path() ? path : path.parent_path();
}

/// It becomes a file's name, and an argument of commands.
std::string name_of(const TomlValue& value) {
    std::string name = value.name(location_name_bytes_max);
    if (name.starts_with('.') || name.starts_with('-'))
        throw value.error("a name that begins with a letter, a digit or an underscore");
    return name;
}

std::string endpoint_of(const TomlValue& value) {
    std::string endpoint = value.url();
    const std::size_t host = endpoint.find("://");
    const auto fits = [](char c) {
        return c > ' ' && c < 0x7F && std::string_view("/?#@\\\"<>%").find(c) == std::string_view::npos;
    };
    if (host == std::string::npos || !std::ranges::all_of(endpoint.substr(host + 3), fits))
        throw value.error("https://HOST or https://HOST:PORT, with nothing behind it");
    return endpoint;
}

const std::vector<LocationKey>& location_keys() {
    using To = LocationSettings;
    using Value = TomlValue;
    static const std::vector<LocationKey> keys{
        {"name", "folder s3 sftp", [](To& to, const Value& value) { to.name = name_of(value); }},
        {"kind", "folder s3 sftp", [](To&, const Value&) {}},
        {"offsite", "folder s3 sftp", [](To& to, const Value& value) { to.offsite = value.flag(); }},
        {"price_per_gib_month", "folder s3 sftp",
         [](To& to, const Value& value) { to.price_per_gib_month = value.number(0, 1e6); }},
        {"path", "folder sftp",
         [](To& to, const Value& value) {
             to.path = to.kind == LocationKind::folder ? value.path() : sftp_path_of(value);
         }},
        {"endpoint", "s3", [](To& to, const Value& value) { to.endpoint = endpoint_of(value); }},
        {"bucket", "s3", [](To& to, const Value& value) { to.bucket = value.name(255); }},
        {"prefix", "s3", [](To& to, const Value& value) { to.prefix = prefix_of(value); }},
        {"region", "s3", [](To& to, const Value& value) { to.region = value.name(64); }},
        {"style", "s3",
         [](To& to, const Value& value) {
             to.virtual_host = value.word_of({"path", "virtual"}) == "virtual";
         }},
        {"storage_class", "s3", [](To& to, const Value& value) { to.storage_class = value.name(64); }},
        {"profile", "s3", [](To& to, const Value& value) { to.profile = value.name(128); }},
        {"credentials_file", "s3", [](To& to, const Value& value) { to.credentials_file = value.path(); }},
        {"object_lock_days", "s3",
         [](To& to, const Value& value) { to.object_lock_days = value.integer(0, 36500); }},
        {"ca_file", "s3", [](To& to, const Value& value) { to.ca_file = value.path(); }},
        {"host", "sftp", [](To& to, const Value& value) { to.host = value.text(); }},
        {"port", "sftp", [](To& to, const Value& value) { to.port = value.integer(1, 65535); }},
        {"user", "sftp", [](To& to, const Value& value) { to.user = value.text(); }},
        {"key_file", "sftp", [](To& to, const Value& value) { to.key_file = value.path(); }},
        {"known_hosts_file", "sftp", [](To& to, const Value& value) { to.known_hosts_file = value.path(); }},
        {"timeout_seconds", "s3 sftp",
         [](To& to, const Value& value) { to.timeout_seconds = value.integer(1, 3600); }},
        {"retries", "s3 sftp", [](To& to, const Value& value) { to.retries = value.integer(0, 20); }},
        {"upload_bytes_per_second", "s3 sftp",
         [](To& to, const Value& value) {
             to.upload_bytes_per_second = static_cast<std::uint64_t>(value.integer(0, 2'000'000'000));
         }},
    };
    return keys;
}

LocationSettings location_of(const TomlValue& table) {
    const std::vector<TomlValue> values = table.members("location.");
    const auto find = [&](const std::string& key) -> const TomlValue* {
        const auto found = std::ranges::find(values, "location." + key, &TomlValue::key);
        return found == values.end() ? nullptr : &*found;
    };
    const auto require = [&](const std::string& key) -> const TomlValue& {
        if (const TomlValue* const value = find(key)) return *value;
        TomlValue absent = table;
        absent.key = "location." + key;
        throw absent.error("given");
    };
    LocationSettings to;
    const std::string kind = require("kind").word_of({kinds.begin(), kinds.end()});
    to.kind = static_cast<LocationKind>(std::ranges::find(kinds, kind) - kinds.begin());
    to.offsite = to.kind != LocationKind::folder;
    to.virtual_host = !find("endpoint");
    std::vector<std::string> names;
    for (const LocationKey& key : location_keys())
        if ((" " + key.kinds + " ").find(" " + kind + " ") != std::string::npos)
            names.push_back("location." + key.name);
    for (const TomlValue& value : values) {
        const auto known = std::ranges::find(location_keys(), value.key.substr(9), &LocationKey::name);
        if (known == location_keys().end()) throw unknown_setting(value, names);
        if (std::ranges::find(names, value.key) == names.end())
            throw value.error(
                format("left out: a location of kind \"{}\" has none, only of kind {}", kind, known->kinds));
        known->apply(to, value);
    }
    for (const std::string needed : {"name", "path", "bucket", "host"})
        if (std::ranges::find(names, "location." + needed) != names.end()) require(needed);
    return to;
}

std::string region_of(const LocationSettings& location) {
    return location.region.empty() ? "us-east-1" : location.region;
}

/// What is the same for the same place, and begins that of a place within it, as far as the text alone tells.
std::string place_of(const LocationSettings& location) {
    const auto normal = [](const fs::path& path) { return (path / "").lexically_normal().native(); };
    switch (location.kind) {
        case LocationKind::folder: return "folder\n" + normal(location.path);
        case LocationKind::s3:
            return format("s3\n{}\n{}\n{}{}",
                          location.endpoint.empty() ? region_of(location) : location.endpoint,
                          location.bucket, location.prefix, location.prefix.empty() ? "" : "/");
        case LocationKind::sftp:
            return format("sftp\n{}\n{}\n{}\n{}", location.host, location.port, location.user,
                          normal(location.path));
    }
    BT2C_ASSERT(false);
}

}  // namespace

std::string_view kind_name(LocationKind kind) {
    return kinds[static_cast<std::size_t>(kind)];
}

void apply_locations(Settings& to, const TomlValue& value) {
    std::set<std::string> names{"local"};
    for (TomlValue& table : value.tables(locations_max)) {
        to.locations.push_back(location_of(table));
        table.key = "location.name";
        if (!names.insert(to.locations.back().name).second)
            throw table.error(format("unique, and '{}' is taken", to.locations.back().name));
    }
}

namespace {

/// What is stored inside a folder that is backed up would be part of every backup after it, and beside the
/// live database or over the node's keys nothing else belongs. By the names alone: a look at the disk may
/// hang.
void require_outside(const LocationSettings& location, const fs::path& file, const Home& home) {
    if (location.kind != LocationKind::folder) return;
    const auto as_folder = [](const fs::path& path) { return (path / "").lexically_normal().native(); };
    const std::string place = as_folder(location.path);
    for (const fs::path& folder :
         {home.config(), home.keys(), home.wallets(), home.network(), home.database().parent_path()})
        if (place == as_folder(home.root) || place.starts_with(as_folder(folder)))
            throw Error(base::ErrorKind::usage, format("cannot use {}: location '{}' is no place for backups",
                                                       base::printable(file.native()), location.name))
                .cause(format("{} is the node's own", base::printable(location.path.native())))
                .state("nothing was changed")
                .hint(format(
                    "give it a folder of its own, on another disk; on this one only {} is meant for it",
                    base::printable(home.default_repository().native())));
}

}  // namespace

void check_places(const Settings& settings, const fs::path& name, const Home& home) {
    std::vector<std::pair<std::string, std::string>> places;
    const auto add = [&](const LocationSettings& location) {
        require_outside(location, name, home);
        const std::string own = place_of(location);
        for (const auto& [place, other] : places) {
            if (!own.starts_with(place) && !place.starts_with(own)) continue;
            throw Error(base::ErrorKind::usage,
                        format("cannot use {}: {}", base::printable(name.native()),
                               own == place ? format("locations '{}' and '{}' are the same place", other,
                                                     location.name)
                                            : format("of locations '{}' and '{}' one lies within the other",
                                                     other, location.name)))
                .hint("a copy beside itself is none: give one of them another place, or take it out");
        }
        places.emplace_back(own, location.name);
    };
    LocationSettings own;
    own.name = "local";
    own.path = settings.repository;
    if (!own.path.empty()) add(own);
    for (const LocationSettings& location : settings.locations) add(location);
}

}  // namespace bt2c::config
