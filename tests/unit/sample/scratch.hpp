#pragma once
// A folder for one test, gone with it.

#include <stdlib.h>

#include <filesystem>
#include <string>

namespace bt2c::sample::test {

class Scratch {
 public:
    Scratch() {
        std::string name = (std::filesystem::temp_directory_path() / "bt2c-sample-XXXXXX").string();
        if (mkdtemp(name.data()) == nullptr) throw std::filesystem::filesystem_error("mkdtemp", {});
        path_ = name;
    }
    ~Scratch() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;

    std::filesystem::path operator/(const char* name) const { return path_ / name; }

 private:
    std::filesystem::path path_;
};

}  // namespace bt2c::sample::test
