#include "node/ledger.hpp"

#include "base/error.hpp"
#include "base/text.hpp"
#include "chain/economics.hpp"
#include "chaindb/key_rotations.hpp"

namespace bt2c::node {

using chain::ValidatorStatus;

Ledger::Ledger(Database& database, ValidatorSet& validators, std::string network)
    : database_(database), validators_(validators), network_(std::move(network)) {}

std::int64_t Ledger::balance(const std::string& address) {
    return database_
        .integer("SELECT balance FROM node_accounts WHERE network = ?1 AND address = ?2", network_, address)
        .value_or(0);
}

std::int64_t Ledger::last_nonce(const std::string& address) {
    return database_
        .integer("SELECT nonce FROM node_accounts WHERE network = ?1 AND address = ?2", network_, address)
        .value_or(0);
}

void Ledger::credit(const std::string& address, std::int64_t units) {
    database_.run(
        "INSERT INTO node_accounts (network, address, balance, nonce) VALUES (?1, ?2, ?3, 0) "
        "ON CONFLICT (network, address) DO UPDATE SET balance = balance + excluded.balance",
        network_, address, units);
}

std::string Ledger::apply(const Transaction& transaction, std::int64_t height, double block_timestamp) {
    if (transaction.timestamp > block_timestamp) return "a transaction is later than its block";
    if (transaction.timestamp < block_timestamp - expiry_s) return "a transaction has expired";
    const std::string& sender = transaction.sender;
    if (transaction.nonce != last_nonce(sender) + 1)
        return base::format("a transaction's nonce is not {}, the sender's next one", last_nonce(sender) + 1);
    const bool pays = transaction.type == "transfer" || transaction.type == "stake";
    const std::int64_t price =
        (pays ? transaction.units : 0) + (transaction.type == "validator" ? 0 : fee_units);
    if (price > 0 && balance(sender) < price) return "the sender's balance is too small";
    database_.run(
        "INSERT INTO node_accounts (network, address, balance, nonce) VALUES (?1, ?2, ?3, ?4) "
        "ON CONFLICT (network, address) DO UPDATE SET balance = balance + excluded.balance, "
        "nonce = excluded.nonce",
        network_, sender, -price, transaction.nonce);
    if (transaction.type == "stake") return apply_stake(transaction, block_timestamp);
    if (transaction.type == "unstake") return apply_unstake(transaction, height, block_timestamp);
    if (transaction.type == "validator") return apply_payload(transaction, block_timestamp);
    credit(transaction.recipient, transaction.units);
    return {};
}

std::string Ledger::apply_stake(const Transaction& transaction, double block_timestamp) {
    const std::int64_t minimum = chain::to_units(chain::min_stake);
    const ValidatorSet::Row* row = validators_.find(transaction.sender);
    if (!row) {
        if (transaction.units < minimum) return "the stake is below the minimum";
        if (database_.integer("SELECT 1 FROM key_rotations WHERE network_type = ?1 AND old_address = ?2",
                              network_, transaction.sender))
            return "the key was given up for another one";
        // The older layout has room for one row of an address.
        if (database_.integer("SELECT 1 FROM validators WHERE address = ?1", transaction.sender) &&
            !database_.connection().has_table("nonces"))
            return "the address is a validator of another network";
        validators_.add(transaction.sender, transaction.units, block_timestamp);
        return {};
    }
    const std::int64_t stake = row->stake_units + transaction.units;
    switch (row->status.value_or(ValidatorStatus::tombstoned)) {
        case ValidatorStatus::active:
        case ValidatorStatus::jailed: validators_.set_stake(row->address, stake, *row->status); return {};
        case ValidatorStatus::inactive:
            validators_.set_stake(transaction.sender, stake,
                                  stake < minimum ? ValidatorStatus::inactive : ValidatorStatus::active);
            return {};
        default: return "the validator's status allows no stake";
    }
}

std::string Ledger::apply_unstake(const Transaction& transaction, std::int64_t height,
                                  double block_timestamp) {
    const ValidatorSet::Row* row = validators_.find(transaction.sender);
    if (!row || (row->status != ValidatorStatus::active && row->status != ValidatorStatus::inactive))
        return "the sender's status allows no unstaking";
    if (row->stake_units != transaction.units) return "the amount is not the whole stake";
    database_.run(
        "INSERT INTO node_unstaking (network, address, release_height, units) VALUES (?1, ?2, ?3, ?4)",
        network_, transaction.sender, height + unstaking_blocks, transaction.units);
    validators_.begin_unstaking(transaction.sender, block_timestamp);
    return {};
}

void Ledger::release_unstaked(std::int64_t height) {
    std::vector<std::pair<std::string, std::int64_t>> due;
    {
        auto query = database_.ask(
            "SELECT address, units FROM node_unstaking WHERE network = ?1 AND release_height <= ?2", network_,
            height);
        while (query.next()) due.emplace_back(query->string(0), query->integer(1));
    }
    for (const auto& [address, units] : due) {
        database_.run("DELETE FROM node_unstaking WHERE network = ?1 AND address = ?2", network_, address);
        const std::string current = current_address(address);
        const ValidatorSet::Row* row = validators_.find(current);
        if (!row || row->status != ValidatorStatus::unstaking) continue;  // banned meanwhile
        validators_.end_unstaking(current);
        credit(current, units);
    }
}

std::string Ledger::apply_payload(const Transaction& transaction, double block_timestamp) {
    const ValidatorPayload payload = parse_payload(transaction.payload, network_, genesis_);
    if (payload.rotation) return apply_rotation(*payload.rotation, transaction.payload);
    return apply_evidence(*payload.evidence, block_timestamp);
}

std::string Ledger::apply_rotation(const keys::RotationRecord& record, const std::string& text) {
    const chaindb::KeyRotation rotation{network_,
                                        record.old_address(),
                                        record.new_address(),
                                        record.compromised,
                                        record.reason,
                                        static_cast<double>(record.rotated_at) / 1000,
                                        text};
    try {
        chaindb::apply_rotations_within(database_.connection(), {&rotation, 1});
    } catch (const base::Error& error) {
        if (error.kind() != base::ErrorKind::failed) throw;
        return error.message() + ": " + error.cause();
    }
    validators_.forget();
    return {};
}

std::string Ledger::current_address(std::string address) {
    // Each rotation leaves one address for good, so this ends; the bound is for tables made by hand.
    for (int i = 0; i < 1000 && !validators_.find(address); ++i) {
        auto next = database_.ask(
            "SELECT new_address FROM key_rotations WHERE network_type = ?1 AND old_address = ?2", network_,
            address);
        if (!next.next()) break;
        address = next->string(0);
    }
    return address;
}

std::string Ledger::apply_evidence(const Evidence& evidence, double block_timestamp) {
    const std::string& signer = evidence.first.validator;
    const std::string address = current_address(signer);
    const ValidatorSet::Row* row = validators_.find(address);
    if (!row) return "the evidence is against no validator";
    if (row->status == ValidatorStatus::tombstoned) return "the validator is TOMBSTONED already";
    database_.run(
        "UPDATE slashing_evidence SET processed = 1 WHERE validator_address IN (?1, ?2) AND height = ?3 "
        "AND network_type = ?4",
        signer, address, evidence.first.height, network_);
    if (database_.changes() == 0)
        database_.run(
            "INSERT INTO slashing_evidence (validator_address, evidence_type, block_hash1, block_hash2, "
            "height, timestamp, network_type, processed) VALUES (?1, 'double_sign', ?2, ?3, ?4, ?5, ?6, 1)",
            address, chain::hash_text(evidence.first.hash), chain::hash_text(evidence.second.hash),
            evidence.first.height, block_timestamp, network_);
    validators_.tombstone(address);
    return {};
}

}  // namespace bt2c::node
