#include "config/settings.hpp"

#include <toml++/toml.h>

#include <cstdlib>
#include <string>
#include <system_error>
#include <vector>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "platform/file.hpp"
#include "platform/process.hpp"

namespace bt2c::config {
namespace {

using base::Error;
using base::ErrorKind;
using base::format;
using base::printable;

constexpr std::uint64_t settings_size_max = 1 << 20;
constexpr std::size_t node_name_bytes_max = 64;

/// Where a value stands, for messages.
struct Place {
    const fs::path& file;
    std::string key;
    toml::source_region source;

    Error error(std::string what) const {
        return Error(ErrorKind::usage, format("cannot use {} line {}: {}", printable(file.native()),
                                              source.begin.line, std::move(what)));
    }
};

fs::path path_of(const toml::node& value, const Place& place, const Home& home) {
    const auto text = value.value_exact<std::string>();
    if (!text || text->empty()) throw place.error(format("'{}' must be a path in quotes", place.key));
    fs::path path(*text);
    if (const char* user = std::getenv("HOME"); user && text->starts_with("~/"))
        path = fs::path(user) / text->substr(2);
    return (home.root / path).lexically_normal();
}

std::string text_of(const toml::node& value, const Place& place) {
    const auto text = value.value_exact<std::string>();
    if (!text || text->empty()) throw place.error(format("'{}' must be a text in quotes", place.key));
    return *text;
}

int integer_of(const toml::node& value, const Place& place, int least, int most) {
    const auto number = value.value_exact<std::int64_t>();
    if (!number) throw place.error(format("'{}' must be a whole number", place.key));
    if (*number < least || *number > most)
        throw place.error(format("'{}' must be {} to {}", place.key, least, most));
    return static_cast<int>(*number);
}

std::vector<std::string> urls_of(const toml::node& value, const Place& place) {
    const toml::array* const list = value.as_array();
    if (!list || list->empty()) throw place.error(format("'{}' must be a list of URLs", place.key));
    std::vector<std::string> urls;
    for (const toml::node& element : *list) {
        std::string url = element.value_exact<std::string>().value_or("");
        if (!url.starts_with("http://") && !url.starts_with("https://"))
            throw place.error(
                format("'{}' must be a list of URLs that begin with http:// or https://", place.key));
        while (url.ends_with('/')) url.pop_back();
        urls.push_back(std::move(url));
    }
    return urls;
}

std::string plane_of(const toml::node& value, const Place& place) {
    const std::string name = text_of(value, place);
    if (name != "none" && name != "local" && name != "etcd")
        throw place.error(format("'{}' must be \"none\", \"local\" or \"etcd\"", place.key));
    return name;
}

/// What a plane cannot do without.
void check_network(const NetworkSettings& network, const fs::path& file) {
    const auto missing = [&](std::string_view key) {
        return Error(ErrorKind::usage,
                     format("cannot use {}: a control plane of \"{}\" needs the setting 'network.{}'",
                            printable(file.native()), network.control_plane, key));
    };
    if (network.node_name.size() > node_name_bytes_max)
        throw Error(ErrorKind::usage, format("cannot use {}: 'network.node_name' is longer than {} bytes",
                                             printable(file.native()), node_name_bytes_max));
    if (network.control_plane == "local" && network.local_folder.empty()) throw missing("local_folder");
    if (network.control_plane == "etcd" && network.etcd_endpoints.empty()) throw missing("etcd_endpoints");
    if (!network.etcd_user.empty() && network.etcd_password_file.empty()) throw missing("etcd_password_file");
    if (network.etcd_certificate.empty() != network.etcd_key.empty())
        throw missing(network.etcd_key.empty() ? "etcd_key" : "etcd_certificate");
}

std::vector<std::string> texts_of(const toml::node& value, const Place& place) {
    constexpr std::size_t texts_max = 100;
    const toml::array* list = value.as_array();
    if (!list || list->size() > texts_max)
        throw place.error(format("'{}' must be a list of at most {} texts in quotes", place.key, texts_max));
    std::vector<std::string> texts;
    for (const toml::node& entry : *list) texts.push_back(text_of(entry, place));
    return texts;
}

/// One key of dr.toml; dots separate the names of its tables.
struct Key {
    std::string name;
    void (*apply)(Settings&, const toml::node&, const Place&, const Home&);
};

const std::vector<Key>& known_keys() {
    static const std::vector<Key> keys{
        {"repository", [](Settings& settings, const toml::node& value, const Place& place,
                          const Home& home) { settings.repository = path_of(value, place, home); }},
        {"backup.compression_level",
         [](Settings& settings, const toml::node& value, const Place& place, const Home&) {
             settings.compression_level = integer_of(value, place, 1, 19);
         }},
        {"keys.rotation_months",
         [](Settings& settings, const toml::node& value, const Place& place, const Home&) {
             settings.key_rotation_months = integer_of(value, place, 1, 120);
         }},
        {"token.module", [](Settings& settings, const toml::node& value, const Place& place,
                            const Home& home) { settings.token_module = path_of(value, place, home); }},
        {"token.label", [](Settings& settings, const toml::node& value, const Place& place,
                           const Home&) { settings.token_label = text_of(value, place); }},
        {"token.pin_file", [](Settings& settings, const toml::node& value, const Place& place,
                              const Home& home) { settings.token_pin_file = path_of(value, place, home); }},
        {"network.node_name", [](Settings& settings, const toml::node& value, const Place& place,
                                 const Home&) { settings.network.node_name = text_of(value, place); }},
        {"network.control_plane",
         [](Settings& settings, const toml::node& value, const Place& place, const Home&) {
             settings.network.control_plane = plane_of(value, place);
         }},
        {"network.local_folder",
         [](Settings& settings, const toml::node& value, const Place& place, const Home& home) {
             settings.network.local_folder = path_of(value, place, home);
         }},
        {"network.etcd_endpoints",
         [](Settings& settings, const toml::node& value, const Place& place, const Home&) {
             settings.network.etcd_endpoints = urls_of(value, place);
         }},
        {"network.etcd_ca", [](Settings& settings, const toml::node& value, const Place& place,
                               const Home& home) { settings.network.etcd_ca = path_of(value, place, home); }},
        {"network.etcd_certificate",
         [](Settings& settings, const toml::node& value, const Place& place, const Home& home) {
             settings.network.etcd_certificate = path_of(value, place, home);
         }},
        {"network.etcd_key",
         [](Settings& settings, const toml::node& value, const Place& place, const Home& home) {
             settings.network.etcd_key = path_of(value, place, home);
         }},
        {"network.etcd_user", [](Settings& settings, const toml::node& value, const Place& place,
                                 const Home&) { settings.network.etcd_user = text_of(value, place); }},
        {"network.etcd_password_file",
         [](Settings& settings, const toml::node& value, const Place& place, const Home& home) {
             settings.network.etcd_password_file = path_of(value, place, home);
         }},
        {"network.ack_timeout_seconds",
         [](Settings& settings, const toml::node& value, const Place& place, const Home&) {
             settings.network.ack_timeout_seconds = integer_of(value, place, 1, 3600);
         }},
        {"network.validators", [](Settings& settings, const toml::node& value, const Place& place,
                                  const Home&) { settings.network.validators = texts_of(value, place); }},
        {"network.rest_urls", [](Settings& settings, const toml::node& value, const Place& place,
                                 const Home&) { settings.network.rest_urls = urls_of(value, place); }},
    };
    return keys;
}

/// The keys and tables that may stand in the table `prefix` ("" or "backup.").
std::vector<std::string> names_within(const std::string& prefix) {
    std::vector<std::string> names;
    for (const Key& key : known_keys())
        if (key.name.starts_with(prefix))
            names.push_back(key.name.substr(0, key.name.find('.', prefix.size())));
    return names;
}

bool is_table_of_keys(const std::string& name) {
    for (const Key& key : known_keys())
        if (key.name.starts_with(name + ".")) return true;
    return false;
}

Error unknown_key(const Place& place, const std::string& prefix) {
    Error error = place.error(format("there is no setting '{}'", printable(place.key)));
    std::vector<std::string> candidates = names_within(prefix);
    std::string nearest = base::nearest_word(place.key, candidates);
    // A key that stands in the wrong table is more likely than one that nobody knows.
    for (const Key& key : known_keys())
        if (nearest.empty() && key.name.ends_with(place.key.substr(place.key.rfind('.') + 1)))
            nearest = key.name;
    if (!nearest.empty()) return std::move(error).hint(format("did you mean '{}'?", nearest));
    std::string list;
    for (const Key& key : known_keys()) list += (list.empty() ? "" : ", ") + key.name;
    return std::move(error).hint(format("the settings are: {}", list));
}

void apply_table(Settings& settings, const toml::table& table, const std::string& prefix,
                 const fs::path& file, const Home& home) {
    for (const auto& [name, value] : table) {
        const Place place{file, prefix + std::string(name.str()), name.source()};
        const Key* known = nullptr;
        for (const Key& key : known_keys())
            if (key.name == place.key) known = &key;
        if (known) {
            known->apply(settings, value, place, home);
        } else if (!is_table_of_keys(place.key)) {
            throw unknown_key(place, prefix);
        } else if (const toml::table* inner = value.as_table()) {
            apply_table(settings, *inner, place.key + ".", file, home);
        } else {
            throw place.error(format("'{}' must be a table: [{}]", place.key, place.key));
        }
    }
}

}  // namespace

Settings parse_settings(std::string_view text, const fs::path& name, const Home& home) {
    Settings settings;
    settings.repository = home.default_repository();
    settings.network.node_name = platform::host_name();
    try {
        apply_table(settings, toml::parse(text), "", name, home);
    } catch (const toml::parse_error& error) {
        throw Error(ErrorKind::usage, format("cannot use {} line {}: it is not TOML",
                                             printable(name.native()), error.source().begin.line))
            .cause(printable(error.description()));
    }
    check_network(settings.network, name);
    return settings;
}

Settings load_settings(const Home& home, const std::optional<fs::path>& option) {
    const fs::path file = option ? fs::absolute(*option) : home.settings_file();
    std::error_code error;
    if (!option && fs::status(file, error).type() == fs::file_type::not_found)
        return parse_settings("", file, home);
    const base::Bytes contents = platform::read_file(file, settings_size_max);
    return parse_settings(base::as_text(contents), file, home);
}

}  // namespace bt2c::config
