#include "unit/architecture/includes.hpp"

#include <algorithm>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "unit/architecture/source_files.hpp"

namespace bt2c::architecture {
namespace {

using Faults = std::vector<std::string>;
using Row = std::vector<std::string>;

/// The rows of the table after `marker`, without its head, up to the end marker.
std::vector<Row> table_after(const std::string& document, const std::string& marker) {
    std::vector<Row> rows;
    const std::size_t begin = document.find(marker);
    if (begin == std::string::npos) return rows;
    std::istringstream lines(document.substr(begin, document.find("<!-- end -->", begin) - begin));
    for (std::string line; std::getline(lines, line);) {
        if (!line.starts_with("| ")) continue;
        Row cells;
        std::istringstream fields(line.substr(1));
        for (std::string cell; std::getline(fields, cell, '|');) {
            const std::size_t first = cell.find_first_not_of(' ');
            const std::size_t last = cell.find_last_not_of(' ');
            cells.push_back(first == std::string::npos ? "" : cell.substr(first, last - first + 1));
        }
        rows.push_back(cells);
    }
    if (!rows.empty()) rows.erase(rows.begin());
    return rows;
}

// Headers of C++ have neither a dot nor a slash; a library that looks the same would be unknown here.
const std::set<std::string> cpp_headers{"algorithm",
                                        "any",
                                        "array",
                                        "atomic",
                                        "barrier",
                                        "bit",
                                        "bitset",
                                        "cctype",
                                        "cerrno",
                                        "charconv",
                                        "chrono",
                                        "cinttypes",
                                        "climits",
                                        "cmath",
                                        "compare",
                                        "concepts",
                                        "condition_variable",
                                        "csignal",
                                        "cstddef",
                                        "cstdint",
                                        "cstdio",
                                        "cstdlib",
                                        "cstring",
                                        "ctime",
                                        "deque",
                                        "exception",
                                        "filesystem",
                                        "forward_list",
                                        "fstream",
                                        "functional",
                                        "future",
                                        "initializer_list",
                                        "iomanip",
                                        "ios",
                                        "iosfwd",
                                        "iostream",
                                        "istream",
                                        "iterator",
                                        "latch",
                                        "limits",
                                        "list",
                                        "map",
                                        "memory",
                                        "mutex",
                                        "new",
                                        "numeric",
                                        "optional",
                                        "ostream",
                                        "queue",
                                        "random",
                                        "ranges",
                                        "regex",
                                        "semaphore",
                                        "set",
                                        "shared_mutex",
                                        "source_location",
                                        "span",
                                        "sstream",
                                        "stack",
                                        "stdexcept",
                                        "stop_token",
                                        "streambuf",
                                        "string",
                                        "string_view",
                                        "system_error",
                                        "thread",
                                        "tuple",
                                        "type_traits",
                                        "typeinfo",
                                        "unordered_map",
                                        "unordered_set",
                                        "utility",
                                        "variant",
                                        "vector",
                                        "version"};
const std::regex system_header(
    R"((sys|linux|netinet)/[a-z_]+\.h|(dirent|dlfcn|errno|fcntl|malloc|netdb|poll|pwd|sched|signal|spawn|stdio|stdlib|termios|time|unistd)\.h)");

/// The folders in backticks in the sentence about the system's own headers.
std::set<std::string> system_folders_of(const std::string& document) {
    std::set<std::string> folders;
    const std::size_t begin = document.find("The system's own headers");
    if (begin == std::string::npos) return folders;
    const std::string sentence = document.substr(begin, document.find("\n\n", begin) - begin);
    static const std::regex word("`([a-z]+)`");
    for (std::sregex_iterator at(sentence.begin(), sentence.end(), word), end; at != end; ++at)
        folders.insert((*at)[1]);
    return folders;
}

class Checker {
 public:
    explicit Checker(const fs::path& root) : root_(root), files_(source_files(root)) {
        const std::string document = text_of(root / "docs/architecture.md");
        for (const Row& row : table_after(document, "<!-- layers:")) {
            std::istringstream words(row.at(1));
            std::set<std::string>& allowed = layers_[row.at(0)];
            for (std::string word; words >> word;) allowed.insert(word);
            order_.push_back(row.at(0));
        }
        for (const Row& row : table_after(document, "<!-- third party:")) third_party_[row.at(0)] = row.at(1);
        system_folders_ = system_folders_of(document);
    }

