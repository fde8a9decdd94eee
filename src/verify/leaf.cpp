#include "verify/leaf.hpp"

#include <algorithm>
#include <cstring>
#include <iterator>

namespace bt2c::verify {

TimeKey::TimeKey(const Row& row, std::size_t column) {
    switch (row.type(column)) {
        case ValueType::null: break;
        case ValueType::integer: *this = of_integer(row.integer(column)); break;
        case ValueType::real: *this = of_real(row.real(column)); break;
        case ValueType::text: set_bytes(Kind::text, row.text(column)); break;
        case ValueType::blob: set_bytes(Kind::blob, row.text(column)); break;
    }
}

TimeKey TimeKey::of_integer(std::int64_t value) {
    TimeKey key;
    key.kind_ = Kind::integer;
    key.integer_ = value;
    return key;
}

TimeKey TimeKey::of_real(double value) {
    TimeKey key;
    key.kind_ = Kind::real;
    key.real_ = value;
    return key;
}

TimeKey TimeKey::of_text(std::string_view value) {
    TimeKey key;
    key.set_bytes(Kind::text, value);
    return key;
}

void TimeKey::set_bytes(Kind kind, std::string_view bytes) {
    kind_ = kind;
    size_ = static_cast<std::uint8_t>(std::min(bytes.size(), text_max));
    std::copy_n(bytes.data(), size_, text_);
}

bool TimeKey::operator<(const TimeKey& other) const {
    if (is_number() && other.is_number()) {
        if (kind_ == Kind::real && other.kind_ == Kind::real) return real_ < other.real_;
        if (kind_ == Kind::integer && other.kind_ == Kind::integer) return integer_ < other.integer_;
        // Wide enough for every 64-bit integer and every double, so that the order is exact.
        using Wide = long double;
        const Wide mine = kind_ == Kind::real ? Wide{real_} : static_cast<Wide>(integer_);
        const Wide theirs = other.kind_ == Kind::real ? Wide{other.real_} : static_cast<Wide>(other.integer_);
        return mine < theirs;
    }
    if (is_number() || other.is_number() || kind_ != other.kind_) return kind_ < other.kind_;
    if (kind_ == Kind::null) return false;
    const int order = std::memcmp(text_, other.text_, std::min(size_, other.size_));
    return order != 0 ? order < 0 : size_ < other.size_;
}

void Gathered::append(Gathered&& other) {
    if (!other.leaves.empty()) {
        in_order = in_order && other.in_order && (leaves.empty() || leaves.back() < other.leaves.front());
        leaves.insert(leaves.end(), other.leaves.begin(), other.leaves.end());
    }
    std::move(other.payments.begin(), other.payments.end(), std::back_inserter(payments));
}

void Gathered::sort() {
    if (!in_order) std::sort(leaves.begin(), leaves.end());
    in_order = true;
}

void Gathered::clear() {
    leaves.clear();
    payments.clear();
    in_order = true;
}

}  // namespace bt2c::verify
