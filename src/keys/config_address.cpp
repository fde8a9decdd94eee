#include "keys/config_address.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"
#include "keys/key_history.hpp"
#include "keys/rotation_record.hpp"
#include "platform/file.hpp"

namespace bt2c::keys {

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t config_file_bytes_max = 1 << 20;

std::vector<fs::path> files_below(const fs::path& folder) {
    std::vector<fs::path> files;
    std::error_code error;
    for (const auto& entry : fs::recursive_directory_iterator(folder, error))
        if (!entry.is_directory()) files.push_back(entry.path());
    if (error && error != std::errc::no_such_file_or_directory)
        throw base::system_error(base::format("cannot list {}", base::printable(folder.native())),
                                 error.value());
    std::sort(files.begin(), files.end());
    return files;
}

bool is_plain(const fs::path& file) {
    std::error_code error;
    return fs::symlink_status(file, error).type() == fs::file_type::regular && !error &&
           fs::file_size(file, error) <= config_file_bytes_max && !error;
}

bool names(const fs::path& file, const std::string& address) {
    if (file.filename().native().find(address) != std::string::npos) return true;
    std::error_code error;
    if (fs::status(file, error).type() != fs::file_type::regular ||
        fs::file_size(file, error) > config_file_bytes_max)
        return false;
    const base::Bytes contents = platform::read_file(file, config_file_bytes_max);
    return base::as_text(contents).find(address) != std::string_view::npos;
}

/// What this program itself wrote about keys names old addresses for good.
bool is_own(const fs::path& file) {
    const std::string name = file.filename().native();
    return name == key_history_name || name.starts_with(rotation_record_prefix);
}

}  // namespace

ConfigChanges replace_address(const config::Home& home, const std::string& old_address,
                              const std::string& new_address) {
    ConfigChanges changes;
    for (const fs::path& file : files_below(home.config())) {
        if (!names(file, old_address)) continue;
        std::string text;
        if (is_plain(file)) text = base::as_text(platform::read_file(file, config_file_bytes_max));
        bool found = false;
        for (std::size_t at = text.find(old_address); at != std::string::npos;
             at = text.find(old_address, at + new_address.size())) {
            text.replace(at, old_address.size(), new_address);
            found = true;
        }
        if (found) platform::rewrite_durably(file, base::as_bytes(text));
        (found ? changes.changed : changes.left).push_back(file);
    }
    for (const fs::path& file : files_below(home.keys()))
        if (!is_own(file) && names(file, old_address)) changes.left.push_back(file);
    return changes;
}

}  // namespace bt2c::keys
