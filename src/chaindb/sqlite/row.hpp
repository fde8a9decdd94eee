#pragma once
// One row's values, whoever read them.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bt2c::chaindb::sqlite {

class Statement;

/// The type that a value is stored with.
enum class ValueType : std::uint8_t { null, integer, real, text, blob };

struct Cell {
    ValueType type = ValueType::null;
    union {
        std::int64_t integer = 0;
        double real;
    };
    std::string_view bytes;  ///< of a text or blob
};

/// Columns are numbered from 0. Texts and blobs lie with whoever filled the row, until he goes on. Not
/// thread-safe.
class Row {
 public:
    explicit Row(std::size_t columns) : cells_(columns) {}
    /// The row that the statement is at, all its columns.
    Row(const Statement& statement);

    std::size_t size() const { return cells_.size(); }
    Cell& cell(std::size_t column) { return cells_[column]; }

    ValueType type(std::size_t column) const { return cells_[column].type; }
    bool is_null(std::size_t column) const { return type(column) == ValueType::null; }
    /// Of values of that type only.
    std::int64_t integer(std::size_t column) const { return cells_[column].integer; }
    double real(std::size_t column) const { return cells_[column].real; }
    /// Text as stored; of a blob its bytes; empty for null; a number's digits.
    std::string_view text(std::size_t column) const {
        const Cell& cell = cells_[column];
        return cell.type == ValueType::integer || cell.type == ValueType::real ? digits(column) : cell.bytes;
    }
    std::string string(std::size_t column) const { return std::string(text(column)); }

 private:
    std::string_view digits(std::size_t column) const;

    std::vector<Cell> cells_;
    mutable std::vector<std::string> digits_;  // of numbers that were asked for as texts
};

}  // namespace bt2c::chaindb::sqlite
