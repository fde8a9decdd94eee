#include "repository/compression.hpp"

#include <zstd.h>

#include <algorithm>
#include <memory>

#include "base/error.hpp"
#include "repository/digit_packing.hpp"

namespace bt2c::repository {
namespace {

struct Free {
    void operator()(ZSTD_CCtx* context) const noexcept { ZSTD_freeCCtx(context); }
    void operator()(ZSTD_DCtx* context) const noexcept { ZSTD_freeDCtx(context); }
};

/// No zstd frame begins so.
constexpr std::uint8_t packed_mark = 1;

}  // namespace

void compress(base::ByteView plain, int level, base::Bytes& out, base::ByteView prefix) {
    thread_local const std::unique_ptr<ZSTD_CCtx, Free> context(ZSTD_createCCtx());
    BT2C_ASSERT(context != nullptr);
    ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, level);
    // The length stands in the pack's directory already.
    ZSTD_CCtx_setParameter(context.get(), ZSTD_c_contentSizeFlag, 0);
    if (!prefix.empty()) ZSTD_CCtx_refPrefix(context.get(), prefix.data(), prefix.size());
    // A buffer that stays: fresh memory of the worst case's size would cost more than the copy.
    thread_local base::Bytes buffer;
    buffer.resize(std::max(buffer.size(), ZSTD_compressBound(plain.size())));
    const std::size_t size =
        ZSTD_compress2(context.get(), buffer.data(), buffer.size(), plain.data(), plain.size());
    BT2C_ASSERT(!ZSTD_isError(size));
    out.insert(out.end(), buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(size));
}

namespace {

/// How many bytes there are, if they are as many as there is room for at most.
std::optional<std::size_t> decompress_some(base::ByteView compressed, base::MutableBytes out,
                                           base::ByteView prefix) {
    thread_local const std::unique_ptr<ZSTD_DCtx, Free> context(ZSTD_createDCtx());
    BT2C_ASSERT(context != nullptr);
    ZSTD_DCtx_reset(context.get(), ZSTD_reset_session_only);
    if (!prefix.empty()) ZSTD_DCtx_refPrefix(context.get(), prefix.data(), prefix.size());
    const std::size_t size =
        ZSTD_decompressDCtx(context.get(), out.data(), out.size(), compressed.data(), compressed.size());
    return ZSTD_isError(size) ? std::nullopt : std::optional(size);
}

}  // namespace

bool decompress(base::ByteView compressed, base::MutableBytes out, base::ByteView prefix) {
    return decompress_some(compressed, out, prefix) == out.size();
}

void compress_payload(base::ByteView plain, int level, base::Bytes& out) {
    const auto packed = pack_digits(plain);
    if (!packed) return compress(plain, level, out);
    out.push_back(packed_mark);
    // Apart, so that what is random is not coded by the same table as what is text.
    compress(packed->text, level, out);
    compress(packed->bytes, level, out);
}

bool decompress_payload(base::ByteView payload, base::MutableBytes out) {
    if (payload.empty() || payload.front() != packed_mark) return decompress(payload, out);
    // What is packed is smaller than what it was made of. The buffer stays, as in compress().
    thread_local base::Bytes buffer;
    buffer.resize(std::max(buffer.size(), out.size()));
    const auto size = decompress_some(payload.subspan(1), base::MutableBytes(buffer).first(out.size()), {});
    return size && unpack_digits(base::ByteView(buffer).first(*size), out);
}

}  // namespace bt2c::repository
