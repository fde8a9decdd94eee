#include "unit/architecture/style.hpp"

#include <regex>
#include <sstream>

namespace bt2c::architecture {
namespace {

constexpr std::size_t lines_max = 450;

std::vector<std::string> lines_of(const std::string& text) {
    std::vector<std::string> lines;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    return lines;
}

/// "bt2c::chaindb::sqlite" for "src/chaindb/sqlite/wal.hpp".
std::string namespace_of(const std::string& name) {
    std::string out = "bt2c";
    const fs::path folder = fs::path(name).parent_path();
    for (auto part = std::next(folder.begin()); part != folder.end(); ++part) out += "::" + part->native();
    return out;
}

}  // namespace

std::vector<std::string> style_faults(const SourceFile& file) {
    std::vector<std::string> faults;
    const auto fault = [&](const std::string& what) { faults.push_back(file.name + ": " + what); };
    const std::vector<std::string> lines = lines_of(file.text);
    if (lines.size() > lines_max)
        fault("it has " + std::to_string(lines.size()) + " lines, more than " + std::to_string(lines_max));
    if (file.text.find('\t') != std::string::npos) fault("it has tabs");
    if (file.text.find('\r') != std::string::npos) fault("it has carriage returns");
    if (!file.text.ends_with("\n") || file.text.ends_with("\n\n")) fault("it does not end with one line end");

    static const std::regex unfinished(R"(\b(TODO|FIXME|XXX|HACK)\b)");
    static const std::regex opened(R"(^namespace (bt2c[a-z_0-9:]*) \{$)");
    static const std::regex used(R"(^using namespace\b)");
    bool names_own = false;
    for (std::size_t i = 0; i < lines.size(); ++i) {
        const std::string at = "line " + std::to_string(i + 1) + ": ";
        if (std::regex_search(lines[i], unfinished)) fault(at + "it is marked as unfinished");
        if (std::regex_search(lines[i], used)) fault(at + "it opens a whole namespace");
        std::smatch match;
        if (!std::regex_match(lines[i], match, opened)) continue;
        names_own = names_own || match[1] == namespace_of(file.name);
    }
    if (file.layer != "apps" && !names_own)
        fault("nothing is in the namespace of its folder, " + namespace_of(file.name));
    if (file.name.ends_with(".hpp")) {
        if (lines.empty() || lines[0] != "#pragma once") fault("it does not begin with #pragma once");
        if (lines.size() < 2 || !lines[1].starts_with("// ")) fault("no comment at its head says what it is");
    }
    return faults;
}

}  // namespace bt2c::architecture
