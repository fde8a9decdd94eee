#include "chaindb/sqlite/uri.hpp"

#include "base/text.hpp"

namespace bt2c::chaindb::sqlite {

std::string uri_of(const std::filesystem::path& path, std::string_view query) {
    std::string uri = "file://";  // an empty authority, so that a path that begins with "//" is no authority
    const std::filesystem::path whole = std::filesystem::absolute(path);
    for (const char c : whole.native()) {
        if (c == '?' || c == '#' || c == '%')
            uri += base::format("%{:02x}", static_cast<unsigned>(static_cast<unsigned char>(c)));
        else
            uri += c;
    }
    return uri + std::string(query);
}

}  // namespace bt2c::chaindb::sqlite
