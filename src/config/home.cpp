#include "config/home.hpp"

#include <cerrno>
#include <cstdlib>
#include <system_error>

#include "base/error.hpp"
#include "base/text.hpp"

namespace bt2c::config {

using base::Error;
using base::ErrorKind;

Home locate_home(const std::optional<fs::path>& option) {
    fs::path root;
    if (option) {
        root = *option;
        if (root.empty()) throw Error(ErrorKind::usage, "--home names no folder");
    } else if (const char* named = std::getenv("BT2C_HOME"); named && *named) {
        root = named;
    } else if (const char* user = std::getenv("HOME"); user && *user) {
        root = fs::path(user) / ".bt2c";
    } else {
        throw Error(ErrorKind::usage,
                    "cannot tell where the node's home is: neither HOME nor BT2C_HOME is set")
            .hint("name it with --home");
    }
    fs::path whole = fs::absolute(root).lexically_normal();
    // "/srv/node/" and "/srv/node" are one home, and messages should show one name.
    if (!whole.has_filename()) whole = whole.parent_path();
    return {whole};
}

void require_home(const Home& home) {
    const auto unusable = [&](std::string what) {
        return Error(ErrorKind::failed, base::format("cannot use the node's home {}: {}",
                                                     base::printable(home.root.native()), std::move(what)));
    };
    std::error_code error;
    const fs::file_status status = fs::status(home.root, error);
    if (status.type() == fs::file_type::not_found)
        throw unusable("there is no such folder")
            .hint("name the home with --home or BT2C_HOME; 'bt2c-dr init --make-home' makes a new one");
    if (error) throw unusable("it cannot be reached").cause(error.message());
    if (status.type() != fs::file_type::directory)
        throw unusable("it is not a folder").hint("name the home with --home or BT2C_HOME");
    const fs::directory_iterator listing(home.root, error);
    if (error)
        throw unusable("it cannot be read")
            .cause(error.message())
            .hint("run as the user that the node runs as");
}

}  // namespace bt2c::config
