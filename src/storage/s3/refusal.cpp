#include "storage/s3/refusal.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <string_view>

#include "base/text.hpp"

namespace bt2c::storage::s3 {

using base::Error;
using base::ErrorKind;
using base::format;

namespace {

struct Meaning {
    std::string_view code, what, hint;
};

constexpr std::string_view full = "the service has no room left";
constexpr std::string_view full_hint = "make room there or raise its quota, then run the same command again";
constexpr std::string_view elsewhere = "the bucket belongs to another region or endpoint";
constexpr std::string_view expired = "the credentials have expired";
constexpr std::string_view expired_hint =
    "renew them in the credentials file, which is read again by itself, or in the environment";

constexpr std::array meanings{
    Meaning{"NoSuchBucket", "there is no such bucket",
            "make the bucket, or correct its name, endpoint or region"},
    Meaning{
        "AccessDenied", "access is denied",
        "these credentials may not do that: look at the policies of the user and the bucket, and at locks "
        "of the object"},
    Meaning{"UserSuspended", "the service has suspended the user", "ask whoever runs the service"},
    Meaning{"AllAccessDisabled", "access is denied", "the bucket's owner has disabled it"},
    Meaning{"InvalidAccessKeyId", "the service does not know the access key",
            "correct the credentials, or the endpoint that they belong to"},
    Meaning{
        "SignatureDoesNotMatch", "the service does not take our signature",
        "the secret key is wrong; or the region is, or something between here and there changes requests"},
    Meaning{"ExpiredToken", expired, expired_hint},
    Meaning{"ExpiredTokenException", expired, expired_hint},
    Meaning{"TokenRefreshRequired", expired, expired_hint},
    Meaning{"InvalidToken", "the service does not take the session token", expired_hint},
    Meaning{"PermanentRedirect", elsewhere, {}},
    Meaning{"TemporaryRedirect", elsewhere, {}},
    Meaning{"AuthorizationHeaderMalformed", elsewhere, {}},
    Meaning{"IllegalLocationConstraintException", elsewhere, {}},
    Meaning{"QuotaExceeded", full, full_hint},
    Meaning{"InsufficientStorage", full, full_hint},
    Meaning{"InsufficientCapacity", full, full_hint},
    Meaning{"XMinioStorageFull", full, full_hint},
    Meaning{"EntityTooLarge", "the object is too large for the service, or its quota is used up", full_hint},
    Meaning{"InvalidStorageClass", "the service has no such storage class", "correct storage_class"},
    Meaning{
        "InvalidObjectState", "the object is in an archive that cannot be read at once",
        "restore it from the archive in the service's console; use a storage class that can be read at once"},
    Meaning{"InvalidBucketName", "that is no name of a bucket", "correct it"},
    Meaning{"NotImplemented", "the service cannot do that", {}},
};

Meaning meaning_of(int status, const std::string& code) {
    const auto found = std::ranges::find(meanings, code, &Meaning::code);
    if (found != meanings.end()) return *found;
    if (status == 507) return {{}, full, full_hint};
    if (status == 413) return meaning_of(0, "EntityTooLarge");
    if (status == 301 || status == 307 || status == 308) return {{}, elsewhere, {}};
    if (status == 401 || status == 403) return meaning_of(0, "AccessDenied");
    if (is_passing(status, code)) return {{}, "the service is not well", "run the same command again later"};
    return {{}, "the service refuses it", "is the endpoint that of an S3 service?"};
}

/// Whose clock is wrong cannot be told from here.
std::string skew(const std::string& theirs, base::UnixMs now) {
    const auto there = platform::parse_http_date(theirs);
    if (!there) return "this machine's clock or the service's is wrong";
    return format("the service's clock says {}, this machine's {}: one is off by {} minutes",
                  base::format_utc(*there), base::format_utc(now / 1000 * 1000),
                  (std::abs(*there - now) + 30'000) / 60'000);
}

}  // namespace

bool is_passing(int status, const std::string& code) {
    constexpr std::array<std::string_view, 9> passing{
        "SlowDown",           "RequestTimeout", "InternalError",
        "ServiceUnavailable", "Throttling",     "ThrottlingException",
        "TooManyRequests",    "BadDigest",      "ConditionalRequestConflict"};
    return status == 429 || status == 500 || status == 502 || status == 503 || status == 504 ||
           std::ranges::find(passing, code) != passing.end();
}

bool is_expiry(int status, const std::string& code) {
    constexpr std::array<std::string_view, 5> expiries{"ExpiredToken", "ExpiredTokenException",
                                                       "TokenRefreshRequired", "InvalidToken",
                                                       "InvalidAccessKeyId"};
    return status >= 400 && std::ranges::find(expiries, code) != expiries.end();
}

Error refusal(const std::string& action, const std::string& host, const platform::HttpResponse& response,
              const ServiceError& said, base::UnixMs now) {
    const std::string words = said.code.empty()      ? std::string()
                              : said.message.empty() ? " " + said.code
                                                     : format(" {}: {}", said.code, said.message);
    const std::string cause = format("{} answered {}{}", host, response.status, words);
    if (said.code == "RequestTimeTooSkewed" || said.code == "RequestExpired")
        return Error(ErrorKind::failed, format("{}: the clocks do not agree", action))
            .cause(format("{}; {}", cause, skew(response.header("date"), now)))
            .hint("set this machine's clock (timedatectl); if it is right, the service's is not");
    const Meaning meaning = meaning_of(response.status, said.code);
    std::string hint(meaning.hint);
    if (meaning.what == elsewhere) {
        const std::string region = response.header("x-amz-bucket-region");
        hint = region.empty() ? "set the region and endpoint of the bucket"
                              : format("set region = \"{}\"", base::printable(region.substr(0, 64)));
    }
    return Error(ErrorKind::failed, format("{}: {}", action, meaning.what)).cause(cause).hint(hint);
}

}  // namespace bt2c::storage::s3
