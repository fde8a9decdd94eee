#pragma once
// Where backups go besides the repository's own folder: the tables [[location]] of dr.toml.

#include <cstdint>
#include <filesystem>
#include <string>

namespace bt2c::config {

enum class LocationKind { folder, s3, sftp };
/// "folder", "s3", "sftp".
std::string_view kind_name(LocationKind kind);

/// One [[location]]; keys of another kind than its own are refused.
struct LocationSettings {
    std::string name;  ///< unique; 1 to 32 letters, digits, dots, hyphens, underscores; never "local"
    LocationKind kind = LocationKind::folder;
    /// `offsite`: not at the node's own site. Default: false for a folder, true for others.
    bool offsite = false;
    /// `price_per_gib_month`: of a GiB stored for a month, in the operator's own currency; 0: not known.
    double price_per_gib_month = 0;

    /// `path`: of a folder, absolute; of sftp, on the server, relative to the user's home there unless
    /// absolute.
    std::filesystem::path path;

    // s3
    std::string endpoint;  ///< URL; default: Amazon's of the region
    std::string bucket,
        prefix;          ///< `prefix`: in front of all names, without slashes at its ends; may be empty
    std::string region;  ///< default: AWS_REGION, else AWS_DEFAULT_REGION, else us-east-1
    bool virtual_host =
        false;  ///< `style`: "virtual" or "path"; default: virtual with Amazon's endpoint only
    std::string storage_class;        ///< empty: the bucket's own
    std::string profile = "default";  ///< of the credentials file; the variables AWS_* come first
    std::filesystem::path
        credentials_file;      ///< default: AWS_SHARED_CREDENTIALS_FILE, else ~/.aws/credentials
    int object_lock_days = 0;  ///< each object is kept so long by the service; 0: not asked for

    // sftp
    std::string host, user;  ///< `user`: default: the one this process runs as
    int port = 22;
    std::filesystem::path key_file;          ///< empty: only the agent's keys and the user's default ones
    std::filesystem::path known_hosts_file;  ///< empty: the user's own

    // s3 and sftp
    std::filesystem::path ca_file;  ///< s3: who may sign the server's certificate; empty: AWS_CA_BUNDLE, else
                                    ///< whom the system trusts
    int timeout_seconds = 30;       ///< for an answer, and for a transfer that does not move
    int retries = 5;                ///< of what may do better later; 0 to 20
    std::uint64_t upload_bytes_per_second = 0;  ///< 0: as fast as it goes

    friend bool operator==(const LocationSettings&, const LocationSettings&) = default;
};

}  // namespace bt2c::config
