#pragma once
// Who we are to an S3 service, and where operators keep that: the variables and files that Amazon's own tools
// read.

#include <filesystem>
#include <string>

#include "crypto/secret.hpp"

namespace bt2c::storage::s3 {

struct Credentials {
    std::string access_key;
    crypto::SecretBytes secret_key;     ///< at most 512 bytes
    crypto::SecretBytes session_token;  ///< empty: none
};

/// AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN come first, unless `profile` or `file`
/// names something else: then only the file counts.
/// @param profile a section of the file; empty or "default": AWS_PROFILE, else "default"
/// @param file    empty: AWS_SHARED_CREDENTIALS_FILE, else ~/.aws/credentials
/// Throws Error(usage), which never shows a value, when there are none, when the file has a line that is none
/// (file and line are named), or when others than its owner and group may read it.
Credentials find_credentials(const std::string& profile, const std::filesystem::path& file);

}  // namespace bt2c::storage::s3
