// How fast a validator syncs: blocks of one reward and one transfer each, taken by accept_all(). Prints
// blocks a second. The argument is the number of blocks.

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "grow_chain.hpp"
#include "keys/random_key.hpp"
#include "node/chain.hpp"

using namespace bt2c;

namespace {

constexpr std::size_t validators = 10;
constexpr std::size_t blocks_of_an_answer = 500;

node::Genesis genesis_of(const std::vector<keys::Signer>& signers) {
    node::Genesis genesis;
    genesis.network = "devnet";
    genesis.timestamp = 1743811200;
    for (const keys::Signer& signer : signers)
        genesis.validators.push_back({keys::address_of(signer.public_key), 100, 10'000});
    return genesis;
}

/// Makes a chain in `file` and gives its blocks.
std::vector<node::Block> make_blocks(const std::filesystem::path& file,
                                     const std::vector<keys::Signer>& signers, std::size_t count) {
    node::create_chain(file, genesis_of(signers));
    node::Chain chain = node::Chain::open(file, {"devnet", 1});
    std::vector<node::Block> blocks;
    bench::grow_chain(chain, signers, count, [&](const node::Block& block) { blocks.push_back(block); });
    return blocks;
}

}  // namespace

int main(int argc, char** argv) {
    const std::size_t count = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 5000;
    const auto folder =
        std::filesystem::temp_directory_path() / ("bt2c-node-sync-" + std::to_string(getpid()));
    std::filesystem::create_directory(folder);
    std::vector<keys::Signer> signers;
    while (signers.size() < validators) signers.push_back(keys::signer_of(keys::new_rsa_key()));
    const std::vector<node::Block> blocks = make_blocks(folder / "source.db", signers, count);

    node::create_chain(folder / "copy.db", genesis_of(signers));
    node::Chain chain = node::Chain::open(folder / "copy.db", {"devnet", 1});
    const base::Stopwatch watch;
    const std::clock_t begin = std::clock();
    for (std::size_t at = 0; at < blocks.size(); at += blocks_of_an_answer) {
        const std::size_t end = std::min(at + blocks_of_an_answer, blocks.size());
        const std::vector<node::Block> answer(blocks.begin() + static_cast<std::ptrdiff_t>(at),
                                              blocks.begin() + static_cast<std::ptrdiff_t>(end));
        std::size_t accepted = 0;
        const node::Taken taken = chain.accept_all(answer, blocks.back().header.timestamp, accepted);
        if (accepted != answer.size()) {
            std::fprintf(stderr, "refused: %s\n", taken.reason.c_str());
            return 1;
        }
    }
    const double seconds = watch.seconds();
    const double cpu = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
    std::printf("%zu blocks in %.2f s: %.0f blocks a second, %.2f ms of processor each\n", blocks.size(),
                seconds, static_cast<double>(blocks.size()) / seconds,
                1000 * cpu / static_cast<double>(blocks.size()));
    std::filesystem::remove_all(folder);
    return 0;
}
