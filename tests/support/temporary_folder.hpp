#pragma once
// A folder of one test's own.

#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>

namespace bt2c::support {

namespace fs = std::filesystem;

/// Empty at first; gone with all it holds when the test ends.
class TemporaryFolder {
 public:
    explicit TemporaryFolder(const fs::path& where = fs::temp_directory_path()) {
        std::string name = (where / "bt2c-test-XXXXXX").native();
        if (!::mkdtemp(name.data())) throw std::runtime_error("cannot make a temporary folder");
        path_ = name;
    }
    ~TemporaryFolder() {
        std::error_code ignored;
        fs::remove_all(path_, ignored);
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;

    const fs::path& path() const { return path_; }
    fs::path operator/(const fs::path& name) const { return path_ / name; }
    /// Writes a file and the folders that lead to it.
    fs::path write(const fs::path& name, std::string_view text) const {
        fs::create_directories((path_ / name).parent_path());
        std::ofstream(path_ / name, std::ios::binary) << text;
        return path_ / name;
    }

 private:
    fs::path path_;
};

/// The whole file; empty when it cannot be read.
inline std::string file_text(const fs::path& path) {
    std::ostringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return text.str();
}

}  // namespace bt2c::support
