#include "storage/object_name.hpp"

namespace bt2c::storage {

bool is_object_name(std::string_view name) noexcept {
    char before = '/';
    for (const char c : name) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
        if (!plain && (before == '/' || (c != '.' && c != '/'))) return false;
        before = c;
    }
    return before != '/' && name.size() <= 255;
}

}  // namespace bt2c::storage