    Faults faults() {
        if (layers_.empty() || third_party_.empty())
            return {"docs/architecture.md: the tables are not there"};
        check_table();
        for (const SourceFile& file : files_) check_file(file);
        for (const auto& [header, folder] : third_party_)
            if (!used_.contains(header)) fault("docs/architecture.md", "nobody includes " + header);
        check_circles();
        return faults_;
    }

 private:
    void fault(const std::string& where, const std::string& what) { faults_.push_back(where + ": " + what); }

    void check_table() {
        const std::string where = "docs/architecture.md";
        for (std::size_t i = 0; i < order_.size(); ++i) {
            const std::string& name = order_[i];
            if (name != "apps" && !fs::is_directory(root_ / "src" / name))
                fault(where, "there is no folder " + name);
            for (const std::string& below : layers_[name])
                if (std::find(order_.begin(), order_.begin() + static_cast<std::ptrdiff_t>(i), below) ==
                    order_.begin() + static_cast<std::ptrdiff_t>(i))
                    fault(where,
                          "the arrow from " + name + " to " + below + " does not point to an earlier row");
        }
        for (const auto& entry : fs::directory_iterator(root_ / "src"))
            if (entry.is_directory() && !layers_.contains(entry.path().filename().native()))
                fault(where, "folder " + entry.path().filename().native() + " has no row");
    }

    void check_file(const SourceFile& file) {
        std::istringstream lines(file.text);
        int number = 0;
        static const std::regex include(R"(^\s*#\s*include\s*([<"])([^>"]+)[>"].*)");
        for (std::string line; std::getline(lines, line);) {
            ++number;
            std::smatch match;
            if (!std::regex_match(line, match, include)) continue;
            const std::string where = file.name + ":" + std::to_string(number);
            if (match[1] == "\"")
                check_own(file, where, match[2]);
            else
                check_foreign(file, where, match[2]);
        }
    }

    void check_own(const SourceFile& file, const std::string& where, const std::string& header) {
        if (!fs::is_regular_file(root_ / "src" / header))
            return fault(where, "\"" + header + "\" is no path below src/");
        edges_[file.name].insert("src/" + header);
        const std::string target = header.substr(0, header.find('/'));
        if (target == file.layer || target == "base") return;
        if (!layers_[file.layer].contains(target))
            fault(where, file.layer + " may not include " + target + " (" + header + ")");
    }

    void check_foreign(const SourceFile& file, const std::string& where, const std::string& header) {
        for (const auto& [prefix, folder] : third_party_) {
            if (!header.starts_with(prefix)) continue;
            used_.insert(prefix);
            if (folder != file.layer) fault(where, "<" + header + "> belongs to " + folder);
            // What a header includes, everybody who includes it sees.
            if (file.name.ends_with(".hpp") && file.name != "src/base/text.hpp")
                fault(where, "<" + header + "> is included by a header");
            return;
        }
        if (cpp_headers.contains(header)) return;
        if (!std::regex_match(header, system_header))
            fault(where, "<" + header + "> is in no table");
        else if (!system_folders_.contains(file.layer))
            fault(where, "<" + header + "> is the system's, and " + file.layer + " may not include it");
    }

    void check_circles() {
        std::map<std::string, int> state;
        for (const SourceFile& file : files_) visit(file.name, state);
    }

    void visit(const std::string& name, std::map<std::string, int>& state) {
        if (state[name] == 2) return;
        if (state[name] == 1) return fault(name, "it includes itself, through others");
        state[name] = 1;
        for (const std::string& next : edges_[name]) visit(next, state);
        state[name] = 2;
    }

    fs::path root_;
    std::vector<SourceFile> files_;
    std::map<std::string, std::set<std::string>> layers_;
    std::vector<std::string> order_;
    std::map<std::string, std::string> third_party_;
    std::set<std::string> system_folders_;
    std::set<std::string> used_;
    std::map<std::string, std::set<std::string>> edges_;
    Faults faults_;
};

}  // namespace

std::vector<std::string> include_faults(const fs::path& root) {
    return Checker(root).faults();
}

}  // namespace bt2c::architecture
