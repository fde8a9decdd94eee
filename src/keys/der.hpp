#pragma once
// The little of DER (ITU-T X.690) that RSA keys are written in.

#include <span>

#include "crypto/secret.hpp"

namespace bt2c::keys {

/// SEQUENCE of INTEGERs, each given as a big-endian number without leading zeros.
crypto::SecretBytes encode_integers(std::span<const base::ByteView> numbers);

/// Reads such a sequence of exactly `numbers.size()` non-negative INTEGERs that fills `der`; each points into
/// `der`. False for anything else: longer lengths than needed, negative numbers, bytes left over.
bool decode_integers(base::ByteView der, std::span<base::ByteView> numbers) noexcept;

}  // namespace bt2c::keys
