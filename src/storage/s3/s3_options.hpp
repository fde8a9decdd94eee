#pragma once
// Where an S3 bucket is and how it is to be used.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "storage/s3/credentials.hpp"

namespace bt2c::storage::s3 {

struct Options {
    /// "https://host" or "http://host", with a port perhaps, and no path. Empty: Amazon's of the region.
    std::string endpoint = {};
    std::string bucket = {};
    std::string prefix = {};         ///< in front of all names, without slashes at its ends; may be empty
    std::string region = {};         ///< empty: AWS_REGION, else AWS_DEFAULT_REGION, else us-east-1
    bool virtual_host = false;       ///< the bucket stands in the host's name instead of the path
    std::string storage_class = {};  ///< empty: the bucket's own
    /// Asked before the first request, and again when the service says that they are not valid any more.
    std::function<Credentials()> credentials = [] { return find_credentials({}, {}); };
    std::filesystem::path ca_file = {};  ///< who may sign the server's certificate; empty: AWS_CA_BUNDLE,
                                         ///< else whom the system trusts
    int timeout_ms = 30'000;             ///< for a connection to be made, and for one on which nothing moves
    int retries = 5;                     ///< of what may do better later
    int backoff_ms = 200;                ///< the first wait at most; each next one at most twice as long, or
                                         ///< three times where the service was well just before
    std::uint64_t upload_bytes_per_second = 0;  ///< of all threads together; 0: as fast as it goes
    /// So long the service refuses to remove each object but those of `intents/`, `ended/` and `sweeps/`,
    /// from the time it is stored;
    /// 0: not asked for. The mode is COMPLIANCE: a lock that a stolen administrator's key can lift
    /// (GOVERNANCE) does not guard against who has stolen it. It cannot be taken back.
    int object_lock_days = 0;
};

}  // namespace bt2c::storage::s3
