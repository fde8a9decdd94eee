#pragma once
// What a service's refusal means, and what to do about it.

#include <string>

#include "base/error.hpp"
#include "platform/http.hpp"
#include "storage/s3/answers.hpp"

namespace bt2c::storage::s3 {

/// Another attempt may do better: the service is busy or broken.
bool is_passing(int status, const std::string& code);
/// The credentials are not valid any more; new ones may be.
bool is_expiry(int status, const std::string& code);

/// "ACTION: there is no such bucket", with what `host` said as the cause, and a hint.
base::Error refusal(const std::string& action, const std::string& host,
                    const platform::HttpResponse& response, const ServiceError& said, base::UnixMs now);

}  // namespace bt2c::storage::s3
