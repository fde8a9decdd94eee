#include "cli/own_program.hpp"

#include <string_view>

namespace bt2c::cli {

std::filesystem::path own_program() {
    constexpr std::string_view replaced = " (deleted)";
    std::string path = std::filesystem::read_symlink("/proc/self/exe").native();
    if (path.ends_with(replaced)) path.resize(path.size() - replaced.size());
    return path;
}

std::vector<std::string> own_options(const Context& context) {
    std::vector<std::string> options{"--home", context.home_unchecked().root.native()};
    if (const auto& config = context.globals().config)
        options.insert(options.end(),
                       {"--config", std::filesystem::absolute(*config).lexically_normal().native()});
    if (const auto network = context.network()) options.insert(options.end(), {"--network", *network});
    return options;
}

}  // namespace bt2c::cli
