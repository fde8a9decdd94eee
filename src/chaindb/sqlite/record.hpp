#pragma once
// SQLite's record format: how the columns of a row lie in a cell of a page.
// Source: https://www.sqlite.org/fileformat2.html#record_format

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "chaindb/sqlite/row.hpp"

namespace bt2c::chaindb::sqlite {

/// take_varint() of any length.
std::optional<std::uint64_t> take_long_varint(base::ByteView& bytes) noexcept;

/// Takes a varint (1 to 9 bytes) off the front of `bytes`; nullopt, and `bytes` as it was, where it does not
/// end.
inline std::optional<std::uint64_t> take_varint(base::ByteView& bytes) noexcept {
    if (bytes.size() < 2 || (bytes[0] & bytes[1] & 0x80) != 0) return take_long_varint(bytes);
    const bool is_short = bytes[0] < 0x80;
    const std::uint64_t value = is_short ? bytes[0] : std::uint64_t{bytes[0] & 0x7FU} << 7 | bytes[1];
    bytes = bytes.subspan(is_short ? 1 : 2);
    return value;
}

/// Which columns of a table's records go where in a Row.
class RecordPlan {
 public:
    /// The value at `position` of the records (from 0) goes to `column` of the rows.
    /// @param declared_type of the table's column: where it is one for reals, whole numbers are stored as
    /// integers and are reals.
    void want(std::size_t position, std::size_t column, std::string_view declared_type);

    /// Fills those columns of `row` from a whole record. False, and the row's values unspecified, where the
    /// record is too short for them, or not as SQLite writes it.
    bool read(base::ByteView record, Row& row) const;

 private:
    struct Wanted {
        std::size_t column = 0;
        bool wanted = false;
        bool real = false;
    };
    std::vector<Wanted> positions_;  // up to the last one that is wanted
};

}  // namespace bt2c::chaindb::sqlite
