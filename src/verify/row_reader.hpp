#pragma once
// Reading a table front to back by several threads, stepping over what is damaged.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <mutex>
#include <string>
#include <vector>

#include "chaindb/sqlite/connection.hpp"

namespace bt2c::verify {

/// Rowids that could not be read, both ends included.
struct DamagedRange {
    std::int64_t first = 0;
    std::int64_t last = 0;
};

/// Reads rows in the order of their rowids. After damage it looks for the next readable row: rowid
/// by rowid, then ahead in growing jumps and back by halves. That is about 200 seeks for each
/// damaged place, and at most `damaged_max` places.
class RowReader {
 public:
    /// Selects the rowid as column 0 and `columns` (SQL) as 1 and so on. Throws Error when the
    /// table cannot be read that way.
    RowReader(chaindb::sqlite::Connection& connection, const std::string& table, const std::string& columns);

    /// To the first readable row at `rowid` or after it; false when there is none.
    bool seek(std::int64_t rowid);
    /// To the next readable row; false at the end.
    bool next();
    std::int64_t rowid() const { return rowid_; }
    const chaindb::sqlite::Statement& row() const { return statement_; }

    const std::vector<DamagedRange>& damaged() const { return damaged_; }

 private:
    static constexpr std::size_t damaged_max = 1000;
    enum class Probe { row, none, damaged };
    Probe probe(std::int64_t from);
    /// Judges a step: rows must come in rising order, or the tree is not sound.
    Probe check(chaindb::sqlite::Step step, std::int64_t at_least);
    bool step_over_damage(std::int64_t from);

    chaindb::sqlite::Statement statement_;
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
