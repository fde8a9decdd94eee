#include "drill/devnet_homes.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/parallel.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "crypto/base64.hpp"
#include "crypto/certificate.hpp"
#include "crypto/random.hpp"
#include "keys/random_key.hpp"
#include "keys/wallet_file.hpp"
#include "keys/wallet_store.hpp"
#include "network/signer.hpp"
#include "node/chain.hpp"

namespace bt2c::drill {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorKind;
using base::format;

namespace {

constexpr double stake_coins = 100, balance_coins = 5'000;
constexpr std::int64_t day_ms = 86'400'000;
constexpr std::int64_t certificate_days = 3650;
constexpr std::uint16_t first_port = 12'000, last_port = 31'999;
constexpr std::size_t password_bytes = 24;

/// A text in quotes, for TOML; JSON's escapes are TOML's.
std::string in_quotes(const std::string& text) {
    return base::Json(text).dump();
}

std::string list_of(const std::vector<std::string>& texts) {
    std::string list;
    for (const std::string& text : texts) list += (list.empty() ? "" : ", ") + in_quotes(text);
    return "[" + list + "]";
}

/// Of all nodes, or of all but one.
template <typename Text>
std::vector<std::string> texts_of(const Devnet& devnet, const DevnetNode* but, Text text) {
    std::vector<std::string> texts;
    for (const DevnetNode& node : devnet.nodes)
        if (&node != but) texts.push_back(text(node));
    return texts;
}

bool is_free(std::uint16_t port) {
    const platform::Descriptor one(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return one && ::bind(one.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

void check(const DevnetPlan& plan) {
    if (plan.validators < 1 || plan.validators > validators_max)
        throw Error(ErrorKind::usage, format("a network has 1 to {} validators", validators_max));
    if (plan.block_time_s < 1 || plan.block_time_s > block_time_max_s)
        throw Error(ErrorKind::usage, format("the block time is 1 to {} seconds", block_time_max_s));
    if (plan.agents && plan.control_plane == "none")
        throw Error(ErrorKind::usage, "agents need a control plane");
}

/// What one node has for itself.
struct Identity {
    std::string address, wallet;
    crypto::SecretBytes password;
};

crypto::SecretBytes new_password() {
    return crypto::to_base64_secret(crypto::SecretBytes::random(password_bytes).view());
}

Identity new_identity(std::int64_t now_s) {
    Identity identity;
    const keys::RsaKey key = keys::new_rsa_key();
    identity.address = keys::address_of(keys::encode_public_key(key));
    identity.password = new_password();
    identity.wallet = keys::wallet_text(key, base::as_bytes("no phrase"), identity.password.view(), now_s);
    return identity;
}

void write(const fs::path& file, base::ByteView contents, unsigned mode = 0600) {
    platform::durable_mkdir(file.parent_path(), 0700);
    platform::write_durably(file, contents, mode);
}

void write_home(const Devnet& devnet, const DevnetNode& node, const Identity& identity,
                const crypto::CertifiedKey& authority, const DevnetPlan& plan,
                const crypto::Validity& validity) {
    const config::Home home = devnet.home_of(node);
    platform::durable_mkdir(home.database().parent_path(), 0700);
    keys::store_wallet(home.wallets(), identity.address, identity.wallet, false);
    write(home.config() / "wallet-password", identity.password.view());
    write(home.config() / "node.toml", base::as_bytes(node_settings(devnet, node)), 0644);
    write(home.settings_file(), base::as_bytes(dr_settings(devnet, node, plan)), 0644);
    const crypto::CertifiedKey issued = crypto::issue_certificate(authority, node.name, validity);
    const fs::path tls = home.keys() / "tls";
    write(tls / "ca.pem", base::as_bytes(authority.certificate), 0644);
    write(tls / "node.pem", base::as_bytes(issued.certificate), 0644);
    write(tls / "node.key", issued.key.view());
}

/// Orders from an etcd count only with a signature: one member, whose key the first node's home holds.
void write_policy(const Devnet& devnet) {
    const crypto::SecretBytes password = new_password();
    write(operator_password_file(devnet), password.view());
    const network::SignerFile signer =
        network::create_signer(devnet.home_of(devnet.nodes[0]), "operator", password.view());
    const std::string text = policy_text(devnet.network, signer.public_key);
    for (const DevnetNode& node : devnet.nodes)
        write(devnet.home_of(node).config() / "emergency-policy.toml", base::as_bytes(text), 0644);
}

void make_homes(Devnet& devnet, const DevnetPlan& plan, base::Progress& progress) {
    const base::UnixMs now = base::now_unix_ms();
    const std::vector<std::uint16_t> ports = free_ports(plan.validators * 2);
    std::vector<Identity> identities;
    progress.items_phase("making keys", plan.validators);
    base::ordered_parallel(
        base::worker_count(), plan.validators, [&](std::uint64_t) { return new_identity(now / 1000); },
        [&](std::uint64_t i, Identity identity) {
            DevnetNode& node = devnet.nodes.emplace_back();
            node.name = format("node-{}", i + 1);
            node.validator = identity.address;
            node.peer_port = ports[2 * i];
            node.rest_port = ports[2 * i + 1];
            identities.push_back(std::move(identity));
            progress.advance(1);
        });

    const crypto::Validity validity{now - day_ms, now + certificate_days * day_ms};
    // Its key is forgotten: nobody else joins this network.
    const crypto::CertifiedKey authority = crypto::make_authority("bt2c-devnet", validity);
    node::Genesis genesis;
    genesis.network = devnet.network;
    genesis.timestamp =
        static_cast<double>(plan.genesis_time_s != 0 ? plan.genesis_time_s : now / 1000 - plan.block_time_s);
    for (const DevnetNode& node : devnet.nodes)
        genesis.validators.push_back({node.validator, stake_coins, balance_coins});
    progress.items_phase("making homes", plan.validators);
    for (std::size_t i = 0; i < devnet.nodes.size(); ++i) {
        base::throw_if_interrupted();
        write_home(devnet, devnet.nodes[i], identities[i], authority, plan, validity);
        node::create_chain(devnet.home_of(devnet.nodes[i]).database(), genesis);
        progress.advance(1);
    }
    if (plan.control_plane == "local") platform::durable_mkdir(devnet.folder / "control-plane", 0700);
    if (plan.control_plane == "etcd") write_policy(devnet);
    devnet.write();
}

}  // namespace

std::vector<std::uint16_t> free_ports(std::size_t count) {
    constexpr std::size_t all = last_port - first_port + 1;
    const auto random = crypto::random_array<2>();
    const std::size_t begin = static_cast<std::size_t>(random[0] << 8 | random[1]) % all;
    std::vector<std::uint16_t> ports;
    for (std::size_t i = 0; i < all && ports.size() < count; ++i)
        if (const auto port = static_cast<std::uint16_t>(first_port + (begin + i) % all); is_free(port))
            ports.push_back(port);
    if (ports.size() < count) throw Error(ErrorKind::failed, "there are not enough free ports");
    return ports;
}

std::string node_settings(const Devnet& devnet, const DevnetNode& node) {
    const auto peers =
        texts_of(devnet, &node, [](const DevnetNode& one) { return format("127.0.0.1:{}", one.peer_port); });
    return format(
        "name = {}\nnetwork = {}\nblock_time_s = {}\nlisten = \"127.0.0.1:{}\"\nrest = \"127.0.0.1:{}\"\n"
        "peers = {}\ntls_ca = \"keys/tls/ca.pem\"\ntls_certificate = \"keys/tls/node.pem\"\n"
        "tls_key = \"keys/tls/node.key\"\nwallet = {}\nwallet_password_file = \"config/wallet-password\"\n"
        "settle_seconds = 1\nwait_for_agent = {}\nconnections_per_host = {}\n",
        in_quotes(node.name), in_quotes(devnet.network), devnet.block_time_s, node.peer_port, node.rest_port,
        list_of(peers), in_quotes(node.validator), devnet.agents, 2 * validators_max);
}

std::string dr_settings(const Devnet& devnet, const DevnetNode& node, const DevnetPlan& plan) {
    std::string text = format("[network]\nnode_name = {}\ncontrol_plane = {}\n", in_quotes(node.name),
                              in_quotes(plan.control_plane));
    // From the home, so that the network's folder can be moved.
    if (plan.control_plane == "local") text += "local_folder = \"../control-plane\"\n";
    if (plan.control_plane == "etcd") text += format("etcd_endpoints = {}\n", list_of(plan.etcd_endpoints));
    const auto urls = texts_of(devnet, nullptr, [](const DevnetNode& one) { return one.rest_url(); });
    return text + format("rest_urls = {}\n", list_of(urls));
}

std::string policy_text(const std::string& network, base::ByteView public_key) {
    return format(
        "network = {}\npause_threshold = 1\nresume_threshold = 1\n\n[[member]]\nname = \"operator\"\n"
        "public_key = {}\nmay = [\"pause\", \"resume\", \"unlock\"]\npauses_per_30_days = 1000\n",
        in_quotes(network), in_quotes(crypto::to_base64(public_key)));
}

fs::path operator_password_file(const Devnet& devnet) {
    return devnet.folder / "operator-password";
}

Devnet make_devnet(const fs::path& folder, const DevnetPlan& plan, base::Progress& progress) {
    Devnet devnet;
    devnet.folder = fs::absolute(folder).lexically_normal();
    devnet.network = "devnet";
    devnet.block_time_s = plan.block_time_s;
    devnet.agents = plan.agents;
    try {
        check(plan);
        make_homes(devnet, plan, progress);
    } catch (...) {
        std::error_code ignored;
        fs::remove_all(devnet.folder, ignored);
        throw;
    }
    return devnet;
}

}  // namespace bt2c::drill
