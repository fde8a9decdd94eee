#pragma once
// A secret as SLIP-0039 shares: any K of N words-on-paper give it back, fewer tell nothing.

#include <span>
#include <string_view>
#include <vector>

#include "keys/share.hpp"

namespace bt2c::keys {

struct ShareGroup {
    unsigned threshold = 1;  ///< so many members' shares
    unsigned count = 1;      ///< out of so many; at most 16
};

/// Shares of a secret, for each group its members' in turn.
/// @param secret 16 bytes or more, an even number of them
/// @param passphrase printable ASCII, or empty; another one gives another secret, and nothing tells so
/// Throws Error(usage) for numbers that cannot be.
std::vector<std::vector<crypto::SecretBytes>> make_shares(base::ByteView secret, base::ByteView passphrase,
                                                          unsigned group_threshold,
                                                          std::span<const ShareGroup> groups);

/// The secret out of shares, in any order, more than needed allowed. Throws Error(failed) naming by its place
/// (from 1) the share that is damaged, of another set, doubled, or does not belong to the others; or saying
/// how many more are needed.
crypto::SecretBytes combine_shares(std::span<const std::string_view> shares, base::ByteView passphrase);

}  // namespace bt2c::keys
