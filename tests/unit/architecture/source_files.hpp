#pragma once
// The sources that architecture and style are checked on.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace bt2c::architecture {

namespace fs = std::filesystem;

struct SourceFile {
    std::string name;   ///< from the root, "src/base/text.hpp"
    std::string layer;  ///< "base"; "apps" for all of apps/
    std::string text;
};

inline std::string text_of(const fs::path& path) {
    std::ostringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return text.str();
}

/// All .cpp and .hpp files below src/ and apps/, by name.
inline std::vector<SourceFile> source_files(const fs::path& root) {
    std::vector<SourceFile> files;
    for (const std::string top : {"src", "apps"}) {
        if (!fs::is_directory(root / top)) continue;
        for (const auto& entry : fs::recursive_directory_iterator(root / top)) {
            const std::string extension = entry.path().extension().native();
            if (!entry.is_regular_file() || (extension != ".cpp" && extension != ".hpp")) continue;
            const fs::path name = entry.path().lexically_relative(root);
            const std::string layer = top == "apps" ? top : std::next(name.begin())->native();
            files.push_back({name.native(), layer, text_of(entry.path())});
        }
    }
    std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
    return files;
}

}  // namespace bt2c::architecture
