#include "cli/unfit_target.hpp"

#include "base/text.hpp"
#include "cli/open_locations.hpp"

namespace bt2c::cli {
namespace {

namespace fs = std::filesystem;

/// Whether the file is the folder or lies in it, by whatever names they go.
bool is_within(const fs::path& file, const fs::path& folder) {
    std::error_code error;
    for (fs::path at = fs::weakly_canonical(fs::absolute(file), error); !error && at.has_relative_path();
         at = at.parent_path())
        if (same_folder(at, folder)) return true;
    return false;
}

}  // namespace

std::string unfit_target(const Context& context, const fs::path& path) {
    const config::Home& home = context.home_unchecked();
    for (const char* name : {"data", "config", "keys", "wallets", "network"})
        if (is_within(path, home.root / name)) return base::format("it lies in the home's folder {}/", name);
    // A link may lead from there to it.
    std::error_code unseen;
    for (const fs::path& own :
         {home.database(), home.key_file(), home.write_key_file(), home.settings_file()})
        if (fs::equivalent(path, own, unseen))
            return "it is the home's " + own.lexically_relative(home.root).native();
    const config::Settings& settings = context.settings();
    if (!settings.repository.empty() && is_within(path, settings.repository))
        return "it lies in the repository's folder";
    for (const config::LocationSettings& location : settings.locations)
        if (location.kind == config::LocationKind::folder && is_within(path, location.path))
            return base::format("it lies in the folder of location '{}'", location.name);
    return {};
}

}  // namespace bt2c::cli
