// The first block of a new network.

#include <algorithm>
#include <cmath>
#include <set>

#include "base/error.hpp"
#include "base/text.hpp"
#include "chain/economics.hpp"
#include "chaindb/chain_schema.hpp"
#include "chaindb/sqlite/transaction.hpp"
#include "keys/rsa_key.hpp"
#include "node/chain.hpp"
#include "node/rows.hpp"
#include "node/validator_set.hpp"

namespace bt2c::node {

using base::Error;
using base::ErrorKind;

namespace {

/// Payments of 1000 and of 100 are the first validator's, who may get one of them once: other pieces are
/// smaller and never 100.
constexpr std::int64_t piece_units = 999 * chain::units_per_coin;
constexpr std::int64_t older_first_units = 100 * chain::units_per_coin;

[[noreturn]] void refuse(const std::string& why) {
    throw Error(ErrorKind::usage, "cannot make a new chain: " + why);
}

void check(const Genesis& genesis) {
    if (genesis.network.empty() || genesis.network.size() > 32 ||
        !std::ranges::all_of(genesis.network, [](char c) { return c > ' ' && c < '\x7f'; }))
        refuse("the network's name is not one of up to 32 printing characters");
    if (!(genesis.timestamp >= 0 && genesis.timestamp < 1e11) ||
        std::floor(genesis.timestamp) != genesis.timestamp)
        refuse("its time is no whole second");
    if (genesis.validators.empty()) refuse("it needs a validator");
    std::set<std::string> addresses;
    double balances = 0, stakes = 0;
    for (const Genesis::Member& member : genesis.validators) {
        if (!keys::is_address(member.address)) refuse(base::printable(member.address) + " is no address");
        if (!addresses.insert(member.address).second) refuse(member.address + " is there twice");
        if (!(member.stake >= chain::min_stake && member.stake <= chain::max_supply))
            refuse("a stake is below the minimum, or beyond all coins");
        if (!(member.balance >= 0)) refuse("a balance is negative");
        balances += member.balance;
        stakes += member.stake;
    }
    if (!(stakes <= chain::max_supply)) refuse("the stakes together are beyond all coins");
    if (!(balances <= genesis_balance_max))
        refuse(base::format("the balances are more than {} coins", genesis_balance_max));
}

Block first_block(const Genesis& genesis) {
    Block block;
    BlockHeader& header = block.header;
    header.timestamp = genesis.timestamp;
    header.network = genesis.network;
    header.validator = genesis.validators.front().address;
    const auto pay = [&](std::string_view type, const std::string& recipient, std::int64_t units) {
        Transaction& payment = block.transactions.emplace_back();
        payment.type = type;
        payment.sender = system_sender;
        payment.recipient = recipient;
        payment.units = units;
        payment.timestamp = genesis.timestamp;
        payment.nonce = static_cast<std::int64_t>(block.transactions.size()) - 1;
        payment.hash = transaction_hash(payment, genesis.network);
    };
    // Of equal times the rows' order counts, so the reward's comes first, as in the Merkle tree.
    pay("reward", header.validator, chain::to_units(chain::block_reward_at(0)));
    for (const Genesis::Member& member : genesis.validators) {
        for (std::int64_t left = chain::to_units(member.balance); left > 0;) {
            std::int64_t piece = std::min(left, piece_units);
            if (piece == older_first_units) piece -= chain::units_per_coin;
            pay("developer", member.address, piece);
            left -= piece;
        }
    }
    header.merkle_root = merkle_root_of(block.transactions);
    header.hash = header.own_hash();
    return block;
}

}  // namespace

void create_chain(const std::filesystem::path& file, const Genesis& genesis) {
    check(genesis);
    if (std::filesystem::exists(std::filesystem::symlink_status(file)))
        throw Error(ErrorKind::failed, base::format("cannot make the chain {}: it exists already",
                                                    base::printable(file.native())));
    using chaindb::sqlite::Connection;
    try {
        Connection::open(file, Connection::Mode::create).execute("PRAGMA journal_mode = WAL");
        Database database(file);
        chaindb::sqlite::Transaction transaction(database.connection());
        database.connection().execute(std::string(chaindb::schema_sql(chaindb::Layout::fresh)));
        const Block block = first_block(genesis);
        insert_block(database, block);
        ValidatorSet validators(database, genesis.network);
        for (const Genesis::Member& member : genesis.validators)
            validators.add(member.address, chain::to_units(member.stake), genesis.timestamp);
        validators.made_block(block.header.validator, genesis.timestamp, block.transactions.front().units);
        transaction.commit();
    } catch (...) {
        std::error_code ignored;
        for (const char* suffix : {"", "-wal", "-shm"})
            std::filesystem::remove(file.native() + suffix, ignored);
        throw;
    }
}

}  // namespace bt2c::node
