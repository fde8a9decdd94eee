#include "base/text.hpp"
#include "config/settings_keys.hpp"

namespace bt2c::config {

using base::Error;
using base::ErrorKind;
using base::format;
using base::printable;

namespace {
constexpr std::size_t node_name_bytes_max = 64;
constexpr std::size_t validators_max = 100;
}  // namespace

std::vector<SettingsKey> network_keys() {
    return {
        {"network.node_name",
         [](Settings& to, const TomlValue& value) { to.network.node_name = value.text(); }},
        {"network.control_plane",
         [](Settings& to, const TomlValue& value) {
             to.network.control_plane = value.word_of({"none", "local", "etcd"});
         }},
        {"network.local_folder",
         [](Settings& to, const TomlValue& value) { to.network.local_folder = value.path(); }},
        {"network.etcd_endpoints",
         [](Settings& to, const TomlValue& value) { to.network.etcd_endpoints = value.urls(); }},
        {"network.etcd_ca", [](Settings& to, const TomlValue& value) { to.network.etcd_ca = value.path(); }},
        {"network.etcd_certificate",
         [](Settings& to, const TomlValue& value) { to.network.etcd_certificate = value.path(); }},
        {"network.etcd_key",
         [](Settings& to, const TomlValue& value) { to.network.etcd_key = value.path(); }},
        {"network.etcd_user",
         [](Settings& to, const TomlValue& value) { to.network.etcd_user = value.text(); }},
        {"network.etcd_password_file",
         [](Settings& to, const TomlValue& value) { to.network.etcd_password_file = value.path(); }},
        {"network.ack_timeout_seconds",
         [](Settings& to, const TomlValue& value) {
             to.network.ack_timeout_seconds = value.integer(1, 3600);
         }},
        {"network.validators",
         [](Settings& to, const TomlValue& value) { to.network.validators = value.texts(validators_max); }},
        {"network.rest_urls",
         [](Settings& to, const TomlValue& value) { to.network.rest_urls = value.urls(); }},
    };
}

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

}  // namespace bt2c::config
