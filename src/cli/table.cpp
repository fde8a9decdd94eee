#include "cli/table.hpp"

#include <algorithm>

#include "base/error.hpp"

namespace bt2c::cli {
namespace {

constexpr std::size_t gap = 2;

std::string repeated(std::string_view what, std::size_t times) {
    std::string out;
    while (times-- > 0) out += what;
    return out;
}

/// Lines of at most so many columns, broken at blanks where that can be.
std::string wrapped(const std::string& text, std::size_t width, const std::string& indent) {
    std::string lines;
    for (std::size_t at = 0; at < text.size();) {
        std::size_t end = at;
        for (std::size_t word = at; word != std::string::npos;) {
            word = text.find(' ', word + 1);
            const std::size_t stop = std::min(word, text.size());
            if (end > at && display_width(std::string_view(text).substr(at, stop - at)) > width) break;
            end = stop;
        }
        lines += indent + text.substr(at, end - at) + "\n";
        at = end + 1;
    }
    return lines;
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

std::vector<Table::Placed> Table::placed(std::size_t room, std::optional<std::size_t>& fallen) const {
    std::vector<Placed> placed;
    std::size_t total = 0, least = 0;  // with a gap after each
    for (std::size_t c = 0; c < columns_.size(); ++c) {
        std::size_t width = display_width(columns_[c].title);
        for (const auto& row : rows_) width = std::max(width, display_width(row[c].text));
        placed.push_back({c, width, columns_[c].may_shrink ? std::min(width, columns_[c].narrowest) : width});
        total += width + gap;
        least += placed.back().least + gap;
    }
    if (room == 0) return placed;
    room += gap;
    for (std::size_t p = placed.size(); p-- > 0 && least > room;) {
        const Column& column = columns_[placed[p].column];
        if (!column.may_go && (!column.may_fall || fallen)) continue;
        if (column.may_fall) fallen = placed[p].column;
        total -= placed[p].width + gap;
        least -= placed[p].least + gap;
        placed.erase(placed.begin() + static_cast<std::ptrdiff_t>(p));
    }
    for (std::size_t p = placed.size(); p-- > 0 && total > room;) {
        const std::size_t cut = std::min(total - room, placed[p].width - placed[p].least);
        placed[p].width -= cut;
        total -= cut;
    }
    return placed;
}

std::string Table::text(const Terminal& terminal, std::string_view indent) const {
    const std::size_t room = terminal.width() > indent.size() ? terminal.width() - indent.size() : 0;
    std::optional<std::size_t> fallen;
    const std::vector<Placed> places = placed(room, fallen);
    const std::string below(indent.size() + (places.empty() ? 0 : places.front().width) + gap, ' ');
    const auto line = [&](const auto& cell_at) {
        std::string out(indent);
        for (const Placed& place : places) {
            const Cell cell = cell_at(place);
            const std::string shown = fitted(cell.text, place.width);
            const std::string blanks(place.width - std::min(place.width, display_width(shown)), ' ');
            const bool right = columns_[place.column].align == Column::Align::right;
            if (out.size() > indent.size()) out += std::string(gap, ' ');
            if (right) out += blanks;
            out += terminal.styled(cell.style, shown);
            if (!right) out += blanks;
        }
        trim_end(out);
        return out + "\n";
    };
    std::string out =
        line([&](const Placed& place) { return Cell(columns_[place.column].title, Style::bold); });
    out += line([](const Placed& place) { return Cell(repeated("─", place.width), Style::dim); });
    for (const auto& row : rows_) {
        out += line([&](const Placed& place) { return row[place.column]; });
        if (fallen)
            out += wrapped(row[*fallen].text, terminal.width() - std::min(terminal.width(), below.size()),
                           below);
    }
    return out;
}

}  // namespace bt2c::cli
