#include "sample/create_chain.hpp"

#include <algorithm>
#include <bit>
#include <future>
#include <set>

#include "base/error.hpp"
#include "base/progress.hpp"
#include "base/text.hpp"
#include "chaindb/sqlite/connection.hpp"
#include "sample/block_maker.hpp"
#include "sample/row_writer.hpp"
#include "sample/validators.hpp"

namespace bt2c::sample {

using base::Error;
using base::ErrorKind;
using base::format;
using chaindb::sqlite::Connection;

namespace {

constexpr std::int64_t blocks_per_batch = 256;

/// Enough for all indexes of the chain, whose pages are written at random places, within bounds.
std::int64_t cache_kib(const ChainOptions& options) {
    const auto networks = static_cast<std::int64_t>(options.networks.size());
    return std::clamp<std::int64_t>(options.blocks * options.transactions_per_block * networks * 6 / 10,
                                    1 << 16, 1 << 22);
}

void check(const std::filesystem::path& path, const ChainOptions& options) {
    const auto refuse = [](const char* why) {
        throw Error(ErrorKind::usage, format("cannot create a sample chain: {}", why));
    };
    if (options.networks.empty()) refuse("it needs a network");
    if (std::set(options.networks.begin(), options.networks.end()).size() != options.networks.size())
        refuse("a network is named twice");
    if (options.blocks < 0 || options.legacy_blocks < 0 || options.pending < 0 || options.first_height < 0)
        refuse("a number is negative");
    if (options.transactions_per_block < 1) refuse("a block holds at least its reward");
    if (options.validators < 1) refuse("it needs a validator");
    if (options.page_size < 512 || options.page_size > 65536 ||
        !std::has_single_bit(static_cast<unsigned>(options.page_size)))
        refuse("a page has 512 to 65536 bytes, a power of two");
    if (std::filesystem::exists(std::filesystem::symlink_status(path)))
        throw Error(ErrorKind::failed, format("cannot create sample chain {}: it exists already",
                                              base::printable(path.native())));
}

/// One network while it grows.
struct Network {
    Network(const ChainOptions& options, std::size_t index)
        : random(options.seed * 1'000'003 + index),
          validators(options.networks[index], options.validators, options.legacy_blocks > 0, random),
          maker(first_tip(options, index), options.transactions_per_block, options.varied,
                random.below(UINT64_MAX)) {}

    Tip first_tip(const ChainOptions& options, std::size_t index) {
        Tip tip;
        tip.network = options.networks[index];
        tip.height = options.first_height - 1;
        if (options.layout == Layout::orm) tip.height += static_cast<std::int64_t>(index) * options.blocks;
        tip.validators = validators.active();
        return tip;
    }

    Random random;
    Validators validators;
    BlockMaker maker;
};

Scheme scheme_of(std::int64_t index, const ChainOptions& options) {
    if (index >= options.legacy_blocks) return Scheme::scheduled;
    return index == 0 ? Scheme::unstored : Scheme::direct;
}

std::vector<Block> make_batch(std::vector<Network>& networks, std::int64_t first,
                              const ChainOptions& options) {
    std::vector<Block> batch;
    const std::int64_t end = std::min(first + blocks_per_batch, options.blocks);
    for (std::int64_t index = first; index < end; ++index) {
        for (Network& network : networks) {
            batch.push_back(network.maker.next(scheme_of(index, options)));
            network.validators.count(batch.back());
        }
    }
    return batch;
}

void insert_all(Connection& connection, std::vector<Network>& networks, const ChainOptions& options) {
    RowWriter writer(connection);
    // One batch is inserted while the next is hashed and signed in another thread.
    std::vector<Block> batch = make_batch(networks, 0, options);
    for (std::int64_t first = blocks_per_batch; !batch.empty(); first += blocks_per_batch) {
        base::throw_if_interrupted();
        auto following =
            std::async(std::launch::async, [&, first] { return make_batch(networks, first, options); });
        for (const Block& block : batch) writer.insert(block);
        batch = following.get();
    }
    for (Network& network : networks) {
        for (int i = 0; i < options.pending; ++i) writer.insert(network.maker.pending());
        network.validators.insert(connection, options.layout, network.maker.tip(), network.random);
    }
}

void make(const std::filesystem::path& path, const ChainOptions& options) {
    std::vector<Network> networks;
    for (std::size_t i = 0; i < options.networks.size(); ++i) networks.emplace_back(options, i);

    Connection connection = Connection::open(path, Connection::Mode::create);
    connection.execute(
        format("PRAGMA page_size={}; PRAGMA journal_mode=off; PRAGMA synchronous=off; "
               "PRAGMA locking_mode=exclusive; PRAGMA cache_size=-{}",
               options.page_size, cache_kib(options)));
    connection.execute("BEGIN");
    connection.execute(std::string(chaindb::schema_sql(options.layout)));
    insert_all(connection, networks, options);
    connection.execute("COMMIT; PRAGMA locking_mode=normal");
    connection.execute(options.wal ? "PRAGMA journal_mode=wal" : "PRAGMA journal_mode=delete");
}

}  // namespace

void create_chain(const std::filesystem::path& path, const ChainOptions& options) {
    check(path, options);
    try {
        make(path, options);
    } catch (...) {
        // Without a journal nothing else can undo what was begun.
        std::error_code ignored;
        std::filesystem::remove(path, ignored);
        throw;
    }
}

}  // namespace bt2c::sample
