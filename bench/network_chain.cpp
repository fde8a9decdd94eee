// Makes the homes of a network of ten validators whose first one has a long chain, and the others the first
// block only:
//
//   bt2c-bench-chain FOLDER BLOCKS

#include <cstdio>
#include <cstdlib>

#include "base/error.hpp"
#include "base/time.hpp"
#include "config/node_config.hpp"
#include "drill/devnet.hpp"
#include "grow_chain.hpp"
#include "node/node_setup.hpp"

int main(int argc, char** argv) {
    using namespace bt2c;
    if (argc != 3) return 2;
    try {
        const std::size_t count = std::strtoul(argv[2], nullptr, 10);
        base::SilentProgress silent;
        // Its blocks are to be of the past.
        const std::int64_t begin_s = base::now_unix_ms() / 1000 - static_cast<std::int64_t>(count) - 60;
        const drill::Devnet devnet = drill::make_devnet(
            argv[1], {.validators = 10, .block_time_s = 1, .genesis_time_s = begin_s}, silent);
        std::vector<keys::Signer> signers;
        for (const drill::DevnetNode& node : devnet.nodes)
            signers.push_back(*node::open_wallet(config::load_node_config(devnet.home_of(node))));
        node::Chain chain =
            node::Chain::open(devnet.home_of(devnet.nodes[0]).database(), {devnet.network, 1});
        bench::grow_chain(chain, signers, count, [](const node::Block&) {});
        return 0;
    } catch (const base::Error& error) {
        std::fprintf(stderr, "%s: %s\n", error.message().c_str(), error.cause().c_str());
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
    }
    return 1;
}
