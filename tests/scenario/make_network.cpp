// Makes the homes of a network's nodes, for scenarios:
//   make_network FOLDER BLOCK_TIME WAIT_FOR_AGENT PEER_PORT:REST_PORT...
// FOLDER/node-1, FOLDER/node-2, … have a key, a certificate, the same genesis, and know each other.

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "crypto/certificate.hpp"
#include "keys/random_key.hpp"
#include "keys/wallet_file.hpp"
#include "keys/wallet_store.hpp"
#include "node/chain.hpp"

namespace {

using namespace bt2c;
namespace fs = std::filesystem;

constexpr std::string_view password = "a password of the test";

struct Ports {
    std::string peer, rest;
};

void write(const fs::path& file, std::string_view text) {
    fs::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << text;
}

void make(const fs::path& folder, const std::string& block_time, const std::string& wait,
          const std::vector<Ports>& ports) {
    const base::UnixMs now = base::now_unix_ms();
    const crypto::Validity validity{now - 3'600'000, now + 86'400'000};
    const crypto::CertifiedKey authority = crypto::make_authority("scenario-authority", validity);
    node::Genesis genesis{"devnet", static_cast<double>(now / 1000 - 5), {}};
    for (std::size_t i = 0; i < ports.size(); ++i) {
        const std::string name = base::format("node-{}", i + 1);
        const fs::path home = folder / name;
        const keys::RsaKey key = keys::new_rsa_key();
        const std::string address = keys::address_of(keys::encode_public_key(key));
        genesis.validators.push_back({address, 100.0, 50.0});
        fs::create_directories(home / "data");
        write(home / "wallets" / (address + ".json"),
              keys::wallet_text(key, base::as_bytes("no phrase"), base::as_bytes(password), now / 1000));
        write(home / "config" / "password", password);
        const crypto::CertifiedKey issued = crypto::issue_certificate(authority, name, validity);
        write(home / "config" / "ca.pem", authority.certificate);
        write(home / "config" / "node.pem", issued.certificate);
        write(home / "config" / "node.key", issued.key.text());
        std::string peers;
        for (std::size_t other = 0; other < ports.size(); ++other)
            if (other != i)
                peers += (peers.empty() ? "" : ", ") + base::format("\"127.0.0.1:{}\"", ports[other].peer);
        write(
            home / "config" / "node.toml",
            base::format("name = \"{}\"\nnetwork = \"devnet\"\nblock_time_s = {}\nlisten = \"127.0.0.1:{}\"\n"
                         "rest = \"127.0.0.1:{}\"\npeers = [{}]\ntls_ca = \"config/ca.pem\"\n"
                         "tls_certificate = \"config/node.pem\"\ntls_key = \"config/node.key\"\n"
                         "wallet = \"{}\"\nwallet_password_file = \"config/password\"\nsettle_seconds = 1\n"
                         "wait_for_agent = {}\nconnections_per_host = 64\n",
                         name, block_time, ports[i].peer, ports[i].rest, peers, address, wait));
    }
    for (std::size_t i = 0; i < ports.size(); ++i)
        node::create_chain(folder / base::format("node-{}", i + 1) / "data" / "blockchain.db", genesis);
}

}  // namespace

int main(int argc, char** argv) {
    try {
        std::vector<Ports> ports;
        for (int i = 4; i < argc; ++i) {
            const std::string both = argv[i];
            const std::size_t colon = both.find(':');
            ports.push_back({both.substr(0, colon), both.substr(colon + 1)});
        }
        if (argc < 5) return 2;
        make(argv[1], argv[2], argv[3], ports);
        return 0;
    } catch (const base::Error& error) {
        std::fputs(base::format("make_network: {} {}\n", error.message(), error.cause()).c_str(), stderr);
        return 1;
    }
}
