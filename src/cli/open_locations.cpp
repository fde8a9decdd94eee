#include "cli/open_locations.hpp"

#include "base/text.hpp"
#include "storage/local/local_location.hpp"

namespace bt2c::cli {

using config::LocationKind;
using config::LocationSettings;
using storage::local::LocalLocation;

namespace {

/// Objects that are stored side by side where each waits for an answer over a network.
constexpr unsigned remote_uploads = 4;

std::shared_ptr<storage::Location> open_location(const LocationSettings& settings) {
    switch (settings.kind) {
        case LocationKind::folder: return std::make_shared<LocalLocation>(settings.path);
        case LocationKind::s3:
        case LocationKind::sftp: break;
    }
    throw base::Error(base::ErrorKind::usage,
                      base::format("cannot use location '{}': this program cannot store in kind \"{}\"",
                                   settings.name, config::kind_name(settings.kind)));
}

}  // namespace

std::vector<OpenedLocation> open_locations(const config::Settings& settings) {
    std::vector<OpenedLocation> opened;
    if (!settings.repository.empty())
        opened.push_back(
            {{"local", std::make_shared<LocalLocation>(settings.repository), false, 1}, {"folder", false}});
    for (const LocationSettings& location : settings.locations) {
        const bool remote = location.kind != LocationKind::folder;
        opened.push_back({{location.name, open_location(location), remote, remote ? remote_uploads : 1},
                          {std::string(config::kind_name(location.kind)), location.offsite}});
    }
    return opened;
}

}  // namespace bt2c::cli
