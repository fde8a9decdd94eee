#include "verify/row_reader.hpp"

#include <algorithm>

#include "base/progress.hpp"
#include "base/text.hpp"

namespace bt2c::verify {

using chaindb::sqlite::Connection;
using chaindb::sqlite::Statement;
using chaindb::sqlite::Step;

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

}  // namespace

// NOT INDEXED keeps the planner off covering indexes, whose order is not that of the rowids.
RowReader::RowReader(Connection& connection, const std::string& table, const std::string& columns)
    : statement_(connection.prepare(base::format(
          "SELECT _rowid_, {} FROM {} NOT INDEXED WHERE _rowid_ >= ?1 ORDER BY _rowid_", columns, table))) {}

RowReader::Probe RowReader::check(Step step, std::int64_t at_least) {
    if (step == Step::done) return Probe::none;
    if (step == Step::damaged) return Probe::damaged;
    const std::int64_t rowid = statement_.integer(0);
    if (rowid < at_least) return Probe::damaged;
    rowid_ = rowid;
    return Probe::row;
}

RowReader::Probe RowReader::probe(std::int64_t from) {
    statement_.reset();
    statement_.bind(1, from);
    return check(statement_.step(), from);
}

bool RowReader::seek(std::int64_t rowid) {
    const Probe found = probe(rowid);
    return found == Probe::damaged ? step_over_damage(rowid) : found == Probe::row;
}

bool RowReader::next() {
    if (++steps_ % 1024 == 0) base::throw_if_interrupted();
    if (rowid_ == rowid_max) return false;
    const std::int64_t at_least = rowid_ + 1;
    const Probe found = check(statement_.step(), at_least);
    return found == Probe::damaged ? step_over_damage(at_least) : found == Probe::row;
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
