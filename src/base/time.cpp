#include "base/time.hpp"

#include <atomic>
#include <cstdio>
#include <ctime>

#include "base/test_clock.hpp"
#include "base/text.hpp"

namespace bt2c::base {

namespace {
std::atomic<UnixMs> shift = 0;
}

UnixMs now_unix_ms() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::milliseconds>(now).count() + shift;
}

void shift_clock(UnixMs by) {
    shift = by;
}

std::string format_utc(UnixMs time) {
    const UnixMs ms = ((time % 1000) + 1000) % 1000;
    const std::time_t seconds = (time - ms) / 1000;
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    std::string text = format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", parts.tm_year + 1900, parts.tm_mon + 1,
                              parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
    if (ms != 0) text += format(".{:03}", ms);
    return text + "Z";
}

std::optional<UnixMs> parse_utc(std::string_view text) {
    const std::string copy(text);
    std::tm parts{};
    int ms = 0;
    int used = 0;
    if (std::sscanf(copy.c_str(), "%4d-%2d-%2dT%2d:%2d:%2d%n", &parts.tm_year, &parts.tm_mon, &parts.tm_mday,
                    &parts.tm_hour, &parts.tm_min, &parts.tm_sec, &used) != 6)
        return std::nullopt;
    std::string_view rest = std::string_view(copy).substr(static_cast<std::size_t>(used));
    if (rest.size() == 5 && rest[0] == '.') {
        if (std::sscanf(copy.c_str() + used, ".%3d", &ms) != 1) return std::nullopt;
        rest.remove_prefix(4);
    }
    if (rest != "Z") return std::nullopt;
    parts.tm_year -= 1900;
    parts.tm_mon -= 1;
    const UnixMs time = static_cast<UnixMs>(timegm(&parts)) * 1000 + ms;
    // timegm accepts the 31st of February; only a text that comes back the same is a time.
    return format_utc(time) == text ? std::optional(time) : std::nullopt;
}

}  // namespace bt2c::base
