#include "node/proof.hpp"

#include "base/error.hpp"
#include "chain/economics.hpp"
#include "crypto/rsa.hpp"
#include "keys/rsa_key.hpp"
#include "node/evidence.hpp"

namespace bt2c::node {

namespace {

constexpr std::int64_t units_max = static_cast<std::int64_t>(chain::max_supply) * chain::units_per_coin;

std::string amount_fault(const Transaction& transaction) {
    const bool none = transaction.type == "validator";
    if (none ? transaction.units != 0 : transaction.units < 1 || transaction.units > units_max)
        return "the amount is not one that the type allows";
    if (transaction.type == "transfer" ? !keys::is_address(transaction.recipient)
                                       : transaction.recipient != transaction.sender)
        return "the recipient is not one that the type allows";
    return {};
}

std::string payload_fault(const Transaction& transaction, const std::string& network,
                          const chain::Hash& genesis) {
    try {
        const ValidatorPayload payload = parse_payload(transaction.payload, network, genesis);
        if (payload.rotation && transaction.sender != payload.rotation->old_address() &&
            transaction.sender != payload.rotation->new_address())
            return "a rotation is sent by the old or the new key only";
        return {};
    } catch (const base::Error& error) {
        return error.in_full();
    }
}

std::string reward_fault(const Block& block) {
    const BlockHeader& header = block.header;
    const Transaction& reward = block.transactions.back();
    if (reward.type != "reward") return "the last transaction is no reward";
    if (reward.sender != system_sender || reward.recipient != header.validator ||
        reward.timestamp != header.timestamp || reward.nonce != header.height)
        return "the reward is not the block's";
    if (reward.hash != transaction_hash(reward, header.network)) return "the reward's hash is wrong";
    return {};
}

}  // namespace

std::string header_fault(const BlockHeader& header, const std::string& network, const chain::Hash& genesis) {
    if (header.network != network) return "the block belongs to another network";
    if (header.hash != header.own_hash()) return "the block's hash is wrong";
    if (!keys::is_public_key(header.public_key) || keys::address_of(header.public_key) != header.validator)
        return "the block's public key is not its validator's";
    if (!crypto::verify_pkcs1_sha256(header.public_key, base::as_bytes(header.signed_text(genesis)),
                                     header.signature))
        return "the block's signature does not verify";
    return {};
}

std::string transaction_fault(const Transaction& transaction, const std::string& network,
                              const chain::Hash& genesis) {
    if (transaction.type == "reward") return "there is a reward that the block's maker did not earn";
    if (std::string fault = amount_fault(transaction); !fault.empty()) return fault;
    if (transaction.hash != transaction_hash(transaction, network)) return "a transaction's hash is wrong";
    if (!keys::is_public_key(transaction.public_key) ||
        keys::address_of(transaction.public_key) != transaction.sender)
        return "a transaction's public key is not its sender's";
    const std::string text = transaction_signed_text(transaction.hash, network, genesis);
    if (!crypto::verify_pkcs1_sha256(transaction.public_key, base::as_bytes(text), transaction.signature))
        return "a transaction's signature does not verify";
    if (transaction.type == "validator") return payload_fault(transaction, network, genesis);
    return {};
}

std::string block_fault(const Block& block, const std::string& network, const chain::Hash& genesis) {
    if (std::string fault = header_fault(block.header, network, genesis); !fault.empty()) return fault;
    const std::vector<Transaction>& transactions = block.transactions;
    if (transactions.empty()) return "the block has no reward";
    if (transactions.size() > transactions_max) return "the block has too many transactions";
    if (std::string fault = reward_fault(block); !fault.empty()) return fault;
    if (merkle_root_of(transactions) != block.header.merkle_root) return "the Merkle root is wrong";
    for (std::size_t i = 0; i + 1 < transactions.size(); ++i) {
        if (i > 0 && !comes_before(transactions[i - 1], transactions[i]))
            return "the transactions are not in order";
        if (std::string fault = transaction_fault(transactions[i], network, genesis); !fault.empty())
            return fault;
    }
    return {};
}

}  // namespace bt2c::node
