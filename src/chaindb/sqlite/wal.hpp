#pragma once
// The write-ahead log: which page's newest version stands in which of its frames.

#include <array>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "base/bytes.hpp"
#include "chaindb/page_image.hpp"

namespace bt2c::chaindb::sqlite {

/// Fills `out` from `offset` of a log; fewer bytes than asked only at its end.
using ReadLog = std::function<std::size_t(base::MutableBytes out, std::uint64_t offset)>;

/// A point in a log: the state after frame `frame`, which ends a commit.
struct WalPosition {
    std::array<std::uint8_t, 8> salts{};  ///< of the log's generation, as stored
    std::uint32_t sequence = 0;           ///< checkpoint sequence number of the log's header
    std::uint32_t frame = 0;              ///< frames are numbered from 1
    std::array<std::uint32_t, 2> checksum{};
    bool operator==(const WalPosition&) const = default;
};

/// The pages that a log holds as of one commit.
/// Source: https://www.sqlite.org/fileformat2.html#the_write_ahead_log
class WalMap {
 public:
    struct Entry {
        std::uint32_t page;
        std::uint32_t frame;
    };

    /// Reads the log from frame 1 to its last commit frame at or before `frame_max`. A frame counts
    /// only if its salts are those of the header and the checksum over all from the header on
    /// holds; the first that does not ends the log. Pages above the commit's page count are left
    /// out. nullopt when the header is not valid or no commit stands in the log.
    /// Takes 8 bytes of memory for each frame, and up to 24 while they are collected.
    static std::optional<WalMap> scan(const ReadLog& read,
                                      std::uint32_t frame_max = std::numeric_limits<std::uint32_t>::max());

    /// Page size of the log, page count of the commit.
    ImageShape shape() const { return shape_; }
    const WalPosition& position() const { return position_; }
    /// Those of the `count` pages from `first_page` on that the log holds, in order.
    std::span<const Entry> find(std::uint32_t first_page, std::uint64_t count) const;
    std::size_t size() const { return entries_.size(); }
    /// Where a frame's page begins in the log.
    std::uint64_t page_offset(std::uint32_t frame) const;

 private:
    ImageShape shape_;
    WalPosition position_;
    std::vector<Entry> entries_;  // by page, each page once
};

}  // namespace bt2c::chaindb::sqlite
