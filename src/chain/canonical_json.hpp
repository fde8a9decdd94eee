#pragma once
// JSON as Python's json.dumps(..., sort_keys=True) writes it: what the chain's hashes are taken of.

#include <cstdint>
#include <string>
#include <string_view>

namespace bt2c::chain {

/// Appends `value` as Python's repr() does: the shortest digits that read back the same, with an
/// exponent below 1e-4 and from 1e16 on. `NaN`, `Infinity` and `-Infinity` as json.dumps writes them.
void append_float(std::string& out, double value);
std::string float_text(double value);

/// Appends a quoted string in ASCII, the rest as \uXXXX. False, and nothing appended, when `text`
/// is not valid UTF-8: no Python program can have hashed it.
bool append_string(std::string& out, std::string_view text);

/// One JSON object. The caller gives the members in the order of their keys.
class CanonicalObject {
 public:
    CanonicalObject& member(std::string_view key, std::string_view text);
    CanonicalObject& member(std::string_view key, std::int64_t value);
    CanonicalObject& member(std::string_view key, double value);
    /// A value that is JSON text already.
    CanonicalObject& raw(std::string_view key, std::string_view json);
    /// The object's text; empty when a string was not valid UTF-8.
    const std::string& text();

 private:
    void begin(std::string_view key);
    std::string out_ = "{";
    bool valid_ = true;
    bool closed_ = false;
};

}  // namespace bt2c::chain
