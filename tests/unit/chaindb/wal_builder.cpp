#include "wal_builder.hpp"

#include <utility>

namespace bt2c::chaindb::testing {
namespace {

void put_be(base::Bytes& out, std::uint32_t value) {
    for (const int shift : {24, 16, 8, 0}) out.push_back(static_cast<std::uint8_t>(value >> shift));
}

}  // namespace

WalBuilder::WalBuilder(std::uint32_t page_size, bool big_endian_checksums, std::uint64_t salts)
    : page_size_(page_size), big_endian_(big_endian_checksums) {
    put_be(log_, big_endian_ ? 0x377f0683 : 0x377f0682);
    put_be(log_, 3007000);
    put_be(log_, page_size);
    put_be(log_, 7);  // checkpoint sequence
    put_be(log_, static_cast<std::uint32_t>(salts >> 32));
    put_be(log_, static_cast<std::uint32_t>(salts));
    sum(0, 24);
    put_sum();
}

WalBuilder::WalBuilder(base::Bytes log)
    : page_size_(base::get_be<std::uint32_t>(&log[8])), big_endian_(log[3] & 1), log_(std::move(log)) {
    sum(0, 24);
    for (std::uint64_t at = 32; at < log_.size(); at += 24 + page_size_) {
        sum(at, 8);
        sum(at + 24, page_size_);
    }
}

WalBuilder& WalBuilder::frame(std::uint32_t page, std::uint32_t page_count, std::uint8_t fill) {
    const std::uint64_t at = log_.size();
    put_be(log_, page);
    put_be(log_, page_count);
    for (std::size_t i = 16; i < 24; ++i) log_.push_back(log_[i]);
    log_.resize(log_.size() + 8);
    log_.resize(log_.size() + page_size_, fill);
    sum(at, 8);
    sum(at + 24, page_size_);
    base::Bytes tail(log_.begin() + static_cast<std::ptrdiff_t>(at) + 24, log_.end());
    log_.resize(at + 16);
    put_sum();
    log_.insert(log_.end(), tail.begin(), tail.end());
    return *this;
}

void WalBuilder::sum(std::uint64_t offset, std::uint64_t size) {
    for (std::uint64_t at = offset; at < offset + size; at += 8) {
        const std::uint8_t* word = &log_[at];
        a_ += b_ + (big_endian_ ? base::get_be<std::uint32_t>(word) : base::get_le<std::uint32_t>(word));
        b_ += a_ +
              (big_endian_ ? base::get_be<std::uint32_t>(word + 4) : base::get_le<std::uint32_t>(word + 4));
    }
}

void WalBuilder::put_sum() {
    put_be(log_, a_);
    put_be(log_, b_);
}

}  // namespace bt2c::chaindb::testing
