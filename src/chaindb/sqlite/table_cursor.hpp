#pragma once
// Reads a table's rows where they lie in its pages, without SQLite's machine: a third of the time.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "chaindb/sqlite/connection.hpp"
#include "chaindb/sqlite/image_vfs.hpp"
#include "chaindb/sqlite/record.hpp"

namespace bt2c::chaindb::sqlite {

/// Walks the B-tree of an ordinary table, in the order of rowids, over a connection to an image. It knows
/// plain rows in sound pages only. Of anything else (rows with overflow pages, rows from before a column was
/// added, damage) it says that it is unsure, and whoever reads asks SQLite; so it never has to know better
/// than SQLite what a page means. Source: https://www.sqlite.org/fileformat2.html#b_tree_pages
class TableCursor {
 public:
    /// nullopt where the table or the connection is not of that kind. Rows have the rowid as column 0 and
    /// `columns` from 1 on; a column named NULL is null. Not longer than the connection.
    static std::optional<TableCursor> open(Connection& connection, const std::string& table,
                                           const std::vector<std::string>& columns);

    enum class Move {
        row,
        end,
        /// From where it was told to go, SQLite must be asked: up to unsure_until() where only rows are
        /// strange, to the end of the table where the tree is.
        unsure,
    };
    /// To the first row at `rowid` or after it.
    Move seek(std::int64_t rowid);
    Move next();
    /// Valid until the next move.
    const Row& row() const { return row_; }
    std::int64_t rowid() const { return row_.integer(0); }
    std::int64_t unsure_until() const { return unsure_until_; }

 private:
    /// Rowids that can be in a page, both ends included.
    struct Range {
        std::int64_t first;
        std::int64_t last;
    };
    struct Child {
        std::uint32_t number;
        Range range;
    };
    /// An inner page on the way to the current leaf. A copy, since it is asked again for each leaf.
    struct Inner {
        std::uint32_t number = 0;
        base::Bytes page;
        Range range{};
        std::uint32_t cells = 0;
        std::uint32_t index = 0;  ///< of the child that the way goes through
    };
    struct LeafCell {
        std::int64_t rowid;
        base::ByteView record;  ///< empty where some of it is in overflow pages
    };

    TableCursor(ImagePages pages, std::uint32_t usable_bytes, std::uint32_t root, RecordPlan plan,
                std::size_t columns);
    /// To the first row at `rowid` or after it in that part of the tree.
    Move descend(Child child, std::int64_t rowid);
    Move next_leaf();
    Move read_row();
    Move unsure(std::int64_t until);
    /// Whether the leaf's cells from the current one on are within the page and in order.
    bool rest_is_sound();
    bool take_inner(Inner& inner, std::int64_t rowid) const;
    std::optional<Child> child_of(const Inner& inner) const;
    /// The rowid that divides children `index` and `index` + 1.
    std::optional<std::int64_t> key_of(const Inner& inner, std::uint32_t index) const;
    /// A leaf's cell; nullopt where it is not within the page, or its rowid not where it belongs.
    std::optional<LeafCell> leaf_cell(std::uint32_t index) const;
    /// The page from its cell `index` on; empty where that is outside.
    base::ByteView cell_bytes(base::ByteView page, std::size_t header_bytes, std::uint32_t cells,
                              std::uint32_t index) const;

    ImagePages pages_;
    std::uint32_t usable_bytes_;
    std::uint32_t root_;
    RecordPlan plan_;
    Row row_;
    std::vector<Inner> path_;  // from the root; the first depth_ are in use
    std::size_t depth_ = 0;
    base::ByteView leaf_;
    Range leaf_range_{};  // of the cells from index_ on
    std::uint32_t cells_ = 0;
    std::uint32_t index_ = 0;
    std::int64_t unsure_until_ = 0;
};

}  // namespace bt2c::chaindb::sqlite
