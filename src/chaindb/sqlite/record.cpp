#include "chaindb/sqlite/record.hpp"

#include <algorithm>
#include <bit>
#include <cctype>
#include <cmath>
#include <initializer_list>
#include <string>

namespace bt2c::chaindb::sqlite {
namespace {

/// Whether numbers of that column are reals. Source:
/// https://www.sqlite.org/datatype3.html#determination_of_column_affinity
bool is_for_reals(std::string_view declared_type) {
    std::string type(declared_type);
    std::ranges::transform(type, type.begin(), [](unsigned char c) { return std::toupper(c); });
    const auto names = [&](std::initializer_list<const char*> words) {
        return std::ranges::any_of(words,
                                   [&](const char* word) { return type.find(word) != std::string::npos; });
    };
    return names({"REAL", "FLOA", "DOUB"}) && !names({"INT", "CHAR", "CLOB", "TEXT", "BLOB"});
}

std::int64_t big_endian(base::ByteView bytes) {
    std::uint64_t value = bytes[0] & 0x80 ? ~std::uint64_t{0} : 0;
    for (const std::uint8_t byte : bytes) value = value << 8 | byte;
    return static_cast<std::int64_t>(value);
}

enum Serial : std::uint64_t {
    null,
    integer_1,
    integer_6 = 5,
    integer_8 = 6,
    real,
    zero,
    one,
    reserved,
    first_bytes = 12
};

std::uint64_t size_of(std::uint64_t serial) {
    static constexpr std::uint8_t sizes[first_bytes] = {0, 1, 2, 3, 4, 6, 8, 8, 0, 0, 0, 0};
    return serial < first_bytes ? sizes[serial] : (serial - first_bytes) / 2;
}

Cell value_of(std::uint64_t serial, base::ByteView bytes) {
    Cell cell;
    if (serial >= first_bytes) {
        cell.type = serial % 2 == 0 ? ValueType::blob : ValueType::text;
        cell.bytes = {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
    } else if (serial == real) {
        const auto value = std::bit_cast<double>(big_endian(bytes));
        if (std::isnan(value)) return cell;  // SQLite has none: it reads NULL
        cell.type = ValueType::real;
        cell.real = value;
    } else if (serial != null) {
        cell.type = ValueType::integer;
        cell.integer = serial == zero ? 0 : serial == one ? 1 : big_endian(bytes);
    }
    return cell;
}

}  // namespace

std::optional<std::uint64_t> take_long_varint(base::ByteView& bytes) noexcept {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < std::min<std::size_t>(bytes.size(), 9); ++i) {
        const std::uint8_t byte = bytes[i];
        if (i == 8 || byte < 0x80) {
            value = i == 8 ? value << 8 | byte : value << 7 | byte;
            bytes = bytes.subspan(i + 1);
            return value;
        }
        value = value << 7 | (byte & 0x7F);
    }
    return std::nullopt;
}

void RecordPlan::want(std::size_t position, std::size_t column, std::string_view declared_type) {
    positions_.resize(std::max(positions_.size(), position + 1));
    positions_[position] = {column, true, is_for_reals(declared_type)};
}

bool RecordPlan::read(base::ByteView record, Row& row) const {
    base::ByteView header = record;
    const auto header_bytes = take_varint(header);
    if (!header_bytes || *header_bytes > record.size()) return false;
    const std::size_t length_bytes = record.size() - header.size();
    if (*header_bytes < length_bytes) return false;
    header = header.first(*header_bytes - length_bytes);
    base::ByteView values = record.subspan(*header_bytes);
    for (const Wanted& position : positions_) {
        const auto serial = take_varint(header);
        if (!serial || *serial == reserved || *serial == reserved + 1) return false;
        const std::uint64_t size = size_of(*serial);
        if (size > values.size()) return false;
        if (position.wanted) {
            Cell& cell = row.cell(position.column);
            cell = value_of(*serial, values.first(size));
            if (position.real && cell.type == ValueType::integer) {
                cell.real = static_cast<double>(cell.integer);
                cell.type = ValueType::real;
            }
        }
        values = values.subspan(size);
    }
    return !header.empty() || values.empty();
}

}  // namespace bt2c::chaindb::sqlite
