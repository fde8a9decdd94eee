#include "chaindb/sqlite/table_cursor.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace bt2c::chaindb::sqlite {
namespace {

constexpr std::int64_t rowid_min = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t rowid_max = std::numeric_limits<std::int64_t>::max();

constexpr std::uint8_t inner_type = 0x05, leaf_type = 0x0D;
constexpr std::size_t inner_header_bytes = 12, leaf_header_bytes = 8;
/// SQLite's own limit.
constexpr std::size_t depth_max = 20;

/// Has the ends of a cell of that length, where the columns that are asked for mostly are, on their way from
/// memory: a twentieth of a restore's time. A call of it would be taken for one without effect, and left out.
[[gnu::always_inline]] inline void fetch_ends(base::ByteView cell, std::size_t bytes) {
    constexpr std::size_t cache_line_bytes = 64, front_bytes = 256, back_bytes = 192;
    const std::size_t end = std::min(bytes, cell.size());
    for (std::size_t at = 0; at < end; at += cache_line_bytes)
        if (at < front_bytes || at + back_bytes > end) __builtin_prefetch(cell.data() + at);
}

/// What of the schema is needed; nullopt where the table's records do not hold just its columns, one by one.
struct Layout {
    std::uint32_t root = 0;
    RecordPlan plan;
};

bool same_name(std::string_view a, std::string_view b) {
    const auto upper = [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; };
    return std::ranges::equal(a, b, [&](char x, char y) { return upper(x) == upper(y); });
}

std::optional<Layout> layout_of(Connection& connection, const std::string& table,
                                const std::vector<std::string>& columns) {
    Layout layout;
    auto root = connection.try_prepare(
        "SELECT rootpage FROM sqlite_master WHERE type = 'table' AND name = ?1 COLLATE NOCASE");
    if (!root || root->bind(1, table).step() != Step::row) return std::nullopt;
    layout.root = static_cast<std::uint32_t>(root->integer(0));
    if (layout.root < 2 || root->step() != Step::done) return std::nullopt;

    auto info = connection.try_prepare("SELECT cid, name, type, pk, hidden FROM pragma_table_xinfo(?1)");
    if (!info) return std::nullopt;
    info->bind(1, table);
    std::size_t found = 0;
    Step step = info->step();
    for (std::size_t position = 0; step == Step::row; ++position, step = info->step()) {
        // Generated columns are not all stored.
        if (static_cast<std::size_t>(info->integer(0)) != position || info->integer(4) != 0)
            return std::nullopt;
        const auto wanted =
            std::ranges::find_if(columns, [&](const auto& name) { return same_name(name, info->text(1)); });
        if (wanted == columns.end()) continue;
        // Such a column is the rowid, and not in the record.
        if (info->integer(3) != 0 && same_name(info->text(2), "INTEGER")) return std::nullopt;
        layout.plan.want(position, static_cast<std::size_t>(wanted - columns.begin()) + 1, info->text(2));
        ++found;
    }
    const auto absent = static_cast<std::size_t>(std::ranges::count(columns, "NULL"));
    if (step != Step::done || found + absent != columns.size()) return std::nullopt;
    return layout;
}

}  // namespace

std::optional<TableCursor> TableCursor::open(Connection& connection, const std::string& table,
                                             const std::vector<std::string>& columns) {
    auto pages = ImagePages::of(connection.handle());
    if (!pages) return std::nullopt;
    const base::ByteView header = pages->page(1);
    if (header.size() < 100) return std::nullopt;
    // 1 stands for 65536, which two bytes cannot hold.
    const std::uint32_t stored_size = base::get_be<std::uint16_t>(header.data() + 16);
    if ((stored_size == 1 ? 65536 : stored_size) != pages->page_size()) return std::nullopt;
    const std::uint32_t reserved_bytes = header[20];
    const auto encoding = base::get_be<std::uint32_t>(header.data() + 56);
    static constexpr std::uint32_t utf8 = 1;
    if (encoding != utf8 || pages->page_size() < reserved_bytes + 480) return std::nullopt;
    auto layout = layout_of(connection, table, columns);
    if (!layout) return std::nullopt;
    const std::uint32_t usable_bytes = pages->page_size() - reserved_bytes;
    return TableCursor(std::move(*pages), usable_bytes, layout->root, std::move(layout->plan),
                       columns.size() + 1);
}

TableCursor::TableCursor(ImagePages pages, std::uint32_t usable_bytes, std::uint32_t root, RecordPlan plan,
                         std::size_t columns)
    : pages_(std::move(pages)),
      usable_bytes_(usable_bytes),
      root_(root),
      plan_(std::move(plan)),
      row_(columns) {}

TableCursor::Move TableCursor::seek(std::int64_t rowid) {
    depth_ = 0;
    return descend({root_, {rowid_min, rowid_max}}, rowid);
}

TableCursor::Move TableCursor::next() {
    return ++index_ < cells_ ? read_row() : next_leaf();
}

TableCursor::Move TableCursor::unsure(std::int64_t until) {
    unsure_until_ = until;
    return Move::unsure;
}

