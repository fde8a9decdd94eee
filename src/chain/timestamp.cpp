#include "chain/timestamp.hpp"

#include <chrono>
#include <cstddef>

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

}  // namespace bt2c::chain
