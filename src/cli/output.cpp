#include "cli/output.hpp"

#include <algorithm>

namespace bt2c::cli {

void Output::fields(const std::vector<std::pair<std::string, Cell>>& fields, std::string_view indent) {
    std::size_t widest = 0;
    for (const auto& [name, value] : fields) widest = std::max(widest, display_width(name));
    for (const auto& [name, value] : fields)
        line("{}{}{}  {}", indent, styled(Style::dim, name), std::string(widest - display_width(name), ' '),
             styled(value.style, value.text));
}

}  // namespace bt2c::cli
