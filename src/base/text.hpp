#pragma once
// Text for people: formatting, sizes, durations, times. The only header that shows {fmt}.

#include <fmt/core.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace bt2c::base {

/// fmt::format under the project's name.
template <typename... Args>
std::string format(fmt::format_string<Args...> pattern, Args&&... args) {
    return fmt::format(pattern, std::forward<Args>(args)...);
}

/// Bytes in IEC units with three significant digits: "512 B", "1.46 GiB".
std::string human_size(std::uint64_t bytes);
/// "0.8 s", "2 min 05 s", "3 h 12 min".
std::string human_duration(double seconds);
/// A count with thousands separated by commas: "1,650,000".
std::string human_count(std::uint64_t count);
/// At most `bytes_max` of a UTF-8 text, without half a character at its end, which a reader would take for a
/// whole one that is longer.
std::string cut_to(std::string text, std::size_t bytes_max);
std::string ascii_lower(std::string_view text);
/// Letters to change, add, drop or swap with their neighbour to make one word of the other.
std::size_t edit_distance(std::string_view a, std::string_view b);
/// The candidate nearest to `word` by edit distance; empty when none is within a third of its length.
std::string nearest_word(std::string_view word, const std::vector<std::string>& candidates);
/// `text` with control characters and invalid UTF-8 shown as \xNN, safe to print on a terminal.
std::string printable(std::string_view text);

}  // namespace bt2c::base
