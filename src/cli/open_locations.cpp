#include "cli/open_locations.hpp"

#include <sys/stat.h>

#include <cerrno>

#include "base/error.hpp"
#include "base/text.hpp"
#include "storage/local/local_location.hpp"
#include "storage/s3/s3_location.hpp"
#include "storage/sftp/sftp_location.hpp"

namespace bt2c::cli {

using config::LocationKind;
using config::LocationSettings;
using storage::local::LocalLocation;

namespace {

/// Whether whoever is on the way sees names, sizes and times.
bool is_unencrypted(const LocationSettings& settings) {
    constexpr std::string_view http = "http://";
    if (settings.kind != LocationKind::s3 || !settings.endpoint.starts_with(http)) return false;
    const std::string_view host = std::string_view(settings.endpoint).substr(http.size());
    return !host.starts_with("127.") && !host.starts_with("[::1]") &&
           host.substr(0, host.find(':')) != "localhost";
}

std::shared_ptr<storage::Location> open_location(const LocationSettings& settings) {
    switch (settings.kind) {
        case LocationKind::folder: return std::make_shared<LocalLocation>(settings.path);
        case LocationKind::s3:
            return std::make_shared<storage::s3::S3Location>(
                storage::s3::Options{.endpoint = settings.endpoint,
                                     .bucket = settings.bucket,
                                     .prefix = settings.prefix,
                                     .region = settings.region,
                                     .virtual_host = settings.virtual_host,
                                     .storage_class = settings.storage_class,
                                     .credentials =
                                         [profile = settings.profile, file = settings.credentials_file] {
                                             return storage::s3::find_credentials(profile, file);
                                         },
                                     .ca_file = settings.ca_file,
                                     .timeout_ms = settings.timeout_seconds * 1000,
                                     .retries = settings.retries,
                                     .upload_bytes_per_second = settings.upload_bytes_per_second,
                                     .object_lock_days = settings.object_lock_days});
        case LocationKind::sftp:
            return std::make_shared<storage::sftp::SftpLocation>(
                storage::sftp::Options{.host = settings.host,
                                       .port = settings.port,
                                       .user = settings.user,
                                       .path = settings.path.native(),
                                       .key_file = settings.key_file,
                                       .known_hosts_file = settings.known_hosts_file,
                                       .timeout_ms = settings.timeout_seconds * 1000,
                                       .retries = settings.retries,
                                       .upload_bytes_per_second = settings.upload_bytes_per_second});
    }
    BT2C_ASSERT(false);
}

}  // namespace

std::vector<OpenedLocation> open_locations(const config::Settings& settings) {
    std::vector<OpenedLocation> opened;
    if (!settings.repository.empty())
        opened.push_back(
            {{"local", std::make_shared<LocalLocation>(settings.repository), false, 1}, {.kind = "folder"}});
    for (const LocationSettings& location : settings.locations) {
        const bool remote = location.kind != LocationKind::folder;
        auto place = open_location(location);
        const unsigned uploads = place->puts_at_once();
        opened.push_back({{location.name, std::move(place), remote, uploads},
                          {.kind = std::string(config::kind_name(location.kind)),
                           .offsite = location.offsite,
                           .price_per_gib_month = location.price_per_gib_month,
                           .unencrypted = is_unencrypted(location)}});
    }
    return opened;
}

bool same_folder(const std::filesystem::path& a, const std::filesystem::path& b) {
    std::error_code error;
    const auto one = std::filesystem::weakly_canonical(a, error);
    if (error) return false;
    const auto other = std::filesystem::weakly_canonical(b, error);
    return !error && (one == other || std::filesystem::equivalent(one, other, error));
}

bool on_one_disk(const std::filesystem::path& a, const std::filesystem::path& b) {
    const auto disk_of = [](std::filesystem::path path, dev_t& disk) {
        struct stat info {};
        // What is not there yet will be on its parent's.
        while (::stat(path.c_str(), &info) != 0)
            if (errno != ENOENT || !path.has_relative_path())
                return false;
            else
                path = path.parent_path();
        disk = info.st_dev;
        return true;
    };
    dev_t first = 0, second = 0;
    return disk_of(a, first) && disk_of(b, second) && first == second;
}

}  // namespace bt2c::cli
