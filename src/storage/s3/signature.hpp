#pragma once
// AWS Signature Version 4 in the Authorization header, for one chunk.

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.hpp"
#include "storage/s3/credentials.hpp"

namespace bt2c::storage::s3 {

/// All but letters, digits and "-._~" as %XX; '/' too, unless it may stay.
std::string uri_encoded(std::string_view text, bool keep_slashes);

/// Names and values as they are; encoded and sorted as both the URL and the signature want them.
std::string canonical_query(const std::vector<std::pair<std::string, std::string>>& query);

/// "20130524T000000Z", for the header x-amz-date.
std::string amz_date(base::UnixMs time);

struct ToSign {
    std::string method;
    std::string path;                            ///< encoded, from '/'
    std::string query;                           ///< canonical_query(), or empty
    std::map<std::string, std::string> headers;  ///< names in lower case; "host" among them; all are signed
    std::string payload_sha256;                  ///< hex
    std::string region;
    base::UnixMs time = 0;
};

/// The value of the Authorization header.
std::string authorization(const ToSign& request, const Credentials& credentials);

}  // namespace bt2c::storage::s3
