#pragma once
// How transactions and blocks get their signatures.

#include <string>

#include "keys/rotation_record.hpp"
#include "node/block.hpp"

namespace bt2c::node {

/// Fills in sender, hash, public key and signature. An empty recipient becomes the sender: so it must be in
/// all types but transfer.
void sign_transaction(Transaction& transaction, const std::string& network, const chain::Hash& genesis,
                      const keys::Signer& signer);
/// Fills in public key and signature; the rest must be there.
void sign_header(BlockHeader& header, const chain::Hash& genesis, const keys::Signer& signer);

}  // namespace bt2c::node
