// The parser of write-ahead logs: a log comes from a disk that may be damaged or a file that is hostile.

#include "chaindb/sqlite/wal.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "base/error.hpp"
#include "chaindb/sqlite/file_header.hpp"

namespace {

using namespace bt2c;

/// Writes the checksums that the format asks for, so that what comes behind them is reached too.
void seal(base::Bytes& log) {
    if (log.size() < 32) return;
    log[0] = 0x37, log[1] = 0x7f, log[2] = 0x06, log[3] = 0x82 | (log[3] & 1);
    log[4] = 0x00, log[5] = 0x2d, log[6] = 0xe2, log[7] = 0x18;
    const std::uint32_t page_size = 512U << (log[11] % 8);
    for (std::size_t i = 0; i < 4; ++i) log[8 + i] = static_cast<std::uint8_t>(page_size >> (24 - 8 * i));
    std::uint32_t a = 0, b = 0;
    const auto sum = [&](std::size_t at, std::size_t size) {
        for (const std::size_t end = at + size; at < end; at += 8) {
            const auto word = [&](std::size_t i) {
                return log[3] & 1 ? base::get_be<std::uint32_t>(&log[i])
                                  : base::get_le<std::uint32_t>(&log[i]);
            };
            a += b + word(at);
            b += a + word(at + 4);
        }
    };
    const auto put = [&](std::size_t at) {
        for (std::size_t i = 0; i < 4; ++i) {
            log[at + i] = static_cast<std::uint8_t>(a >> (24 - 8 * i));
            log[at + 4 + i] = static_cast<std::uint8_t>(b >> (24 - 8 * i));
        }
    };
    sum(0, 24);
    put(24);
    for (std::size_t at = 32; at + 24 + page_size <= log.size(); at += 24 + page_size) {
        std::copy_n(&log[16], 8, &log[at + 8]);
        sum(at, 8);
        sum(at + 24, page_size);
        put(at + 16);
    }
}

void check(const base::Bytes& log, std::uint32_t frame_max) {
    const auto read = [&](base::MutableBytes out, std::uint64_t offset) {
        const std::uint64_t begin = std::min<std::uint64_t>(offset, log.size());
        const std::size_t size = std::min<std::size_t>(out.size(), log.size() - begin);
        std::copy_n(log.begin() + static_cast<std::ptrdiff_t>(begin), size, out.begin());
        return size;
    };
    const auto map = chaindb::sqlite::WalMap::scan(read, frame_max);
    if (!map) return;
    BT2C_ASSERT(chaindb::sqlite::is_page_size(map->shape().page_size));
    BT2C_ASSERT(map->shape().page_count > 0 && map->position().frame > 0 &&
                map->position().frame <= frame_max);
    std::uint64_t last_page = 0;
    for (const auto entry : map->find(1, map->shape().page_count)) {
        BT2C_ASSERT(entry.page > last_page && entry.page <= map->shape().page_count);
        BT2C_ASSERT(entry.frame > 0 && entry.frame <= map->position().frame);
        BT2C_ASSERT(map->page_offset(entry.frame) + map->shape().page_size <= log.size());
        last_page = entry.page;
    }
    BT2C_ASSERT(map->find(1, map->shape().page_count).size() == map->size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 1) return 0;
    base::Bytes log(data + 1, data + size);
    const std::uint32_t frame_max = data[0] & 0x80 ? 0xFFFFFFFF : data[0];
    static_cast<void>(chaindb::sqlite::parse_file_header(log));
    check(log, frame_max);
    seal(log);
    check(log, frame_max);
    return 0;
}
