#include "config/node_config.hpp"

#include <toml++/toml.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "platform/file.hpp"

namespace bt2c::config {
namespace {

using base::Error;
using base::ErrorKind;
using base::format;
using base::printable;

constexpr std::uint64_t config_size_max = 1 << 20;
constexpr std::size_t peers_max = 1000;

/// One value, and where it stands.
struct Value {
    const fs::path& file;
    const Home& home;
    std::string key;
    const toml::node& node;

    Error error(std::string what) const {
        return Error(ErrorKind::usage, format("cannot use {} line {}: '{}' must be {}",
                                              printable(file.native()), node.source().begin.line, key, what));
    }

    std::string text() const {
        const auto text = node.value_exact<std::string>();
        if (!text || text->empty()) throw error("a text in quotes");
        return *text;
    }
    std::string word(std::size_t most) const {
        const std::string word = text();
        const bool good = word.size() <= most && std::ranges::all_of(word, [](char c) {
                              return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                                     (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
                          });
        if (!good) throw error(format("1 to {} letters, digits, dots, hyphens or underscores", most));
        return word;
    }
    fs::path path() const { return (home.root / text()).lexically_normal(); }
    bool flag() const {
        const auto flag = node.value_exact<bool>();
        if (!flag) throw error("true or false");
        return *flag;
    }
    double number(double least, double most) const {
        const auto number = node.is_number() ? node.value<double>() : std::nullopt;
        if (!number || !(*number >= least) || !(*number <= most))
            throw error(format("a number from {} to {}", least, most));
        return *number;
    }
    HostPort host_port() const { return host_port(text()); }
    HostPort host_port(const std::string& text) const {
        const std::size_t colon = text.rfind(':');
        HostPort out;
        if (colon != std::string::npos && colon > 0) {
            out.host = text.substr(0, colon);
            if (out.host.starts_with('[') && out.host.ends_with(']'))
                out.host = out.host.substr(1, out.host.size() - 2);
            const char* end = text.data() + text.size();
            const auto [at, fault] = std::from_chars(text.data() + colon + 1, end, out.port);
            if (fault == std::errc() && at == end) return out;
        }
        throw error("a host and a port, \"127.0.0.1:8336\"");
    }
    std::vector<HostPort> hosts_and_ports() const {
        const toml::array* array = node.as_array();
        if (!array || array->size() > peers_max)
            throw error(format("a list of at most {} hosts and ports", peers_max));
        std::vector<HostPort> out;
        for (const toml::node& element : *array) {
            const auto text = element.value_exact<std::string>();
            if (!text) throw error("a list of texts in quotes");
            out.push_back(host_port(*text));
        }
        return out;
    }
};

struct Key {
    std::string name;
    bool required;
    void (*apply)(NodeConfig&, const Value&);
};

const std::vector<Key>& known_keys() {
    static const std::vector<Key> keys{
        {"name", true, [](NodeConfig& config, const Value& value) { config.name = value.word(63); }},
        {"network", true,
         [](NodeConfig& config, const Value& value) {
             config.network = value.text();
             const std::set<std::string> networks{"mainnet", "testnet", "devnet"};
             if (!networks.contains(config.network)) throw value.error("mainnet, testnet or devnet");
         }},
        {"block_time_s", false,
         [](NodeConfig& config, const Value& value) { config.block_time_s = value.number(1, 86'400); }},
        {"listen", true, [](NodeConfig& config, const Value& value) { config.listen = value.host_port(); }},
        {"peers", false,
         [](NodeConfig& config, const Value& value) { config.peers = value.hosts_and_ports(); }},
        {"rest", false, [](NodeConfig& config, const Value& value) { config.rest = value.host_port(); }},
        {"tls_ca", true, [](NodeConfig& config, const Value& value) { config.tls_authority = value.path(); }},
        {"tls_certificate", true,
         [](NodeConfig& config, const Value& value) { config.tls_certificate = value.path(); }},
        {"tls_key", true, [](NodeConfig& config, const Value& value) { config.tls_key = value.path(); }},
        {"wallet", false,
         [](NodeConfig& config, const Value& value) {
             const std::string text = value.text();
             const bool address = text.starts_with("bt2c_") && text.find('/') == std::string::npos &&
                                  text.find('.') == std::string::npos;
             config.wallet = address ? value.home.wallets() / (text + ".json") : value.path();
         }},
        {"wallet_password_file", false,
         [](NodeConfig& config, const Value& value) { config.wallet_password_file = value.path(); }},
        {"settle_seconds", false,
         [](NodeConfig& config, const Value& value) { config.settle_s = value.number(0, 3600); }},
        {"wait_for_agent", false,
         [](NodeConfig& config, const Value& value) { config.wait_for_agent = value.flag(); }},
        {"connections_per_host", false,
         [](NodeConfig& config, const Value& value) {
             config.connections_per_host = static_cast<std::size_t>(value.number(1, 1000));
         }},
    };
    return keys;
}

Error unknown_key(const fs::path& file, const toml::key& key) {
    Error error(ErrorKind::usage,
                format("cannot use {} line {}: there is no setting '{}'", printable(file.native()),
                       key.source().begin.line, printable(key.str())));
    std::vector<std::string> names;
    std::string list;
    for (const Key& known : known_keys()) {
        names.push_back(known.name);
        list += (list.empty() ? "" : ", ") + known.name;
    }
    const std::string nearest = base::nearest_word(key.str(), names);
    return std::move(error).hint(nearest.empty() ? format("the settings are: {}", list)
                                                 : format("did you mean '{}'?", nearest));
}

}  // namespace

fs::path node_config_file(const Home& home) {
    return home.config() / "node.toml";
}

NodeConfig parse_node_config(std::string_view text, const fs::path& name, const Home& home) {
    NodeConfig config;
    std::set<std::string> given;
    try {
        const toml::table table = toml::parse(text);
        for (const auto& [key, node] : table) {
            const auto known = std::ranges::find(known_keys(), key.str(), &Key::name);
            if (known == known_keys().end()) throw unknown_key(name, key);
            known->apply(config, {name, home, known->name, node});
            given.insert(known->name);
        }
    } catch (const toml::parse_error& error) {
        throw Error(ErrorKind::usage, format("cannot use {} line {}: it is not TOML",
                                             printable(name.native()), error.source().begin.line))
            .cause(printable(error.description()));
    }
    for (const Key& key : known_keys())
        if (key.required && !given.contains(key.name))
            throw Error(ErrorKind::usage,
                        format("cannot use {}: '{}' is missing", printable(name.native()), key.name));
    if (config.wallet.empty() != config.wallet_password_file.empty())
        throw Error(ErrorKind::usage, format("cannot use {}: 'wallet' and 'wallet_password_file' go together",
                                             printable(name.native())));
    return config;
}

NodeConfig load_node_config(const Home& home) {
    const fs::path file = node_config_file(home);
    const base::Bytes contents = platform::read_file(file, config_size_max);
    return parse_node_config(base::as_text(contents), file, home);
}

}  // namespace bt2c::config
