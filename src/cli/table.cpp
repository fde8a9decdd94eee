#include "cli/table.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace bt2c::cli {
namespace {

constexpr std::size_t gap = 2;
constexpr std::size_t shrunk_min = 8;

std::string repeated(std::string_view what, std::size_t times) {
    std::string out;
    while (times-- > 0) out += what;
    return out;
}

void trim_end(std::string& line) {
    line.erase(line.find_last_not_of(' ') + 1);
}

}  // namespace

std::string fitted(const std::string& text, std::size_t width) {
    if (display_width(text) <= width) return text;
    std::size_t end = text.size();
    while (end > 0 && (display_width(std::string_view(text).substr(0, end)) >= width ||
                       (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U))
        --end;
    return text.substr(0, end) + "…";
}

void Table::row(std::vector<Cell> cells) {
    BT2C_ASSERT(cells.size() == columns_.size());
    rows_.push_back(std::move(cells));
}

std::vector<std::size_t> Table::widths(std::size_t room) const {
    std::vector<std::size_t> widths;
    std::size_t total = 0;
    for (std::size_t c = 0; c < columns_.size(); ++c) {
        std::size_t width = display_width(columns_[c].title);
        for (const auto& row : rows_) width = std::max(width, display_width(row[c].text));
        widths.push_back(width);
        total += width + (c > 0 ? gap : 0);
    }
    for (std::size_t c = columns_.size(); c-- > 0 && room > 0 && total > room;) {
        if (!columns_[c].may_shrink || widths[c] <= shrunk_min) continue;
        const std::size_t cut = std::min(total - room, widths[c] - shrunk_min);
        widths[c] -= cut;
        total -= cut;
    }
    return widths;
}

std::string Table::text(const Terminal& terminal, std::string_view indent) const {
    const std::size_t room = terminal.width() > indent.size() ? terminal.width() - indent.size() : 0;
    const std::vector<std::size_t> width = widths(room);
    const auto line = [&](const auto& cell_at) {
        std::string out(indent);
        for (std::size_t c = 0; c < columns_.size(); ++c) {
            const Cell cell = cell_at(c);
            const std::string shown = fitted(cell.text, width[c]);
            const std::string blanks(width[c] - std::min(width[c], display_width(shown)), ' ');
            const bool right = columns_[c].align == Column::Align::right;
            if (c > 0) out += std::string(gap, ' ');
            if (right) out += blanks;
            out += terminal.styled(cell.style, shown);
            if (!right) out += blanks;
        }
        trim_end(out);
        return out + "\n";
    };
    std::string out = line([&](std::size_t c) { return Cell(columns_[c].title, Style::bold); });
    out += line([&](std::size_t c) { return Cell(repeated("─", width[c]), Style::dim); });
    for (const auto& row : rows_) out += line([&](std::size_t c) { return row[c]; });
    return out;
}

}  // namespace bt2c::cli