TableCursor::Move TableCursor::descend(Child child, std::int64_t rowid) {
    for (;;) {
        if (depth_ == path_.size()) path_.emplace_back();
        Inner& inner = path_[depth_];
        const base::ByteView page =
            inner.number == child.number ? base::ByteView(inner.page) : pages_.page(child.number);
        if (page.empty()) return unsure(rowid_max);
        if (page[0] == leaf_type) {
            leaf_ = page;
            break;
        }
        if (page[0] != inner_type || depth_ + 1 == depth_max) return unsure(rowid_max);
        if (inner.number != child.number) {
            inner.page.assign(page.begin(), page.end());
            inner.number = child.number;
        }
        inner.range = child.range;
        if (!take_inner(inner, rowid)) return unsure(rowid_max);
        const auto below = child_of(inner);
        if (!below) return unsure(rowid_max);
        child = *below;
        ++depth_;
    }
    leaf_range_ = child.range;
    cells_ = base::get_be<std::uint16_t>(leaf_.data() + 3);
    // Only a table's root may be empty.
    if (cells_ == 0) return depth_ == 0 ? Move::end : unsure(rowid_max);
    for (index_ = 0; index_ < cells_; ++index_) {
        const auto cell = leaf_cell(index_);
        if (!cell) return unsure(rowid_max);
        if (cell->rowid >= rowid) return read_row();
        leaf_range_.first = cell->rowid + 1;
    }
    return next_leaf();
}

TableCursor::Move TableCursor::next_leaf() {
    for (; depth_ > 0; --depth_) {
        Inner& inner = path_[depth_ - 1];
        if (inner.index == inner.cells) continue;
        ++inner.index;
        const auto child = child_of(inner);
        return child ? descend(*child, child->range.first) : unsure(rowid_max);
    }
    return Move::end;
}

TableCursor::Move TableCursor::read_row() {
    const auto cell = leaf_cell(index_);
    if (!cell) return unsure(rowid_max);
    // The next row is probably about as long.
    if (index_ + 1 < cells_)
        fetch_ends(cell_bytes(leaf_, leaf_header_bytes, cells_, index_ + 1), cell->record.size());
    if (cell->record.empty() || !plan_.read(cell->record, row_))
        return unsure(rest_is_sound() ? leaf_range_.last : rowid_max);
    row_.cell(0).type = ValueType::integer;
    row_.cell(0).integer = cell->rowid;
    // What follows must be larger. After the largest there is nothing, and nothing is in an empty range.
    if (cell->rowid == leaf_range_.last)
        leaf_range_ = {rowid_max, rowid_min};
    else
        leaf_range_.first = cell->rowid + 1;
    return Move::row;
}

bool TableCursor::rest_is_sound() {
    const Range range = leaf_range_;
    std::uint32_t index = index_;
    for (; index < cells_; ++index) {
        const auto cell = leaf_cell(index);
        if (!cell || (cell->rowid == range.last && index + 1 < cells_)) break;
        if (cell->rowid < range.last) leaf_range_.first = cell->rowid + 1;
    }
    leaf_range_ = range;
    return index == cells_;
}

bool TableCursor::take_inner(Inner& inner, std::int64_t rowid) const {
    inner.cells = base::get_be<std::uint16_t>(inner.page.data() + 3);
    if (inner.cells == 0) return false;
    // The first child whose rows can be that far.
    std::uint32_t low = 0, high = inner.cells;
    while (low < high) {
        const std::uint32_t middle = (low + high) / 2;
        const auto key = key_of(inner, middle);
        if (!key) return false;
        if (*key < rowid)
            low = middle + 1;
        else
            high = middle;
    }
    inner.index = low;
    return true;
}

std::optional<TableCursor::Child> TableCursor::child_of(const Inner& inner) const {
    Range range = inner.range;
    if (inner.index > 0) {
        const auto before = key_of(inner, inner.index - 1);
        if (!before || *before == rowid_max) return std::nullopt;
        range.first = *before + 1;
    }
    std::uint32_t number = base::get_be<std::uint32_t>(inner.page.data() + 8);
    if (inner.index < inner.cells) {
        const auto key = key_of(inner, inner.index);
        if (!key) return std::nullopt;
        range.last = *key;
        number = base::get_be<std::uint32_t>(
            cell_bytes(inner.page, inner_header_bytes, inner.cells, inner.index).data());
    }
    if (range.first < inner.range.first || range.last > inner.range.last || range.first > range.last)
        return std::nullopt;
    return Child{number, range};
}

std::optional<std::int64_t> TableCursor::key_of(const Inner& inner, std::uint32_t index) const {
    base::ByteView bytes = cell_bytes(inner.page, inner_header_bytes, inner.cells, index);
    if (bytes.size() < 4) return std::nullopt;
    bytes = bytes.subspan(4);
    const auto key = take_varint(bytes);
    if (!key) return std::nullopt;
    return static_cast<std::int64_t>(*key);
}

std::optional<TableCursor::LeafCell> TableCursor::leaf_cell(std::uint32_t index) const {
    base::ByteView bytes = cell_bytes(leaf_, leaf_header_bytes, cells_, index);
    const auto payload_bytes = take_varint(bytes);
    const auto rowid = take_varint(bytes);
    if (!payload_bytes || !rowid) return std::nullopt;
    LeafCell cell{static_cast<std::int64_t>(*rowid), {}};
    if (cell.rowid < leaf_range_.first || cell.rowid > leaf_range_.last) return std::nullopt;
    const std::uint32_t local_bytes_max = usable_bytes_ - 35;
    if (*payload_bytes > local_bytes_max) return cell;
    if (*payload_bytes > bytes.size()) return std::nullopt;
    cell.record = bytes.first(*payload_bytes);
    return cell;
}

base::ByteView TableCursor::cell_bytes(base::ByteView page, std::size_t header_bytes, std::uint32_t cells,
                                       std::uint32_t index) const {
    const std::size_t cells_at = header_bytes + std::size_t{2} * cells;
    if (cells_at > usable_bytes_) return {};
    const auto at = base::get_be<std::uint16_t>(page.data() + header_bytes + std::size_t{2} * index);
    if (at < cells_at || at >= usable_bytes_) return {};
    return page.subspan(at, usable_bytes_ - at);
}

}  // namespace bt2c::chaindb::sqlite
