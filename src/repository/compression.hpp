#pragma once
// zstd (RFC 8878) behind a few functions. Contexts are kept per thread.

#include "base/bytes.hpp"

namespace bt2c::repository {

/// Appends the compressed form of `plain` to `out`. With a `prefix`, what stands in it costs next
/// to nothing, and the same prefix is needed to decompress.
void compress(base::ByteView plain, int level, base::Bytes& out, base::ByteView prefix = {});

/// False when `compressed` is not a frame of exactly out.size() bytes.
[[nodiscard]] bool decompress(base::ByteView compressed, base::MutableBytes out, base::ByteView prefix = {});

/// What is stored of a blob's contents: with its digits packed where that pays, and compressed.
void compress_payload(base::ByteView plain, int level, base::Bytes& out);

/// False when `payload` does not hold just out.size() bytes.
[[nodiscard]] bool decompress_payload(base::ByteView payload, base::MutableBytes out);

}  // namespace bt2c::repository
