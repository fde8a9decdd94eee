#pragma once
// Tables for people.

#include <optional>
#include <string>
#include <vector>

#include "cli/terminal.hpp"

namespace bt2c::cli {

struct Column {
    enum class Align { left, right };
    std::string title;
    Align align = Align::left;
    /// May be cut with "…" when the window is too narrow. Never for ids, hashes and numbers.
    bool may_shrink = false;
    /// Columns that are left of one that is cut.
    std::size_t narrowest = 8;
    /// May be left out of a window that is too narrow for all; the last such column goes first.
    bool may_go = false;
    /// Its cells stand whole below their rows where the window has no room for the widest of them beside.
    bool may_fall = false;
};

struct Cell {
    Cell(std::string words, Style look = Style::plain) : text(std::move(words)), style(look) {}
    Cell(const char* words, Style look = Style::plain) : text(words), style(look) {}
    std::string text;
    Style style;
};

/// The longest beginning of `text` that fits into so many columns, ended by "…"; all of it when it fits.
std::string fitted(const std::string& text, std::size_t width);

/// Columns as wide as their widest cell, two blanks apart, the titles underlined.
class Table {
 public:
    explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}
    /// One cell for each column.
    void row(std::vector<Cell> cells);
    bool empty() const { return rows_.empty(); }
    /// Lines ended by '\n', without blanks at their ends, each begun by `indent`.
    std::string text(const Terminal& terminal, std::string_view indent = "") const;

 private:
    /// A column that is shown: its index, its width, and what it can be cut to.
    struct Placed {
        std::size_t column, width, least;
    };
    /// @param fallen set to the column whose cells stand below their rows, if there is one
    std::vector<Placed> placed(std::size_t room, std::optional<std::size_t>& fallen) const;

    std::vector<Column> columns_;
    std::vector<std::vector<Cell>> rows_;
};

}  // namespace bt2c::cli
