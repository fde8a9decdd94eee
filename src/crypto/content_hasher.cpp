#include <algorithm>

#include "base/error.hpp"
#include "crypto/hash.hpp"
#include "crypto/multi_buffer.hpp"

#ifdef BT2C_MULTI_BUFFER
#include <intel-ipsec-mb.h>
#endif

namespace bt2c::crypto {

namespace {

constexpr std::size_t key_bytes = 64;

#ifdef BT2C_MULTI_BUFFER

/// The library takes no messages of 64 KiB and more.
constexpr std::size_t side_by_side_bytes_max = 32 << 10;

/// The state of SHA-256 after the key's block, with each byte of the key changed by `pad` (FIPS 198-1, table
/// 1).
SecretBytes state_after(IMB_MGR* with, const SecretBytes& key, std::uint8_t pad) {
    SecretBytes block = key.copy();
    for (std::uint8_t& byte : block.bytes()) byte ^= pad;
    SecretBytes state(32);
    IMB_SHA256_ONE_BLOCK(with, block.data(), state.data());
    return state;
}

#endif

}  // namespace

struct ContentHasher::Keyed {
    SecretBytes key;
#ifdef BT2C_MULTI_BUFFER
    SecretBytes inner, outer;  ///< empty where the library cannot be used
#endif
};

ContentHasher::ContentHasher(const SecretBytes& key) : keyed_(new Keyed{}) {
    BT2C_ASSERT(key.size() == key_bytes);
    keyed_->key = key.copy();
#ifdef BT2C_MULTI_BUFFER
    if (IMB_MGR* with = multi_buffer()) {
        keyed_->inner = state_after(with, key, 0x36);
        keyed_->outer = state_after(with, key, 0x5c);
    }
#endif
}
ContentHasher::~ContentHasher() = default;
ContentHasher::ContentHasher(ContentHasher&&) noexcept = default;

ContentId ContentHasher::operator()(base::ByteView content) const {
    const Digest digest = hmac_sha256(keyed_->key.view(), content);
    ContentId id;
    std::copy_n(digest.begin(), id.size(), id.begin());
    return id;
}

std::vector<ContentId> ContentHasher::of_pieces(base::ByteView contents, std::size_t piece_bytes) const {
    BT2C_ASSERT(piece_bytes > 0);
    std::vector<ContentId> ids((contents.size() + piece_bytes - 1) / piece_bytes);
    const auto piece = [&](std::size_t i) {
        const std::size_t at = i * piece_bytes;
        return contents.subspan(at, std::min(piece_bytes, contents.size() - at));
    };
#ifdef BT2C_MULTI_BUFFER
    IMB_MGR* const with = multi_buffer();
    if (with && !keyed_->inner.empty() && piece_bytes <= side_by_side_bytes_max) {
        std::size_t done = 0;
        const auto finish = [&](const IMB_JOB* job) {
            if (!job) return false;
            BT2C_ASSERT(job->status == IMB_STATUS_COMPLETED);
            ++done;
            return true;
        };
        for (std::size_t i = 0; i < ids.size(); ++i) {
            IMB_JOB* job = IMB_GET_NEXT_JOB(with);
            *job = IMB_JOB{};
            job->cipher_mode = IMB_CIPHER_NULL;
            job->cipher_direction = IMB_DIR_ENCRYPT;
            job->chain_order = IMB_ORDER_HASH_CIPHER;
            job->hash_alg = IMB_AUTH_HMAC_SHA_256;
            job->src = piece(i).data();
            job->msg_len_to_hash_in_bytes = piece(i).size();
            job->auth_tag_output = ids[i].data();
            job->auth_tag_output_len_in_bytes = ids[i].size();
            job->u.HMAC._hashed_auth_key_xor_ipad = keyed_->inner.data();
            job->u.HMAC._hashed_auth_key_xor_opad = keyed_->outer.data();
            for (const IMB_JOB* ready = IMB_SUBMIT_JOB(with); finish(ready);)
                ready = IMB_GET_COMPLETED_JOB(with);
        }
        while (finish(IMB_FLUSH_JOB(with))) {
        }
        BT2C_ASSERT(done == ids.size());
        return ids;
    }
#endif
    for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = (*this)(piece(i));
    return ids;
}

}  // namespace bt2c::crypto
