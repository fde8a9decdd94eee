#pragma once
// Wall-clock times in UTC and elapsed times.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace bt2c::base {

/// Milliseconds since 1970-01-01T00:00:00Z.
using UnixMs = std::int64_t;

UnixMs now_unix_ms();
/// "2026-04-05T02:00:00.123Z" (milliseconds are left out when zero).
std::string format_utc(UnixMs time);
/// Reads what format_utc writes; nullopt for anything else.
std::optional<UnixMs> parse_utc(std::string_view text);

/// Seconds since construction, on the monotonic clock.
class Stopwatch {
 public:
    double seconds() const {
        return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
    }

 private:
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace bt2c::base
