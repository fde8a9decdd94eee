#include "verify/block_row.hpp"

#include <limits>

#include "base/text.hpp"

namespace bt2c::verify {
namespace {

enum Column { hash = 1, previous_hash, height, network_type, timestamp, nonce, merkle_root };

/// Sets `flag` unless the cell holds a hash.
void read_hash_into(const Row& row, std::size_t column, chain::Hash& out, Block& block, Block::Flag flag) {
    if (read_hash(row, column, out) != HashCell::good)
        block.flags = static_cast<std::uint16_t>(block.flags | flag);
}

}  // namespace

std::vector<std::string> block_columns() {
    return {"hash", "previous_hash", "height", "network_type", "timestamp", "nonce", "merkle_root"};
}

Block read_block(const Row& row, std::int64_t rowid, NetworkNames& networks) {
    Block block;
    block.rowid = rowid;
    const auto set = [&](Block::Flag flag) { block.flags = static_cast<std::uint16_t>(block.flags | flag); };
    read_hash_into(row, hash, block.hash, block, Block::bad_hash);
    // Rows without a hash must not meet one another as duplicates.
    if (row.is_null(hash)) block.hash = crypto::sha256(base::as_bytes(base::format("rowid {}", rowid)));
    read_hash_into(row, previous_hash, block.previous, block, Block::bad_previous);
    read_hash_into(row, merkle_root, block.merkle, block, Block::bad_merkle);
    if (row.type(network_type) == ValueType::text) block.network = networks.id(row.text(network_type));
    if (row.type(height) == ValueType::integer && row.integer(height) >= 0)
        block.height = row.integer(height);
    else
        set(Block::bad_height);
    if (row.type(nonce) == ValueType::integer)
        block.nonce = row.integer(nonce);
    else
        set(Block::bad_nonce);
    if (const auto time = read_number(row, timestamp))
        block.timestamp = *time;
    else
        set(Block::bad_timestamp);
    if (block.is(Block::bad_timestamp)) block.timestamp = std::numeric_limits<double>::quiet_NaN();
    return block;
}

void judge_block_row(const Row& row, const Block& block, const Networks& networks, FindingBook& book) {
    const bool is_named = row.type(network_type) == ValueType::text;
    if (is_named && (block.flags == 0 || block.network == no_network)) return;
    const auto report = [&](Check check, std::size_t column, const char* name, const char* expected) {
        book.add(check, {block.is(Block::bad_height) ? 0 : block.height, block.rowid}, [&] {
            Finding finding;
            finding.table = "blocks";
            finding.key =
                row.is_null(hash) ? base::format("rowid {}", block.rowid) : describe_cell(row, hash);
            finding.network = networks.name(block.network);
            if (!block.is(Block::bad_height)) finding.height = block.height;
            finding.expected = base::format("{}: {}", name, expected);
            finding.found = describe_cell(row, column);
            finding.text =
                base::format("the block's {} is {}", name,
                             row.is_null(column) ? "missing" : "not of the form that it must have");
            return finding;
        });
    };
    static constexpr const char* digits = "64 lower-case hexadecimal digits";
    if (block.is(Block::bad_hash)) report(Check::block_hashes, hash, "hash", digits);
    if (block.is(Block::bad_previous)) report(Check::discontinuities, previous_hash, "previous_hash", digits);
    if (block.is(Block::bad_height))
        report(Check::discontinuities, height, "height", "a whole number from 0 on");
    if (block.is(Block::bad_merkle) && !row.is_null(merkle_root))
        report(Check::merkle_roots, merkle_root, "merkle_root", digits);
    if (block.is(Block::bad_timestamp) && !row.is_null(timestamp))
        report(Check::block_hashes, timestamp, "timestamp", "a number");
    if (block.is(Block::bad_nonce) && !row.is_null(nonce))
        report(Check::block_hashes, nonce, "nonce", "a whole number");
    if (!is_named) report(Check::discontinuities, network_type, "network_type", "the name of a network");
}

}  // namespace bt2c::verify
