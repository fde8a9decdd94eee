#pragma once
// Reading a table front to back by several threads, stepping over what is damaged.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "chaindb/sqlite/connection.hpp"
#include "chaindb/sqlite/table_cursor.hpp"

namespace bt2c::verify {

/// Rowids that could not be read, both ends included.
struct DamagedRange {
    std::int64_t first = 0;
    std::int64_t last = 0;
};

/// Reads rows in the order of their rowids: plain ones straight from the table's pages, all others through
/// SQLite, which decides wherever something is odd. After damage it looks for the next readable row: rowid by
/// rowid, then ahead in growing jumps and back by halves. That is about 200 seeks for each damaged place, and
/// at most `damaged_max` places.
class RowReader {
 public:
    /// Rows have the rowid as column 0 and `columns` as 1 and so on; one named NULL is null. Throws Error
    /// when the table cannot be read that way. Not longer than the connection.
    RowReader(chaindb::sqlite::Connection& connection, const std::string& table,
              const std::vector<std::string>& columns);

    /// To the first readable row at `rowid` or after it; false when there is none.
    bool seek(std::int64_t rowid);
    /// To the next readable row; false at the end.
    bool next();
    std::int64_t rowid() const { return rowid_; }
    /// Valid until the next move.
    const chaindb::sqlite::Row& row() const { return by_sql_ ? sql_row_ : cursor_->row(); }

    const std::vector<DamagedRange>& damaged() const { return damaged_; }

 private:
    static constexpr std::size_t damaged_max = 1000;
    enum class Probe { row, none, damaged };
    using Move = chaindb::sqlite::TableCursor::Move;
    /// Whether the cursor is at a row; where it is unsure SQLite's turn has come.
    bool take(Move move);
    bool seek_by_sql(std::int64_t rowid);
    /// To the row after the current one, which the cursor read.
    Probe go_on_by_sql();
    /// Whether SQLite's row is the one that the cursor goes on with; it does from there.
    bool back_to_cursor();
    Probe probe(std::int64_t from);
    /// Judges a step: rows must come in rising order, or the tree is not sound.
    Probe check(chaindb::sqlite::Step step, std::int64_t at_least);
    bool step_over_damage(std::int64_t from);

    std::optional<chaindb::sqlite::TableCursor> cursor_;
    chaindb::sqlite::Statement statement_;
    chaindb::sqlite::Row sql_row_;
    bool by_sql_ = true;
    bool goes_on_by_sql_ = false;  // the statement is at the current row
    std::int64_t sought_ = 0;      // where the last seek began
    std::int64_t sql_until_ = std::numeric_limits<std::int64_t>::max();  // the cursor may go on behind it
    std::int64_t rowid_ = 0;
    std::vector<DamagedRange> damaged_;
    std::uint64_t steps_ = 0;
};

/// Shares one table out among threads in ranges of rowids.
class RowRanges {
 public:
    explicit RowRanges(std::size_t rowids_per_range)
        : rowids_per_range_(std::max<std::size_t>(rowids_per_range, 1)) {}

    /// Brings the caller's reader to the first row of the next range; false when all are taken.
    /// `last` is the range's last rowid.
    bool claim(RowReader& reader, std::int64_t& last);
    /// No more ranges are handed out.
    void stop();

 private:
    std::uint64_t rowids_per_range_;
    std::mutex mutex_;
    std::int64_t next_ = std::numeric_limits<std::int64_t>::min();
    bool done_ = false;
};

/// Reads all rows of the table that `ranges` shares out to the caller: on_row(row, rowid), and
/// after each range on_range(rows).
template <typename OnRow, typename OnRange>
void read_shared(RowReader& reader, RowRanges& ranges, OnRow&& on_row, OnRange&& on_range) {
    for (std::int64_t last = 0; ranges.claim(reader, last);) {
        std::uint64_t rows = 0;
        do {
            on_row(reader.row(), reader.rowid());
            ++rows;
        } while (reader.rowid() < last && reader.next() && reader.rowid() <= last);
        on_range(rows);
    }
}

}  // namespace bt2c::verify
