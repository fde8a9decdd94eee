#pragma once
// Reading single values of hostile tables.

#include <cstdint>
#include <optional>
#include <string>

#include "chain/hash.hpp"
#include "chaindb/sqlite/connection.hpp"

namespace bt2c::verify {

using chaindb::sqlite::Row;
using chaindb::sqlite::ValueType;

/// The value in words, for `found` of a finding: printable, cut short, NULL named as such.
std::string describe_cell(const Row& row, std::size_t column);
/// A text in the same form.
std::string describe_text(std::string_view text);

enum class HashCell { good, missing, malformed };
/// Reads a hash. A malformed value gives a key of its own (a hash of the value and its type), so
/// that equal values still meet; a missing one gives zeros.
HashCell read_hash(const Row& row, std::size_t column, chain::Hash& out);

/// A finite number of either type; nullopt for anything else.
std::optional<double> read_number(const Row& row, std::size_t column);
/// Whether a BOOLEAN column says yes: a number that is not 0, or the text "true".
bool read_flag(const Row& row, std::size_t column);
/// Whether the value is one that a BOOLEAN column may have: NULL, 0 or 1.
bool is_boolean(const Row& row, std::size_t column);

}  // namespace bt2c::verify
