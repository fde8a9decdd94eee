#include "node/chain_state.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"
#include "chaindb/network_pause.hpp"
#include "node/proposer.hpp"
#include "node/rows.hpp"
#include "node/tables.hpp"

namespace bt2c::node {

using base::Error;
using base::ErrorKind;

ChainState::ChainState(const std::filesystem::path& file, Chain::Options given)
    : options(std::move(given)),
      database(file),
      validators((make_tables(database), database), options.network),
      ledger(database, validators, options.network),
      pool(database, options.network),
      watch(database, validators, options.network) {
    refresh();
    pool.load(genesis);
}

void ChainState::refresh() {
    const std::int64_t version = database.integer("PRAGMA data_version").value_or(0);
    if (version == data_version_) return;
    data_version_ = version;
    validators.forget();
    load_tip();
    auto state = database.ask("SELECT tip, base_height, paid_units FROM node_state WHERE network = ?1",
                              options.network);
    if (state.next() && state->text(0) == chain::hash_text(tip.hash)) {
        base_height = state->integer(1);
        paid_units_ = state->integer(2);
        return;
    }
    state.statement().reset();
    load();
}

void ChainState::load_tip() {
    {
        auto lowest =
            database.ask("SELECT hash, timestamp FROM blocks WHERE network_type = ?1 ORDER BY height LIMIT 1",
                         options.network);
        if (!lowest.next())
            throw Error(ErrorKind::failed, base::format("the database has no block of the network {}",
                                                        base::printable(options.network)))
                .hint("restore a backup of the network, or make a new chain");
        if (!chain::parse_hash(lowest->text(0), genesis))
            throw Error(ErrorKind::failed, "the chain's first block has no hash");
        genesis_timestamp_ = lowest->real(1);
    }
    ledger.set_genesis(genesis);
    auto highest = database.ask(
        "SELECT hash, timestamp, height FROM blocks WHERE network_type = ?1 ORDER BY height DESC LIMIT 1",
        options.network);
    if (!highest.next() || !chain::parse_hash(highest->text(0), tip.hash))
        throw Error(ErrorKind::failed, "the chain's newest block has no hash");
    tip.timestamp = highest->real(1);
    tip.height = highest->integer(2);
}

// Nothing of this software's own holds for a chain that other software made or moved.
void ChainState::load() {
    chaindb::sqlite::Transaction transaction(database.connection());
    load_tip();
    base_height = database
                      .integer(
                          "SELECT max(height) FROM blocks b WHERE network_type = ?1 AND NOT EXISTS "
                          "(SELECT 1 FROM node_blocks n WHERE n.hash = b.hash)",
                          options.network)
                      .value_or(-1);
    paid_units_ = ledger.rebuild(tip.height);
    database.run("DELETE FROM node_undo WHERE network = ?1", options.network);
    store_state();
    transaction.commit();
}

void ChainState::store_state() {
    database.run(
        "INSERT INTO node_state (network, base_height, tip, paid_units) VALUES (?1, ?2, ?3, ?4) "
        "ON CONFLICT (network) DO UPDATE SET base_height = excluded.base_height, tip = excluded.tip, "
        "paid_units = excluded.paid_units",
        options.network, base_height, chain::hash_text(tip.hash), paid_units_);
}

double ChainState::earliest_s(std::int64_t round) const {
    return static_cast<double>(micros(tip.timestamp) + (1 + round) * micros(options.block_time_s)) / 1e6;
}

std::vector<std::string> ChainState::proposers() {
    return validators.proposers(tip.hash, tip.height + 1, proposers_max);
}

ChainState::Attempt::Attempt(ChainState& state) : state_(state) {
    // What another process commits between the look at it and the lock is looked at again.
    for (;;) {
        state_.refresh();
        rows_.emplace(state_.database.connection());
        if (state_.database.integer("PRAGMA data_version").value_or(0) == state_.data_version_) break;
        rows_.reset();
    }
    tip_ = state_.tip;
    paid_units_ = state_.paid_units_;
}

ChainState::Attempt::~Attempt() {
    if (committed_) return;
    state_.tip = tip_;
    state_.paid_units_ = paid_units_;
    state_.validators.forget();
}

void ChainState::Attempt::keep(const Transaction& transaction) {
    state_.pool.insert_row(transaction);
    kept_.push_back(transaction);
}

void ChainState::Attempt::forget(const chain::Hash& hash) {
    state_.pool.remove_row(hash);
    forgotten_.push_back(hash);
}

void ChainState::Attempt::commit() {
    rows_->commit();
    committed_ = true;
    for (const chain::Hash& hash : forgotten_) state_.pool.forget(hash);
    for (Transaction& transaction : kept_) state_.pool.keep(std::move(transaction));
}

}  // namespace bt2c::node
