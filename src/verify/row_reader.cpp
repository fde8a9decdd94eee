#include "verify/row_reader.hpp"

#include <algorithm>

#include "base/progress.hpp"
#include "base/text.hpp"

namespace bt2c::verify {

using chaindb::sqlite::Connection;
using chaindb::sqlite::Step;
using chaindb::sqlite::TableCursor;

namespace {

constexpr std::uint64_t rows_per_leaf = 64;
constexpr std::int64_t rowid_max = std::numeric_limits<std::int64_t>::max();

/// from + distance, but not beyond the largest rowid.
std::int64_t ahead(std::int64_t from, std::uint64_t distance) {
    const std::uint64_t room = static_cast<std::uint64_t>(rowid_max) - static_cast<std::uint64_t>(from);
    if (distance >= room) return rowid_max;
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(from) + distance);
}

std::int64_t middle(std::int64_t low, std::int64_t high) {
    const std::uint64_t gap = static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low);
    return ahead(low, gap / 2);
}

std::string list_of(const std::vector<std::string>& columns) {
    std::string list;
    for (const std::string& column : columns) list += (list.empty() ? "" : ", ") + column;
    return list;
}

}  // namespace

// NOT INDEXED keeps the planner off covering indexes, whose order is not that of the rowids.
RowReader::RowReader(Connection& connection, const std::string& table,
                     const std::vector<std::string>& columns)
    : cursor_(TableCursor::open(connection, table, columns)),
      statement_(connection.prepare(
          base::format("SELECT _rowid_, {} FROM {} NOT INDEXED WHERE _rowid_ >= ?1 ORDER BY _rowid_",
                       list_of(columns), table))),
      sql_row_(columns.size() + 1) {}

RowReader::Probe RowReader::check(Step step, std::int64_t at_least) {
    if (step == Step::done) return Probe::none;
    if (step == Step::damaged) return Probe::damaged;
    const std::int64_t rowid = statement_.integer(0);
    if (rowid < at_least) return Probe::damaged;
    rowid_ = rowid;
    statement_.read(sql_row_);
    return Probe::row;
}

RowReader::Probe RowReader::probe(std::int64_t from) {
    statement_.reset();
    statement_.bind(1, from);
    goes_on_by_sql_ = true;
    return check(statement_.step(), from);
}

bool RowReader::seek(std::int64_t rowid) {
    sought_ = rowid;
    if (!cursor_) return seek_by_sql(rowid);
    const Move move = cursor_->seek(rowid);
    return take(move) || (by_sql_ && seek_by_sql(rowid));
}

bool RowReader::take(Move move) {
    by_sql_ = move == Move::unsure;
    goes_on_by_sql_ = false;
    if (by_sql_) sql_until_ = cursor_->unsure_until();
    if (move == Move::row) rowid_ = cursor_->rowid();
    return move == Move::row;
}

bool RowReader::seek_by_sql(std::int64_t rowid) {
    const Probe found = probe(rowid);
    return found == Probe::damaged ? step_over_damage(rowid) : found == Probe::row;
}

bool RowReader::next() {
    if (++steps_ % 1024 == 0) base::throw_if_interrupted();
    if (rowid_ == rowid_max) return false;
    const std::int64_t at_least = rowid_ + 1;
    if (!by_sql_) {
        if (take(cursor_->next())) return true;
        if (!by_sql_) return false;
    }
    const Probe found = goes_on_by_sql_ ? check(statement_.step(), at_least) : go_on_by_sql();
    if (found == Probe::damaged) return step_over_damage(at_least);
    if (found == Probe::row && rowid_ > sql_until_) by_sql_ = !back_to_cursor();
    return found == Probe::row;
}

RowReader::Probe RowReader::go_on_by_sql() {
    const std::int64_t before = rowid_;
    Probe found = sql_until_ == rowid_max ? Probe::damaged : probe(before);
    if (found != Probe::row || rowid_ != before) {
        // In a damaged tree looking a rowid up can pass rows by, which SQLite finds going from page to page.
        sql_until_ = rowid_max;
        found = probe(sought_);
    }
    while (found == Probe::row && rowid_ <= before) found = check(statement_.step(), rowid_ + 1);
    return found;
}

bool RowReader::back_to_cursor() {
    const Move move = cursor_->seek(sql_until_ + 1);
    if (move == Move::row && cursor_->rowid() == rowid_) return true;
    // Where the two disagree something is damaged. Where the cursor is unsure once more, SQLite just goes on.
    sql_until_ = move == Move::unsure ? cursor_->unsure_until() : rowid_max;
    return false;
}

bool RowReader::step_over_damage(std::int64_t from) {
    base::throw_if_interrupted();
    if (damaged_.size() >= damaged_max) {
        damaged_.push_back({from, rowid_max});
        return false;
    }
    // A damaged leaf hides a few rows, found one by one; a damaged inner page hides thousands. Rowids
    // below zero are not in use: where the tree's left edge is damaged, rows begin at zero again.
    std::int64_t bad = std::max<std::int64_t>(from, 0);
    const std::int64_t base = bad;
    std::int64_t good = bad;
    Probe found = Probe::damaged;
    for (std::uint64_t distance = 1; found == Probe::damaged && bad != rowid_max;
         distance = distance < rows_per_leaf ? distance + 1 : distance * 2) {
        good = ahead(base, distance);
        found = probe(good);
        if (found == Probe::damaged) bad = good;
    }
    if (found == Probe::damaged) {
        damaged_.push_back({from, rowid_max});
        return false;
    }
    while (good - bad > 1) {
        const std::int64_t between = middle(bad, good);
        (probe(between) == Probe::damaged ? bad : good) = between;
    }
    found = probe(good);
    if (found == Probe::damaged) {  // a tree that answers differently each time is hopeless
        damaged_.push_back({from, rowid_max});
        return false;
    }
    damaged_.push_back({from, found == Probe::row ? rowid_ - 1 : rowid_max});
    return found == Probe::row;
}

void RowRanges::stop() {
    const std::lock_guard lock(mutex_);
    done_ = true;
}

bool RowRanges::claim(RowReader& reader, std::int64_t& last) {
    const std::lock_guard lock(mutex_);
    if (done_ || !reader.seek(next_)) {
        done_ = true;
        return false;
    }
    last = ahead(reader.rowid(), rowids_per_range_ - 1);
    done_ = last == rowid_max;
    next_ = done_ ? last : last + 1;
    return true;
}

}  // namespace bt2c::verify
