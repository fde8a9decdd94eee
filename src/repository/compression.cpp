#include "repository/compression.hpp"

#include <zstd.h>

#include <algorithm>
#include <memory>

#include "base/error.hpp"

namespace bt2c::repository {
namespace {

struct Free {
    void operator()(ZSTD_CCtx* context) const noexcept { ZSTD_freeCCtx(context); }
    void operator()(ZSTD_DCtx* context) const noexcept { ZSTD_freeDCtx(context); }
};

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

bool decompress(base::ByteView compressed, base::MutableBytes out, base::ByteView prefix) {
    thread_local const std::unique_ptr<ZSTD_DCtx, Free> context(ZSTD_createDCtx());
    BT2C_ASSERT(context != nullptr);
    ZSTD_DCtx_reset(context.get(), ZSTD_reset_session_only);
    if (!prefix.empty()) ZSTD_DCtx_refPrefix(context.get(), prefix.data(), prefix.size());
    const std::size_t size =
        ZSTD_decompressDCtx(context.get(), out.data(), out.size(), compressed.data(), compressed.size());
    return !ZSTD_isError(size) && size == out.size();
}

}  // namespace bt2c::repository
