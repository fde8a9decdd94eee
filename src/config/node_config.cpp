#include "config/node_config.hpp"

#include <algorithm>
#include <charconv>
#include <set>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "config/toml_value.hpp"
#include "platform/file.hpp"

namespace bt2c::config {
namespace {

using base::Error;
using base::ErrorKind;
using base::format;
using base::printable;

constexpr std::uint64_t config_size_max = 1 << 20;
constexpr std::size_t peers_max = 1000;

HostPort host_port_in(const TomlValue& value, const std::string& text) {
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
    throw value.error("a host and a port, \"127.0.0.1:8336\"");
}

HostPort host_port_of(const TomlValue& value) {
    return host_port_in(value, value.text());
}

std::vector<HostPort> hosts_and_ports_of(const TomlValue& value) {
    std::vector<HostPort> out;
    for (const std::string& text : value.texts(peers_max)) out.push_back(host_port_in(value, text));
    return out;
}

struct ConfigKey {
    std::string name;
    bool required;
    void (*apply)(NodeConfig&, const TomlValue&);
};

const std::vector<ConfigKey>& config_keys() {
    static const std::vector<ConfigKey> keys{
        {"name", true, [](NodeConfig& config, const TomlValue& value) { config.name = value.name(63); }},
        {"network", true,
         [](NodeConfig& config, const TomlValue& value) {
             config.network = value.word_of({"mainnet", "testnet", "devnet"});
         }},
        {"block_time_s", false,
         [](NodeConfig& config, const TomlValue& value) { config.block_time_s = value.number(1, 86'400); }},
        {"listen", true,
         [](NodeConfig& config, const TomlValue& value) { config.listen = host_port_of(value); }},
        {"peers", false,
         [](NodeConfig& config, const TomlValue& value) { config.peers = hosts_and_ports_of(value); }},
        {"rest", false,
         [](NodeConfig& config, const TomlValue& value) { config.rest = host_port_of(value); }},
        {"tls_ca", true,
         [](NodeConfig& config, const TomlValue& value) { config.tls_authority = value.path(); }},
        {"tls_certificate", true,
         [](NodeConfig& config, const TomlValue& value) { config.tls_certificate = value.path(); }},
        {"tls_key", true, [](NodeConfig& config, const TomlValue& value) { config.tls_key = value.path(); }},
        {"wallet", false,
         [](NodeConfig& config, const TomlValue& value) {
             const std::string text = value.text();
             const bool address = text.starts_with("bt2c_") && text.find('/') == std::string::npos &&
                                  text.find('.') == std::string::npos;
             config.wallet = address ? value.home.wallets() / (text + ".json") : value.path();
         }},
        {"wallet_password_file", false,
         [](NodeConfig& config, const TomlValue& value) { config.wallet_password_file = value.path(); }},
        {"settle_seconds", false,
         [](NodeConfig& config, const TomlValue& value) { config.settle_s = value.number(0, 3600); }},
        {"wait_for_agent", false,
         [](NodeConfig& config, const TomlValue& value) { config.wait_for_agent = value.flag(); }},
        {"connections_per_host", false,
         [](NodeConfig& config, const TomlValue& value) {
             config.connections_per_host = static_cast<std::size_t>(value.number(1, 1000));
         }},
    };
    return keys;
}

}  // namespace

fs::path node_config_file(const Home& home) {
    return home.config() / "node.toml";
}

NodeConfig parse_node_config(std::string_view text, const fs::path& name, const Home& home) {
    NodeConfig config;
    std::set<std::string> given;
    const TomlFile toml(text, name, home);
    for (const TomlValue& value : toml.root().members("")) {
        const auto known = std::ranges::find(config_keys(), value.key, &ConfigKey::name);
        if (known == config_keys().end()) {
            std::vector<std::string> names;
            for (const ConfigKey& one : config_keys()) names.push_back(one.name);
            throw unknown_setting(value, names);
        }
        known->apply(config, value);
        given.insert(known->name);
    }
    for (const ConfigKey& key : config_keys())
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
