#pragma once
// Times as transactions store them: numbers (Unix seconds) or texts.

#include <optional>
#include <string>
#include <string_view>

namespace bt2c::chain {

/// Unix seconds of "YYYY-MM-DD HH:MM:SS[.ffffff]" or the ISO 8601 form with a T; "Z" and "+HH:MM"
/// may follow, UTC is meant without. nullopt for anything else. Proleptic Gregorian calendar.
std::optional<double> parse_timestamp(std::string_view text);

/// The same text for a time that is `seconds` later: separator, digits of the fraction and zone stay as they
/// are. nullopt when it is no such text, or would leave the years 0000 to 9999.
std::optional<std::string> shift_timestamp(std::string_view text, double seconds);

}  // namespace bt2c::chain
