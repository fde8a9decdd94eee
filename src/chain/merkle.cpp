#include "chain/merkle.hpp"

#include <cstddef>
#include <string>

namespace bt2c::chain {

Hash merkle_root_in_place(std::vector<Hash>& leaves) {
    if (leaves.empty()) return zero_hash;
    std::size_t width = leaves.size();
    do {
        if (width % 2 != 0) {
            leaves.resize(width + 1);
            leaves[width] = leaves[width - 1];
            ++width;
        }
        crypto::sha3_256_of_pairs(std::span(leaves).first(width));
        width /= 2;
    } while (width > 1);
    return leaves[0];
}

Hash merkle_root(std::span<const Hash> leaves) {
    std::vector<Hash> copy(leaves.begin(), leaves.end());
    return merkle_root_in_place(copy);
}

Hash direct_merkle_root(std::span<const Hash> leaves) {
    std::string texts;
    for (const Hash& leaf : leaves) texts += hash_text(leaf);
    return crypto::sha256(base::as_bytes(texts));
}

}  // namespace bt2c::chain
