#include "verify/page_check.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <tuple>

#include "base/text.hpp"
#include "verify/cells.hpp"

namespace bt2c::verify {

using base::format;
using chaindb::sqlite::Connection;
using chaindb::sqlite::Step;

namespace {

/// The number after `word` in `text`, case not minded; 0 when there is none.
std::int64_t number_after(std::string_view text, std::string_view word) {
    const std::size_t at = text.find(word);
    std::int64_t number = 0;
    if (at != std::string_view::npos)
        std::from_chars(text.data() + at + word.size(), text.data() + text.size(), number);
    return number;
}

/// Names the tables of SQLite's messages, which tell the trees' root pages.
class TreeNames {
 public:
    explicit TreeNames(Connection& connection) {
        auto query =
            connection.try_prepare("SELECT rootpage, tbl_name FROM sqlite_master WHERE rootpage > 0");
        while (query && query->step() == Step::row)
            names_.emplace(query->integer(0), describe_cell(*query, 1));
    }
    std::string table_of(std::string_view message) const {
        const auto found = names_.find(number_after(message, "ree "));
        return found == names_.end() ? std::string() : found->second;
    }

 private:
    std::map<std::int64_t, std::string> names_;
};

std::string limit_text(std::size_t examples_max) {
    static constexpr std::size_t messages_max = 1'000'000;
    return std::to_string(std::clamp<std::size_t>(examples_max, 1, messages_max));
}

}  // namespace

void check_pages(Context& context) {
    Connection connection = context.source.open();
    const TreeNames trees(connection);
    FindingBook book(context.options.examples_max);
    std::int64_t number = 0;
    const auto report = [&](std::string_view message) {
        book.add(Check::database_pages, {0, ++number}, [&] {
            const std::int64_t page = number_after(message, "age ");
            Finding finding;
            finding.table = trees.table_of(message);
            finding.key = page == 0 ? std::string() : format("page {}", page);
            finding.expected = "pages as SQLite builds them";
            finding.found = describe_text(message);
            finding.text = "the database's structure is damaged";
            return finding;
        });
    };
    // SQLite stops after as many messages as are asked for; its own limit is 100.
    auto query =
        connection.try_prepare("PRAGMA quick_check(" + limit_text(context.options.examples_max) + ")");
    if (!query) report("no page can be read");
    while (query) {
        const Step step = query->step();
        if (step == Step::done) break;
        if (step == Step::damaged) {
            report("the check itself met damage that stopped it");
            break;
        }
        std::string_view lines = query->text(0);
        if (lines == "ok") break;
        while (!lines.empty()) {
            const std::string_view line = lines.substr(0, lines.find('\n'));
            lines.remove_prefix(std::min(lines.size(), line.size() + 1));
            if (!line.empty() && !line.starts_with("***")) report(line);
        }
    }
    context.merge(std::move(book));
}

void report_damage(Context& context) {
    // Several threads and passes may have met the same damage.
    std::sort(context.damage.begin(), context.damage.end(), [](const auto& a, const auto& b) {
        return std::tie(a.table, a.range.first) < std::tie(b.table, b.range.first);
    });
    std::vector<Context::Damage> merged;
    for (const Context::Damage& damage : context.damage) {
        if (!merged.empty() && merged.back().table == damage.table &&
            damage.range.first <= merged.back().range.last)
            merged.back().range.last = std::max(merged.back().range.last, damage.range.last);
        else
            merged.push_back(damage);
    }
    FindingBook book(context.options.examples_max);
    for (const Context::Damage& damage : merged) {
        const auto [first, last] = damage.range;
        book.add(Check::database_pages, {-1, first}, [&, first = first, last = last] {
            Finding finding;
            finding.table = damage.table;
            finding.key = last == std::numeric_limits<std::int64_t>::max()
                              ? format("rowids from {} on", first)
                          : first == last ? format("rowid {}", first)
                                          : format("rowids {} to {}", first, last);
            finding.expected = "rows that can be read";
            finding.found = "damaged pages";
            finding.text = "rows cannot be read, and were not checked";
            return finding;
        });
    }
    context.merge(std::move(book));
}

}  // namespace bt2c::verify
