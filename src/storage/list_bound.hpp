#pragma once
// How much of one list of a server is taken, whatever the server says.

#include <cstddef>
#include <string_view>

namespace bt2c::storage {

/// S3 knows no longer keys, and no file system longer names.
constexpr std::size_t listed_name_bytes_max = 1024;

/// 400,000 names of ours in `packs` or in all, 100,000 in a folder that has one or two for each backup.
class ListBound {
 public:
    explicit ListBound(std::string_view folder)
        : left_((folder.empty() || folder == "packs" ? 48UL : 12UL) << 20) {}

    /// Counts a name of so many bytes. Why it is one too many; empty when it is not.
    std::string_view refusal(std::size_t name_bytes) {
        if (name_bytes > listed_name_bytes_max) return "it names what is longer than any name";
        const std::size_t cost = entry_bytes + name_bytes;
        if (cost > left_) return "there is no end of what it names";
        left_ -= cost;
        return {};
    }

 private:
    static constexpr std::size_t entry_bytes = 80;  ///< about what one takes beside its name

    std::size_t left_;
};

/// Where other data lies beside ours a list may be that long though the server is honest.
inline constexpr const char* endless_list_hint =
    "does other data lie there too? Then give the location a place of its own there; else do not trust this "
    "server";

}  // namespace bt2c::storage
