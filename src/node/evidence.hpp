#pragma once
// Payloads of transactions of type validator: a rotated key, or two blocks by one validator at one height.

#include <optional>
#include <string>

#include "keys/rotation_record.hpp"
#include "node/block.hpp"

namespace bt2c::node {

/// Two different signed headers; the one with the lower hash comes first.
struct Evidence {
    BlockHeader first, second;
};
std::string evidence_payload(const BlockHeader& one, const BlockHeader& other);

/// Exactly one of them.
struct ValidatorPayload {
    std::optional<keys::RotationRecord> rotation;
    std::optional<Evidence> evidence;
};
/// Reads a payload and proves all of its signatures. Throws Error when anything is wrong with it.
ValidatorPayload parse_payload(std::string_view payload, const std::string& network,
                               const chain::Hash& genesis);

}  // namespace bt2c::node
