#include "cli/terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <iterator>

#include "base/error.hpp"

namespace bt2c::cli {
namespace {

bool environment_allows_colours() {
    const char* no_colour = std::getenv("NO_COLOR");
    const char* term = std::getenv("TERM");
    return !(no_colour && *no_colour) && term && std::string_view(term) != "dumb";
}

std::string_view escape_of(Style style) {
    switch (style) {
        case Style::bold: return "\x1b[1m";
        case Style::dim: return "\x1b[2m";
        case Style::red: return "\x1b[31m";
        case Style::green: return "\x1b[32m";
        case Style::yellow: return "\x1b[33m";
        case Style::plain: break;
    }
    return "";
}

struct Range {
    char32_t first, last;
};
// The blocks that matter in file names and reasons; a full table would be larger than it is worth.
constexpr Range combining[] = {{0x300, 0x36F},   {0x483, 0x489},   {0x591, 0x5BD},   {0x610, 0x61A},
                               {0x64B, 0x65F},   {0x1AB0, 0x1AFF}, {0x1DC0, 0x1DFF}, {0x200B, 0x200F},
                               {0x20D0, 0x20FF}, {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F}};
constexpr Range wide[] = {{0x1100, 0x115F},   {0x2E80, 0x303E},   {0x3041, 0xA4CF},  {0xAC00, 0xD7A3},
                          {0xF900, 0xFAFF},   {0xFE30, 0xFE6F},   {0xFF00, 0xFF60},  {0xFFE0, 0xFFE6},
                          {0x1F300, 0x1F64F}, {0x1F900, 0x1F9FF}, {0x20000, 0x3FFFD}};

template <std::size_t N>
bool within(const Range (&ranges)[N], char32_t point) {
    return std::any_of(std::begin(ranges), std::end(ranges),
                       [&](const Range& range) { return point >= range.first && point <= range.last; });
}

/// The code point at `at`, which moves past it; a malformed byte counts as one point.
char32_t next_point(std::string_view text, std::size_t& at) {
    const auto lead = static_cast<unsigned char>(text[at++]);
    const int more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : lead >= 0xC0 ? 1 : 0;
    char32_t point = more == 3 ? lead & 0x07U : more == 2 ? lead & 0x0FU : more == 1 ? lead & 0x1FU : lead;
    for (int i = 0; i < more && at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U;
         ++i)
        point = point << 6 | (static_cast<unsigned char>(text[at++]) & 0x3FU);
    return point;
}

}  // namespace

std::string Terminal::styled(Style style, std::string_view text) const {
    if (!colours_ || style == Style::plain) return std::string(text);
    return std::string(escape_of(style)).append(text).append("\x1b[0m");
}

DescriptorTerminal::DescriptorTerminal(int fd)
    : Terminal(::isatty(fd) == 1, ::isatty(fd) == 1 && environment_allows_colours()), fd_(fd) {}

void DescriptorTerminal::write(std::string_view text) {
    while (!text.empty()) {
        const ssize_t put = ::write(fd_, text.data(), text.size());
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) throw base::system_error("cannot write the output", errno);
        text.remove_prefix(static_cast<std::size_t>(put));
    }
}

std::size_t DescriptorTerminal::width() const {
    if (!is_terminal()) return 0;
    struct winsize size {};
    return ::ioctl(fd_, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

std::size_t display_width(std::string_view text) {
    std::size_t columns = 0;
    for (std::size_t at = 0; at < text.size();) {
        if (text.substr(at, 2) == "\x1b[") {
            const std::size_t end = text.find('m', at);
            if (end == std::string_view::npos) break;
            at = end + 1;
            continue;
        }
        const char32_t point = next_point(text, at);
        columns += within(combining, point) ? 0U : within(wide, point) ? 2U : 1U;
    }
    return columns;
}

}  // namespace bt2c::cli
