#include "config/toml_value.hpp"

#include <toml++/toml.h>

#include <algorithm>
#include <cstdlib>

#include "base/text.hpp"

namespace bt2c::config {

using base::Error;
using base::ErrorKind;
using base::format;
using base::printable;

namespace {

const toml::node& of(const void* node) {
    return *static_cast<const toml::node*>(node);
}

/// An http or https address without a slash at its end; empty when it is none.
std::string url_in(const toml::node& node) {
    std::string url = node.value_exact<std::string>().value_or("");
    if (!url.starts_with("http://") && !url.starts_with("https://")) return {};
    while (url.ends_with('/')) url.pop_back();
    return url;
}

}  // namespace

Error TomlValue::error(std::string_view what) const {
    return Error(ErrorKind::usage,
                 format("cannot use {} line {}: '{}' must be {}", printable(file.native()), line, key, what));
}

bool TomlValue::is_table() const {
    return of(node).is_table();
}

std::vector<TomlValue> TomlValue::members(const std::string& prefix) const {
    const toml::table* const table = of(node).as_table();
    if (!table) throw error(format("a table: [{}]", key));
    std::vector<TomlValue> values;
    for (const auto& [name, value] : *table)
        values.push_back({file, home, prefix + std::string(name.str()), &value, name.source().begin.line});
    return values;
}

std::vector<TomlValue> TomlValue::tables(std::size_t most) const {
    const toml::array* const list = of(node).as_array();
    if (is_table()) throw error(format("a table of its own each time, in two brackets: [[{}]]", key));
    if (!list || !list->is_array_of_tables() || list->size() > most)
        throw error(format("at most {} tables: [[{}]]", most, key));
    std::vector<TomlValue> values;
    for (const toml::node& element : *list)
        values.push_back({file, home, key, &element, element.source().begin.line});
    return values;
}

std::string TomlValue::text() const {
    const auto text = of(node).value_exact<std::string>();
    if (!text || text->empty()) throw error("a text in quotes, and not empty");
    return *text;
}

std::string TomlValue::word_of(const std::vector<std::string>& words) const {
    std::string list;
    for (std::size_t i = 0; i < words.size(); ++i)
        list += format("{}\"{}\"", i == 0 ? "" : i + 1 == words.size() ? " or " : ", ", words[i]);
    const auto word = of(node).value_exact<std::string>();
    if (!word || std::ranges::find(words, *word) == words.end()) throw error(list);
    return *word;
}

std::string TomlValue::name(std::size_t most) const {
    std::string name = text();
    const bool good = name.size() <= most && std::ranges::all_of(name, [](char c) {
                          return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                                 c == '.' || c == '-' || c == '_';
                      });
    if (!good) throw error(format("1 to {} letters, digits, dots, hyphens or underscores", most));
    return name;
}

fs::path TomlValue::path() const {
    const auto text = of(node).value_exact<std::string>();
    if (!text || text->empty()) throw error("a path in quotes, and not empty");
    fs::path path(*text);
    if (const char* user = std::getenv("HOME"); user && text->starts_with("~/"))
        path = fs::path(user) / text->substr(2);
    path = (home.root / path).lexically_normal();
    return path.has_filename() ? path : path.parent_path();  // one spelling for one place
}

bool TomlValue::flag() const {
    const auto flag = of(node).value_exact<bool>();
    if (!flag) throw error("true or false");
    return *flag;
}

int TomlValue::integer(int least, int most) const {
    const auto number = of(node).value_exact<std::int64_t>();
    if (!number) throw error("a whole number");
    if (*number < least || *number > most) throw error(format("{} to {}", least, most));
    return static_cast<int>(*number);
}

double TomlValue::number(double least, double most) const {
    const auto number = of(node).is_number() ? of(node).value<double>() : std::nullopt;
    if (!number || !(*number >= least) || !(*number <= most))
        throw error(format("a number from {} to {}", least, most));
    return *number;
}

std::vector<std::string> TomlValue::texts(std::size_t most) const {
    const std::string what = format("a list of at most {} texts in quotes", most);
    const toml::array* const list = of(node).as_array();
    if (!list || list->size() > most) throw error(what);
    std::vector<std::string> texts;
    for (const toml::node& entry : *list) {
        const auto text = entry.value_exact<std::string>();
        if (!text || text->empty()) throw error(what);
        texts.push_back(*text);
    }
    return texts;
}

std::string TomlValue::url() const {
    std::string url = url_in(of(node));
    if (url.empty()) throw error("a URL that begins with http:// or https://");
    return url;
}

std::vector<std::string> TomlValue::urls() const {
    const toml::array* const list = of(node).as_array();
    if (!list || list->empty()) throw error("a list of URLs");
    std::vector<std::string> urls;
    for (const toml::node& element : *list) {
        urls.push_back(url_in(element));
        if (urls.back().empty()) throw error("a list of URLs that begin with http:// or https://");
    }
    return urls;
}

struct TomlFile::Table {
    toml::table table;
};

TomlFile::TomlFile(std::string_view text, const fs::path& file, const Home& home) : file_(file), home_(home) {
    try {
        table_ = std::make_unique<const Table>(Table{toml::parse(text)});
    } catch (const toml::parse_error& error) {
        throw Error(ErrorKind::usage, format("cannot use {} line {}: it is not TOML",
                                             printable(file.native()), error.source().begin.line))
            .cause(printable(error.description()))
            .hint(no_toml_hint);
    }
}

TomlFile::~TomlFile() = default;

TomlValue TomlFile::root() const {
    const toml::node& node = table_->table;
    return {file_, home_, "", &node, 1};
}

Error unknown_setting(const TomlValue& value, const std::vector<std::string>& known, std::string nearest) {
    Error error(ErrorKind::usage, format("cannot use {} line {}: there is no setting '{}'",
                                         printable(value.file.native()), value.line, printable(value.key)));
    if (nearest.empty()) nearest = base::nearest_word(value.key, known);
    if (!nearest.empty()) return std::move(error).hint(format("did you mean '{}'?", nearest));
    std::string list;
    for (const std::string& name : known) list += (list.empty() ? "" : ", ") + name;
    return std::move(error).hint(format("the settings are: {}", list));
}

}  // namespace bt2c::config
