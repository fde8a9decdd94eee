#include "verify/cells.hpp"

#include <cmath>

#include "base/text.hpp"
#include "chain/canonical_json.hpp"

namespace bt2c::verify {

std::string describe_text(std::string_view text) {
    static constexpr std::size_t shown_max = 100;
    if (text.size() <= shown_max) return base::printable(text);
    return base::format("{}... ({} bytes)", base::printable(text.substr(0, shown_max)), text.size());
}

std::string describe_cell(const Row& row, std::size_t column) {
    switch (row.type(column)) {
        case ValueType::null: return "NULL";
        case ValueType::integer: return std::to_string(row.integer(column));
        case ValueType::real: return chain::float_text(row.real(column));
        case ValueType::blob: return base::format("a blob of {} bytes", row.text(column).size());
        case ValueType::text: break;
    }
    const std::string_view text = row.text(column);
    return text.empty() ? "an empty text" : describe_text(text);
}

HashCell read_hash(const Row& row, std::size_t column, chain::Hash& out) {
    const ValueType type = row.type(column);
    if (type == ValueType::null) {
        out = chain::zero_hash;
        return HashCell::missing;
    }
    const std::string_view text = row.text(column);
    if (type == ValueType::text && chain::parse_hash(text, out)) return HashCell::good;
    std::string tagged(1, static_cast<char>('0' + static_cast<int>(type)));
    tagged += text;
    out = crypto::sha256(base::as_bytes(tagged));
    return HashCell::malformed;
}

std::optional<double> read_number(const Row& row, std::size_t column) {
    const ValueType type = row.type(column);
    if (type == ValueType::integer) return static_cast<double>(row.integer(column));
    if (type != ValueType::real || !std::isfinite(row.real(column))) return std::nullopt;
    return row.real(column);
}

bool read_flag(const Row& row, std::size_t column) {
    switch (row.type(column)) {
        case ValueType::integer: return row.integer(column) != 0;
        case ValueType::real: return row.real(column) != 0;
        case ValueType::text: return row.text(column) == "true" || row.text(column) == "1";
        default: return false;
    }
}

bool is_boolean(const Row& row, std::size_t column) {
    if (row.type(column) == ValueType::null) return true;
    return row.type(column) == ValueType::integer && (row.integer(column) == 0 || row.integer(column) == 1);
}

}  // namespace bt2c::verify
