#include "cli/error_report.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace bt2c::cli {
namespace {

base::Json or_null(const std::string& text) {
    return text.empty() ? base::Json() : base::Json(text);
}

}  // namespace

std::string error_text(const base::Error& error, const Terminal& terminal) {
    std::string text =
        "bt2c-dr: " + terminal.styled(Style::red, "error:") + " " + base::printable(error.message()) + "\n";
    const auto line = [&](const char* name, const std::string& what) {
        if (what.empty()) return;
        text += "  " + terminal.styled(Style::bold, name);
        // Lines to be copied into a file stay lines.
        for (std::size_t at = 0, end; at <= what.size(); at = end + 1) {
            end = std::min(what.find('\n', at), what.size());
            if (at > 0 && at == what.size()) break;
            text += (at > 0 ? "         " : "") + base::printable(what.substr(at, end - at)) + "\n";
        }
    };
    line("cause: ", error.cause());
    line("state: ", error.state());
    line("hint:  ", error.hint());
    return text;
}

base::Json error_document(const base::Error& error) {
    return base::Json::object({{"error", base::Json::object({{"kind", base::kind_name(error.kind())},
                                                             {"message", error.message()},
                                                             {"cause", or_null(error.cause())},
                                                             {"state", or_null(error.state())},
                                                             {"hint", or_null(error.hint())}})}});
}

}  // namespace bt2c::cli
