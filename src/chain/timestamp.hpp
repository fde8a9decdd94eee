#pragma once
// Times as transactions store them: numbers (Unix seconds) or texts.

#include <optional>
#include <string_view>

namespace bt2c::chain {

/// Unix seconds of "YYYY-MM-DD HH:MM:SS[.ffffff]" or the ISO 8601 form with a T; "Z" and "+HH:MM"
/// may follow, UTC is meant without. nullopt for anything else. Proleptic Gregorian calendar.
std::optional<double> parse_timestamp(std::string_view text);

}  // namespace bt2c::chain
