#include "cli/error_report.hpp"

#include <algorithm>
#include <cerrno>

#include "base/text.hpp"
#include "cli/health_check.hpp"

namespace bt2c::cli {
namespace {

base::Json or_null(const std::string& text) {
    return text.empty() ? base::Json() : base::Json(text);
}

/// Of a path that cannot be looked at, the folder that keeps others out.
std::filesystem::path nearest_seen(std::filesystem::path path) {
    std::error_code error;
    while (std::filesystem::symlink_status(path, error).type() == std::filesystem::file_type::none &&
           path.has_relative_path())
        path = path.parent_path();
    return path;
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

bool is_of_rights(const std::filesystem::filesystem_error& failure) {
    return failure.code().value() == EACCES || failure.code().value() == EPERM;
}

base::Error unseen_error(const std::filesystem::filesystem_error& failure) {
    const std::filesystem::path& path = failure.path1();
    const int code = failure.code().value();
    base::Error error =
        base::system_error(base::format("cannot look at {}", base::printable(path.native())), code)
            .state("nothing further was done");
    error.hint(base::format("run the command as its owner, or put owner and mode right: ls -ld {}",
                            shell_word(nearest_seen(path).native())));
    return error;
}

}  // namespace bt2c::cli
