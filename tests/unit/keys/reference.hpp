#pragma once
// The reference vectors, which stand beside the project and not in it.

#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <string>

#include "base/json.hpp"
#include "platform/file.hpp"

namespace bt2c::keys {

inline std::filesystem::path reference_file(const std::string& name) {
    return std::filesystem::path(BT2C_SOURCE_DIR) / "../shared/reference/vectors" / name;
}

/// Stays until the program ends, so that loops may run over parts of it.
inline const base::Json& reference(const std::string& name) {
    static std::map<std::string, base::Json> files;
    if (!files.contains(name))
        files[name] = base::Json::parse(base::as_text(platform::read_file(reference_file(name), 50'000'000)));
    return files[name];
}

/// Hex digits without leading zeros, as the vectors write numbers.
inline std::string number(base::ByteView big_endian) {
    const std::string hex = base::to_hex(big_endian);
    return hex.substr(std::min(hex.find_first_not_of('0'), hex.size()));
}

}  // namespace bt2c::keys

#define BT2C_NEEDS_REFERENCE(name)                                    \
    if (!std::filesystem::exists(::bt2c::keys::reference_file(name))) \
    GTEST_SKIP() << "no reference data at " << ::bt2c::keys::reference_file(name)
