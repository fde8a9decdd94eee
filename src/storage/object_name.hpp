#pragma once
// Which names objects may have.

#include <string_view>

namespace bt2c::storage {

/// Parts of lower-case letters, digits, '-' and '.', joined by '/'; no part is empty or begins with
/// a dot, so that no name leads out of a location or to a temporary file in it. At most 255 bytes.
bool is_object_name(std::string_view name) noexcept;

}  // namespace bt2c::storage
