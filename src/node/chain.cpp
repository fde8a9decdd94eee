#include "node/chain.hpp"

#include <algorithm>

#include "chaindb/network_pause.hpp"
#include "node/chain_state.hpp"
#include "node/rows.hpp"

namespace bt2c::node {

namespace {

/// Blocks that this node made are kept for comparison for so many heights.
constexpr std::int64_t made_kept = 1000;

ValidatorInfo info_of(const ValidatorSet::Row& row) {
    return {row.address,      row.status ? std::string(chain::status_name(*row.status)) : row.stored_status,
            row.stake_units,  static_cast<double>(row.reputation) / 1000,
            row.total_blocks, row.joined_at,
            row.last_block};
}

}  // namespace

Chain::Chain(std::unique_ptr<ChainState> state) : state_(std::move(state)) {}
Chain::Chain(Chain&&) noexcept = default;
Chain::~Chain() = default;

Chain Chain::open(const std::filesystem::path& database, Options options) {
    return Chain(std::make_unique<ChainState>(database, std::move(options)));
}

const Chain::Options& Chain::options() const {
    return state_->options;
}
ChainTip Chain::tip() const {
    state_->refresh();
    return state_->tip;
}
const chain::Hash& Chain::genesis() const {
    return state_->genesis;
}
std::int64_t Chain::base_height() const {
    state_->refresh();
    return state_->base_height;
}
bool Chain::paused() const {
    return chaindb::is_paused(state_->database.connection(), state_->options.network);
}
std::int64_t Chain::pause_sequence() const {
    return chaindb::read_pause_state(state_->database.connection(), state_->options.network).sequence;
}

std::vector<std::string> Chain::proposers() const {
    state_->refresh();
    return state_->proposers();
}
double Chain::earliest_s(std::int64_t round) const {
    state_->refresh();
    return state_->earliest_s(round);
}

Taken Chain::accept(const Block& block, double now_s) {
    return state_->accept(block, now_s);
}
Taken Chain::accept_all(const std::vector<Block>& blocks, double now_s, std::size_t& accepted) {
    return state_->accept_all(blocks, now_s, accepted);
}
Taken Chain::add_transaction(const Transaction& transaction, double now_s) {
    return state_->add_transaction(transaction, now_s);
}
Block Chain::build(const std::string& validator, std::int64_t round, double now_s) {
    return state_->build(validator, round, now_s);
}

void Chain::keep_made(const Block& block) {
    const BlockHeader& header = block.header;
    chaindb::sqlite::Transaction transaction(state_->database.connection());
    state_->database.run(
        "INSERT OR REPLACE INTO node_made (network, validator, height, hash, block) VALUES (?1, ?2, ?3, ?4, "
        "?5)",
        header.network, header.validator, header.height, chain::hash_text(header.hash), to_json(block));
    state_->database.run("DELETE FROM node_made WHERE network = ?1 AND height < ?2", header.network,
                         header.height - made_kept);
    transaction.commit();
}

std::optional<Block> Chain::made_at(const std::string& validator, std::int64_t height) const {
    auto kept = state_->database.ask(
        "SELECT block FROM node_made WHERE network = ?1 AND validator = ?2 AND height = ?3",
        state_->options.network, validator, height);
    if (!kept.next()) return std::nullopt;
    return parse_block(kept->text(0));
}

std::optional<Block> Chain::block_at(std::int64_t height) const {
    const auto hash = hash_at(height);
    return hash ? block_of(*hash) : std::nullopt;
}
std::optional<Block> Chain::block_of(const chain::Hash& hash) const {
    return read_block(state_->database, state_->options.network, hash);
}
std::optional<chain::Hash> Chain::hash_at(std::int64_t height) const {
    return block_hash_at(state_->database, state_->options.network, height);
}

std::vector<Block> Chain::blocks_from(std::int64_t height, std::size_t count, std::size_t bytes_max) const {
    std::vector<Block> blocks;
    std::size_t bytes = 0;
    for (; blocks.size() < count; ++height) {
        std::optional<Block> block = block_at(height);
        if (!block) break;
        bytes += to_json(*block).size();
        if (bytes > bytes_max) break;
        blocks.push_back(std::move(*block));
    }
    return blocks;
}

std::vector<ValidatorInfo> Chain::validators() const {
    state_->refresh();
    std::vector<ValidatorInfo> infos;
    for (const ValidatorSet::Row& row : state_->validators.rows()) infos.push_back(info_of(row));
    return infos;
}
std::optional<ValidatorInfo> Chain::validator(const std::string& address) const {
    state_->refresh();
    const ValidatorSet::Row* row = state_->validators.find(address);
    if (!row) return std::nullopt;
    return info_of(*row);
}
std::int64_t Chain::active_stake_units() const {
    state_->refresh();
    std::int64_t stake = 0;
    for (const ValidatorSet::Row& row : state_->validators.rows())
        if (row.eligible()) stake += row.stake_units;
    return stake;
}
std::int64_t Chain::balance_units(const std::string& address) const {
    state_->refresh();
    return state_->ledger.balance(address);
}
std::int64_t Chain::last_nonce(const std::string& address) const {
    state_->refresh();
    return state_->ledger.last_nonce(address);
}

std::int64_t Chain::next_nonce(const std::string& address) const {
    const std::int64_t last = last_nonce(address);
    const auto* waiting = state_->pool.of_sender(address);
    return (waiting && !waiting->empty() ? std::max(last, waiting->rbegin()->first) : last) + 1;
}

std::optional<std::int64_t> Chain::highest_block_by(const std::string& address) const {
    // The reward's recipient made the block, whatever software added it.
    return state_->database.integer(
        "SELECT max(b.height) FROM transactions t JOIN blocks b ON b.hash = t.block_hash "
        "WHERE t.type = 'reward' AND t.recipient = ?1 AND b.network_type = ?2",
        address, state_->options.network);
}

std::size_t Chain::pending_count() const {
    return state_->pool.size();
}
std::vector<Transaction> Chain::pending(std::size_t count) const {
    return state_->pool.first(count);
}
std::int64_t Chain::evidence_count() const {
    return state_->watch.cases();
}

std::vector<Transaction> Chain::take_own_transactions() {
    state_->refresh();
    std::vector<Transaction> transactions;
    for (std::string& payload : state_->watch.due_payloads(state_->tip.height)) {
        Transaction& transaction = transactions.emplace_back();
        transaction.type = "validator";
        transaction.payload = std::move(payload);
    }
    return transactions;
}

}  // namespace bt2c::node
