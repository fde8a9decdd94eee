#pragma once
// zstd (RFC 8878) behind two functions. Contexts are kept per thread.

#include "base/bytes.hpp"

namespace bt2c::repository {

/// Appends the compressed form of `plain` to `out`. With a `prefix`, what stands in it costs next
/// to nothing, and the same prefix is needed to decompress.
void compress(base::ByteView plain, int level, base::Bytes& out, base::ByteView prefix = {});

/// False when `compressed` is not a frame of exactly out.size() bytes.
[[nodiscard]] bool decompress(base::ByteView compressed, base::MutableBytes out, base::ByteView prefix = {});

}  // namespace bt2c::repository
