#include "chaindb/sqlite/wal.hpp"

#include <algorithm>

#include "chaindb/sqlite/file_header.hpp"

namespace bt2c::chaindb::sqlite {
namespace {

using base::ByteView;
using base::get_be;
using base::get_le;

constexpr std::size_t header_size = 32;
constexpr std::size_t frame_header_size = 24;

class Checksum {
 public:
    explicit Checksum(bool big_endian) : big_endian_(big_endian) {}
    /// `bytes` is a multiple of 8 long.
    void add(ByteView bytes) noexcept { big_endian_ ? add<true>(bytes) : add<false>(bytes); }
    bool stored_at(const std::uint8_t* at) const noexcept {
        return get_be<std::uint32_t>(at) == sum_[0] && get_be<std::uint32_t>(at + 4) == sum_[1];
    }
    const std::array<std::uint32_t, 2>& sum() const noexcept { return sum_; }

 private:
    template <bool big_endian>
    void add(ByteView bytes) noexcept {
        std::uint32_t a = sum_[0];
        std::uint32_t b = sum_[1];
        for (const std::uint8_t *at = bytes.data(), *end = at + bytes.size(); at != end; at += 8) {
            a += b + (big_endian ? get_be<std::uint32_t>(at) : get_le<std::uint32_t>(at));
            b += a + (big_endian ? get_be<std::uint32_t>(at + 4) : get_le<std::uint32_t>(at + 4));
        }
        sum_ = {a, b};
    }

    bool big_endian_;
    std::array<std::uint32_t, 2> sum_{};
};

}  // namespace

std::optional<WalMap> WalMap::scan(const ReadLog& read, std::uint32_t frame_max) {
    std::array<std::uint8_t, header_size> header{};
    if (read(header, 0) != header.size()) return std::nullopt;
    const auto magic = get_be<std::uint32_t>(&header[0]);
    WalMap map;
    map.shape_.page_size = get_be<std::uint32_t>(&header[8]);
    if ((magic & ~1U) != 0x377f0682 || get_be<std::uint32_t>(&header[4]) != 3007000 ||
        !is_page_size(map.shape_.page_size))
        return std::nullopt;
    Checksum checksum(magic & 1U);
    checksum.add(ByteView(header).first(24));
    if (!checksum.stored_at(&header[24])) return std::nullopt;
    map.position_.sequence = get_be<std::uint32_t>(&header[12]);
    std::copy_n(&header[16], 8, map.position_.salts.begin());

    const std::size_t frame_size = frame_header_size + map.shape_.page_size;
    base::Bytes batch(std::max<std::size_t>(1, (std::size_t{1} << 19) / frame_size) * frame_size);
    std::vector<Entry>& entries = map.entries_;
    std::uint64_t offset = header_size;
    for (bool more = true; more;) {
        const std::size_t frames = read(batch, offset) / frame_size;
        more = frames * frame_size == batch.size();
        offset += batch.size();
        for (std::size_t i = 0; i < frames; ++i) {
            const ByteView frame = ByteView(batch).subspan(i * frame_size, frame_size);
            const auto page = get_be<std::uint32_t>(&frame[0]);
            checksum.add(frame.first(8));
            checksum.add(frame.subspan(frame_header_size));
            const bool valid = entries.size() < frame_max && page != 0 && checksum.stored_at(&frame[16]) &&
                               std::equal(map.position_.salts.begin(), map.position_.salts.end(), &frame[8]);
            if (!valid) {
                more = false;
                break;
            }
            entries.push_back({page, static_cast<std::uint32_t>(entries.size() + 1)});
            const auto page_count = get_be<std::uint32_t>(&frame[4]);
            if (page_count == 0) continue;
            map.shape_.page_count = page_count;
            map.position_.frame = entries.back().frame;
            map.position_.checksum = checksum.sum();
        }
    }
    if (map.position_.frame == 0) return std::nullopt;

    entries.resize(map.position_.frame);
    std::erase_if(entries, [&](const Entry& entry) { return entry.page > map.shape_.page_count; });
    // Newest first within a page, so that unique() keeps the newest.
    std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
        return a.page != b.page ? a.page < b.page : a.frame > b.frame;
    });
    entries.erase(std::unique(entries.begin(), entries.end(),
                              [](const Entry& a, const Entry& b) { return a.page == b.page; }),
                  entries.end());
    return map;
}

std::span<const WalMap::Entry> WalMap::find(std::uint32_t first_page, std::uint64_t count) const {
    const auto before = [](const Entry& entry, std::uint64_t page) { return entry.page < page; };
    const auto begin = std::lower_bound(entries_.begin(), entries_.end(), std::uint64_t{first_page}, before);
    const auto end = std::lower_bound(begin, entries_.end(), first_page + count, before);
    return {begin, end};
}

std::uint64_t WalMap::page_offset(std::uint32_t frame) const {
    return header_size + (frame - 1ULL) * (frame_header_size + shape_.page_size) + frame_header_size;
}

}  // namespace bt2c::chaindb::sqlite
