#pragma once
// The result of a command as people read it; collected, then written to stdout in one go.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text.hpp"
#include "cli/table.hpp"
#include "cli/terminal.hpp"

namespace bt2c::cli {

class Output {
 public:
    explicit Output(const Terminal& terminal) : terminal_(terminal) {}

    /// One line, formatted as by base::format.
    template <typename... Args>
    void line(fmt::format_string<Args...> pattern, Args&&... args) {
        text_ += base::format(pattern, std::forward<Args>(args)...) + "\n";
    }
    void line() { text_ += "\n"; }
    /// Text that is ready, line ends included.
    void raw(std::string_view text) { text_ += text; }
    /// "name   value" lines, the values in one column.
    void fields(const std::vector<std::pair<std::string, Cell>>& fields, std::string_view indent = "  ");
    void table(const Table& table, std::string_view indent = "") { text_ += table.text(terminal_, indent); }
    /// A text in that style, to be put into a line.
    std::string styled(Style style, std::string_view text) const { return terminal_.styled(style, text); }

    const std::string& text() const { return text_; }

 private:
    const Terminal& terminal_;
    std::string text_;
};

}  // namespace bt2c::cli
