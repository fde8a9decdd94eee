#include "cli/context.hpp"

#include "cli/locations.hpp"
#include "cli/own_program.hpp"
#include "cli/progress_bar.hpp"

namespace bt2c::cli {

Context::Context(const GlobalOptions& options, Console& console)
    : options_(options), console_(console), home_(config::locate_home(options.home)) {}

Context::~Context() = default;

const config::Home& Context::home() const {
    config::require_home(home_);
    return home_;
}

const config::Settings& Context::settings() const {
    if (!settings_) settings_ = config::load_settings(home_, options_.config);
    return *settings_;
}

Locations& Context::locations(const std::vector<std::string>& start_anew) {
    if (!locations_) locations_ = std::make_unique<Locations>(settings(), home_, progress(), start_anew);
    return *locations_;
}

std::optional<std::string> Context::network() const {
    if (options_.network.empty()) return std::nullopt;
    return options_.network;
}

base::Progress& Context::progress() {
    if (!progress_) {
        if (options_.quiet)
            progress_ = std::make_unique<base::SilentProgress>();
        else
            progress_ = std::make_unique<ProgressBar>(
                console_.err, ProgressBar::Clock::now,
                [this](const std::string& note) { return with_given_options(note, options_); });
    }
    return *progress_;
}

}  // namespace bt2c::cli
