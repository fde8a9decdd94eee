#pragma once
// Pages of a chain are mostly digits: hashes and keys in hex, signatures in base64. Held as the bytes that
// they stand for they need fewer bits than an entropy coder gives them among other text, and what is random
// then passes through zstd as it is, which takes half the time of decoding it. The format:
// docs/repository-format.md, "Packed digits".

#include <optional>
#include <vector>

#include "base/bytes.hpp"

namespace bt2c::repository {

/// One behind the other they are the packed form. They stay until the thread's next call.
struct PackedDigits {
    base::ByteView text;   ///< where the runs of digits are, and what stands between them
    base::ByteView bytes;  ///< what the runs stand for
};

/// Finds the runs of digits in `plain`, of at most 4 GiB. nullopt where they are too few to pay.
std::optional<PackedDigits> pack_digits(base::ByteView plain);

/// False, with `plain` of no use, when `packed` is not the packed form of just as many bytes.
[[nodiscard]] bool unpack_digits(base::ByteView packed, base::MutableBytes plain);

struct DigitPacking {
    std::optional<PackedDigits> (*pack)(base::ByteView plain);
    bool (*unpack)(base::ByteView packed, base::MutableBytes plain);
};
/// Those that this processor can, the fastest first; all give the same.
std::vector<DigitPacking> ways_to_pack_digits();

}  // namespace bt2c::repository
