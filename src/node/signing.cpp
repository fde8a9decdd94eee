#include "node/signing.hpp"

namespace bt2c::node {

void sign_transaction(Transaction& transaction, const std::string& network, const chain::Hash& genesis,
                      const keys::Signer& signer) {
    transaction.public_key = signer.public_key;
    transaction.sender = keys::address_of(signer.public_key);
    if (transaction.recipient.empty()) transaction.recipient = transaction.sender;
    transaction.hash = transaction_hash(transaction, network);
    transaction.signature =
        signer.sign(base::as_bytes(transaction_signed_text(transaction.hash, network, genesis)));
}

void sign_header(BlockHeader& header, const chain::Hash& genesis, const keys::Signer& signer) {
    header.public_key = signer.public_key;
    header.signature = signer.sign(base::as_bytes(header.signed_text(genesis)));
}

}  // namespace bt2c::node
