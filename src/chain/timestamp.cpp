#include "chain/timestamp.hpp"

#include <algorithm>
#include <cctype>
#include <chrono>
#include <cmath>
#include <cstddef>

#include "base/text.hpp"

namespace bt2c::chain {
namespace {

/// Reads fixed-width numbers and single characters off the front; sticky failure.
class Scanner {
 public:
    explicit Scanner(std::string_view text) : rest_(text) {}
    int number(std::size_t width) {
        int value = 0;
        for (std::size_t i = 0; i < width; ++i) {
            if (rest_.empty() || rest_[0] < '0' || rest_[0] > '9') {
                failed_ = true;
                return 0;
            }
            value = value * 10 + (rest_[0] - '0');
            rest_.remove_prefix(1);
        }
        return value;
    }
    bool take(char wanted) {
        if (rest_.empty() || rest_[0] != wanted) return false;
        rest_.remove_prefix(1);
        return true;
    }
    void expect(char wanted) { failed_ = !take(wanted) || failed_; }
    bool digit_next() const { return !rest_.empty() && rest_[0] >= '0' && rest_[0] <= '9'; }
    bool done() const { return rest_.empty() && !failed_; }

 private:
    std::string_view rest_;
    bool failed_ = false;
};

}  // namespace

std::optional<double> parse_timestamp(std::string_view text) {
    Scanner scan(text);
    const int year = scan.number(4);
    scan.expect('-');
    const int month = scan.number(2);
    scan.expect('-');
    const int day = scan.number(2);
    if (!scan.take(' ')) scan.expect('T');
    const int hour = scan.number(2);
    scan.expect(':');
    const int minute = scan.number(2);
    scan.expect(':');
    const int second = scan.number(2);

    std::int64_t micros = 0;
    if (scan.take('.')) {
        std::int64_t unit = 100'000;
        if (!scan.digit_next()) return std::nullopt;
        for (; scan.digit_next(); unit /= 10) micros += scan.number(1) * unit;
    }
    int offset_minutes = 0;
    const bool ahead = scan.take('+');
    if (ahead || scan.take('-')) {
        offset_minutes = scan.number(2) * 60;
        scan.expect(':');
        offset_minutes += scan.number(2);
        if (!ahead) offset_minutes = -offset_minutes;
    } else {
        scan.take('Z');
    }
    const std::chrono::year_month_day date{std::chrono::year(year),
                                           std::chrono::month(static_cast<unsigned>(month)),
                                           std::chrono::day(static_cast<unsigned>(day))};
    if (!scan.done() || !date.ok() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
    const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
    const std::int64_t seconds = days * 86'400 + hour * 3'600 + (minute - offset_minutes) * 60 + second;
    // One division, so that the result is the double nearest to the microseconds, as in Python.
    return static_cast<double>(seconds * 1'000'000 + micros) / 1e6;
}

std::optional<std::string> shift_timestamp(std::string_view text, double seconds) {
    constexpr std::size_t date_and_time = std::string_view("YYYY-MM-DD HH:MM:SS").size();
    constexpr std::int64_t day_s = 86'400;
    constexpr double shift_s_max = 1e11;
    if (!parse_timestamp(text) || !(std::abs(seconds) < shift_s_max)) return std::nullopt;
    std::size_t digits = 0;
    if (text.size() > date_and_time && text[date_and_time] == '.')
        while (date_and_time + 1 + digits < text.size() && std::isdigit(text[date_and_time + 1 + digits]))
            ++digits;
    const std::size_t zone = date_and_time + (digits > 0 ? 1 + digits : 0);
    // The zone stays, so its offset takes no part.
    const double here = *parse_timestamp(text.substr(0, zone));
    std::int64_t unit = 1;
    for (std::size_t i = 0; i < std::min<std::size_t>(digits, 6); ++i) unit *= 10;
    const std::int64_t ticks =
        std::llround(here * static_cast<double>(unit)) + std::llround(seconds * static_cast<double>(unit));
    const std::int64_t whole = ticks >= 0 ? ticks / unit : -((-ticks + unit - 1) / unit);
    const std::int64_t days = whole >= 0 ? whole / day_s : -((-whole + day_s - 1) / day_s);
    const std::chrono::year_month_day date{std::chrono::sys_days(std::chrono::days(days))};
    const int year = static_cast<int>(date.year());
    if (year < 0 || year > 9999) return std::nullopt;
    const std::int64_t second = whole - days * day_s;
    std::string shifted = base::format("{:04}-{:02}-{:02}{}{:02}:{:02}:{:02}", year,
                                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                                       text[10], second / 3600, second / 60 % 60, second % 60);
    if (digits > 0) {
        std::string fraction = base::format("{:0{}}", ticks - whole * unit, std::min<std::size_t>(digits, 6));
        fraction.resize(digits, '0');
        shifted += "." + fraction;
    }
    shifted += text.substr(zone);
    return shifted;
}

}  // namespace bt2c::chain
