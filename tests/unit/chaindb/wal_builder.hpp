#pragma once
// Logs made by hand from the published format, independent of the code under test.

#include <cstdint>

#include "base/bytes.hpp"

namespace bt2c::chaindb::testing {

/// Source: https://www.sqlite.org/fileformat2.html#the_write_ahead_log
class WalBuilder {
 public:
    WalBuilder(std::uint32_t page_size, bool big_endian_checksums, std::uint64_t salts = 0x1122334455667788);
    /// Goes on with a log that is there, whose checksums are sound.
    explicit WalBuilder(base::Bytes log);
    /// `page_count` above 0 ends a commit. The page is filled with `fill`.
    WalBuilder& frame(std::uint32_t page, std::uint32_t page_count, std::uint8_t fill);
    const base::Bytes& log() const { return log_; }
    base::Bytes& log() { return log_; }
    std::uint64_t frame_offset(std::uint32_t frame) const { return 32 + (frame - 1ULL) * (24 + page_size_); }

 private:
    void sum(std::uint64_t offset, std::uint64_t size);
    void put_sum();
    std::uint32_t page_size_;
    bool big_endian_;
    std::uint32_t a_ = 0, b_ = 0;
    base::Bytes log_;
};

}  // namespace bt2c::chaindb::testing
