#include "storage/s3/s3_location.hpp"

#include <algorithm>
#include <charconv>
#include <functional>
#include <limits>
#include <unordered_set>

#include "base/error.hpp"
#include "base/progress.hpp"
#include "base/text.hpp"
#include "crypto/base64.hpp"
#include "crypto/hash.hpp"
#include "storage/list_bound.hpp"
#include "storage/object_name.hpp"
#include "storage/s3/object_upload.hpp"
#include "storage/s3/refusal.hpp"

namespace bt2c::storage::s3 {

using base::Error;
using base::ErrorKind;
using base::format;

namespace {

constexpr std::size_t object_bytes_max = std::size_t{256} << 20;
constexpr std::size_t page_bytes_max = std::size_t{8} << 20;
constexpr std::size_t pages_max = 10'000;  // services give 1,000 names in each
/// Some services give such where removed objects have left versions.
constexpr std::size_t empty_pages_max = 1'000;
/// How often an object is stored anew that did not arrive as it was sent.
constexpr int stored_wrong_max = 3;
/// The MD5 of what was sent, kept with an object: what a service calls its ETag is not always one.
constexpr std::string_view sent_header = "x-amz-meta-bt2c-md5";
constexpr std::string_view locked_header = "x-amz-object-lock-retain-until-date";
constexpr base::UnixMs second_ms = 1000;
constexpr base::UnixMs day_ms = 86'400 * second_ms;

template <typename T>
std::optional<T> number(std::string_view text) {
    T value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

/// The MD5 (hex) that a service gives for an object; empty where its ETag is something else.
std::string md5_of(const platform::HttpResponse& response) {
    std::string etag = base::ascii_lower(response.header("etag"));
    std::erase(etag, '"');
    const bool keyed = response.header("x-amz-server-side-encryption").starts_with("aws:kms") ||
                       !response.header("x-amz-server-side-encryption-customer-algorithm").empty();
    return !keyed && etag.size() == 32 && base::from_hex(etag) ? etag : std::string();
}

/// Whole seconds, as services keep it.
std::string lock_time(base::UnixMs until) {
    return base::format_utc((until + second_ms - 1) / second_ms * second_ms);
}

}  // namespace

/// What the service says of an object.
struct S3Location::Head {
    std::uint64_t bytes = 0;
    std::string md5, sent;  ///< of what it keeps, and of what was sent; hex, empty where it says nothing
    std::optional<base::UnixMs> locked_until;
};

/// Tells what we send from all else.
struct S3Location::Fingerprint {
    std::uint64_t bytes;
    crypto::DigestMd5 md5;

    explicit Fingerprint(base::ByteView contents) : bytes(contents.size()), md5(crypto::md5(contents)) {}
    /// Whoever stored it sent what we send.
    bool sent_as(const Head& head) const { return head.sent == base::to_hex(md5); }
    bool whole(const Head& head) const {
        return head.bytes == bytes && (head.md5.empty() || head.md5 == base::to_hex(md5));
    }
};

/// While it lives no other thread of this location writes that name.
class S3Location::Writing {
 public:
    Writing(S3Location& location, const std::string& name) : location_(location), name_(name) {
        std::unique_lock lock(location_.mutex_);
        while (location_.writing_.contains(name_)) {
            base::throw_if_interrupted();
            location_.written_.wait_for(lock, std::chrono::milliseconds(100));
        }
        location_.writing_.insert(name_);
    }
    ~Writing() {
        const std::lock_guard lock(location_.mutex_);
        location_.writing_.erase(name_);
        location_.written_.notify_all();
    }
    Writing(const Writing&) = delete;
    Writing& operator=(const Writing&) = delete;

 private:
    S3Location& location_;
    const std::string& name_;
};

S3Location::S3Location(Options options) : client_(std::move(options)) {}

std::string S3Location::describe() const {
    const Options& options = client_.options();
    return format("s3://{}{}{} at {}", options.bucket, options.prefix.empty() ? "" : "/",
                  base::printable(options.prefix), client_.host());
}

std::string S3Location::if_emptied() const {
    return "did somebody remove its objects? A bucket with versions still has them: see 'Removed or written "
           "over' in the handbook's s3.md.";
}

std::string S3Location::key_of(const std::string& name) const {
    if (!is_object_name(name))
        throw Error(ErrorKind::failed, format("'{}' is no object name", base::printable(name)));
    return client_.options().prefix.empty() ? name : client_.options().prefix + '/' + name;
}

std::string S3Location::cannot(std::string_view what, const std::string& name) const {
    return format("cannot {} {} in {}", what, name, describe());
}

std::nullopt_t S3Location::absent(const Answer& answer, const std::string& action) {
    const bool silent = answer.said.code.empty() && answer.response.body.empty();
    if (answer.said.code == "NoSuchKey")
        bucket_seen_ = true;
    else if (!silent)
        throw refusal(action, client_.host(), answer.response, answer.said, base::now_unix_ms());
    if (!bucket_seen_) static_cast<void>(list_page({}, {}, 1, action));
    return std::nullopt;
}

std::optional<S3Location::Head> S3Location::head(const std::string& name, const std::string& action,
                                                 int retries_max) {
    const Answer answer =
        client_.send({.method = "HEAD", .key = key_of(name), .retries_max = retries_max}, action, {404});
    if (answer.status() == 404) return absent(answer, action);
    bucket_seen_ = true;
    const auto bytes = number<std::uint64_t>(answer.response.header("content-length"));
    if (!bytes)
        throw Error(ErrorKind::failed, format("{}: the service does not say how long the object is", action));
    Head head{*bytes, md5_of(answer.response), answer.response.header(sent_header), std::nullopt};
    const std::string until = answer.response.header(locked_header);
    if (!until.empty()) head.locked_until = base::parse_utc(until.substr(0, 19) + "Z");
    return head;
}

bool S3Location::put(const std::string& name, base::ByteView contents) {
    const std::string action = cannot("store", name);
    if (contents.size() > object_bytes_max)
        throw Error(ErrorKind::failed,
                    format("{}: it is larger than {}", action, base::human_size(object_bytes_max)));
    const Writing writing(*this, name);
    if (client_.options().object_lock_days > 0) require_object_lock(action);
    if (head(name, action)) return false;
    return put_alone(name, contents, action);
}

bool S3Location::put_alone(const std::string& name, base::ByteView contents, const std::string& action) {
    const Fingerprint ours(contents);
    // These are meant to go soon.
    const bool passing =
        name.starts_with("intents/") || name.starts_with("ended/") || name.starts_with("sweeps/");
    const int days = passing ? 0 : client_.options().object_lock_days;
    for (int tries = 1;; ++tries) {
        bool accepted = false;
        const base::UnixMs locked_until = days > 0 ? base::now_unix_ms() + days * day_ms : 0;
        std::string wrong;
        try {
            const Answer answer = send_put(name, contents, ours, locked_until, action);
            // From the second time on what is there may be what could not be cleaned up.
            if (answer.status() == 412 && !answer.repeated && tries == 1) return false;
            accepted = answer.status() < 300;
            const auto stored = head(name, action);
            if (stored && !stored->sent.empty() && !ours.sent_as(*stored)) return false;
            const bool kept = stored && ours.whole(*stored);
            if (kept && days > 0 && (!stored->locked_until || *stored->locked_until < locked_until))
                throw Error(ErrorKind::failed, format("{}: the service does not lock it", action))
                    .cause(format("it took the object and passed over the lock until {}",
                                  lock_time(locked_until)))
                    .hint("set object_lock_days to 0, or use a bucket with object lock");
            if (kept) return true;
            wrong = stored ? format("of {} bytes sent it keeps {}, or others", ours.bytes, stored->bytes)
                           : "it said that it had stored the object, and there is none";
        } catch (...) {
            clean_up(name, ours, accepted);
            throw;
        }
        clean_up(name, ours, accepted);
        if (tries == stored_wrong_max)
            throw Error(ErrorKind::failed, format("{}: the service does not keep what it is sent", action))
                .cause(format("{}: {}", client_.host(), wrong))
                .hint("do not trust this service, or what lies between here and there");
    }
}

Answer S3Location::send_put(const std::string& name, base::ByteView contents, const Fingerprint& ours,
                            base::UnixMs locked_until, const std::string& action) {
    // The signature covers the MD5, and so the body; a SHA-256 of it would cost the service as much again.
    Request request{.method = "PUT", .key = key_of(name), .body = contents, .sign_body = false};
    request.headers = {{"content-md5", crypto::to_base64(ours.md5)},
                       {std::string(sent_header), base::to_hex(ours.md5)}};
    if (!client_.options().storage_class.empty())
        request.headers.emplace_back("x-amz-storage-class", client_.options().storage_class);
    if (locked_until > 0) {
        request.headers.emplace_back("x-amz-object-lock-mode", "COMPLIANCE");
        request.headers.emplace_back(locked_header, lock_time(locked_until));
    }
    return send_object(client_, request, conditional_, action);
}

void S3Location::clean_up(const std::string& name, const Fingerprint& ours, bool accepted) {
    const std::string action = cannot("look after", name);
    try {
        const auto left = head(name, action, 1);
        // A service that took it, on condition that there is none, may have dropped what was sent with it.
        if (left && (ours.sent_as(*left) || (accepted && conditional_ && left->sent.empty())))
            static_cast<void>(
                client_.send({.method = "DELETE", .key = key_of(name), .retries_max = 1}, action, {404}));
    } catch (const Error&) {
        // Out of reach, or we may not: the error that brought us here says more.
    }
}

std::optional<base::Bytes> S3Location::get(const std::string& name) {
    const std::string action = cannot("read", name);
    for (bool again = false;; again = true) {
        const Answer answer =
            client_.send({.key = key_of(name), .answer_max = object_bytes_max}, action, {404});
        if (answer.status() == 404) return absent(answer, action);
        bucket_seen_ = true;
        const base::ByteView body = base::as_bytes(answer.response.body);
        const std::string md5 = md5_of(answer.response);
        // What is damaged at rest comes back as it is: the seal tells, and which object it is.
        if (again || md5.empty() || md5 == base::to_hex(crypto::md5(body)))
            return base::Bytes(body.begin(), body.end());
    }
}

std::optional<base::Bytes> S3Location::get_range(const std::string& name, std::uint64_t offset,
                                                 std::uint64_t size) {
    const std::string action = cannot("read", name);
    if (size == 0 || offset >= object_bytes_max) {
        const auto there = head(name, action);
        return there ? std::optional(base::Bytes()) : std::nullopt;
    }
    size = std::min<std::uint64_t>(size, object_bytes_max - offset);
    Request request{.key = key_of(name), .part_from = offset, .part_bytes = size};
    request.answer_max = std::max(request.answer_max, static_cast<std::size_t>(size));
    request.headers.emplace_back("range", format("bytes={}-{}", offset, offset + size - 1));
    const Answer answer = client_.send(request, action, {404, 416});
    if (answer.status() == 404) return absent(answer, action);
    bucket_seen_ = true;
    if (answer.status() == 416) return base::Bytes();
    // With 200, of services that know no ranges, the part that was asked for all the same.
    const base::ByteView body = base::as_bytes(answer.response.body);
    if (answer.status() != 200) {
        // "bytes FIRST-LAST/ALL"
        const std::string range = answer.response.header("content-range");
        const std::size_t dash = range.find('-'), slash = range.find('/');
        const bool formed = range.starts_with("bytes ") && dash < slash && slash != std::string::npos;
        const auto first = formed ? number<std::uint64_t>(range.substr(6, dash - 6)) : std::nullopt;
        const auto all = formed ? number<std::uint64_t>(range.substr(slash + 1)) : std::nullopt;
        if (first != offset || !all || *all <= offset || body.size() != std::min(size, *all - offset))
            throw Error(ErrorKind::failed, format("{}: the service gives another part of it", action))
                .cause(format("{} answered '{}' with {} bytes, asked for {} bytes from {}", client_.host(),
                              base::printable(range.substr(0, 80)), body.size(), size, offset));
    }
    return base::Bytes(body.begin(), body.end());
}

std::optional<std::uint64_t> S3Location::size_of(const std::string& name) {
    const auto found = head(name, cannot("read", name));
    return found ? std::optional(found->bytes) : std::nullopt;
}

ListPage S3Location::list_page(const std::string& prefix, const std::string& token, int most,
                               const std::string& action) {
    Request request{.answer_max = page_bytes_max};
    request.query = {{"list-type", "2"}, {"encoding-type", "url"}, {"prefix", prefix}};
    if (!token.empty()) request.query.emplace_back("continuation-token", token);
    if (most > 0) request.query.emplace_back("max-keys", format("{}", most));
    const Answer answer = client_.send(request, action);
    bucket_seen_ = true;
    try {
        return parse_list(answer.response.body);
    } catch (const Error& error) {
        throw Error(ErrorKind::failed, format("{}: the service's answer cannot be read", action))
            .cause(format("{}: {}", client_.host(), error.message()));
    }
}

std::vector<ObjectInfo> S3Location::list(const std::string& folder) {
    const std::string action = format("cannot list {}", describe());
    const std::string& top = client_.options().prefix;
    const std::string cut = top.empty() ? "" : top + '/';
    const std::string prefix = folder.empty() ? cut : key_of(folder) + '/';
    const auto refuse = [&](std::string_view why) {
        return Error(ErrorKind::failed, format("{}: the service's lists make no sense", action))
            .cause(format("{}: {}", client_.host(), why));
    };
    std::vector<ObjectInfo> found;
    ListBound bound(folder);
    std::unordered_set<std::size_t> tokens;  // hashes of those that came
    std::size_t empty_pages = 0;
    std::string token;
    for (std::size_t pages = 0; pages == 0 || !token.empty(); ++pages) {
        if (pages == pages_max || empty_pages > empty_pages_max)
            throw refuse("there is no end of its pages").hint(endless_list_hint);
        ListPage page = list_page(prefix, token, 0, action);
        if (!page.next.empty() && !tokens.insert(std::hash<std::string>()(page.next)).second)
            throw refuse("the next page is the same one as before");
        token = std::move(page.next);
        if (page.objects.empty()) ++empty_pages;
        for (ObjectInfo& object : page.objects) {
            if (const auto why = bound.refusal(object.name.size()); !why.empty())
                throw refuse(why).hint(endless_list_hint);
            if (!object.name.starts_with(prefix)) throw refuse("there is an object that was not asked for");
            object.name.erase(0, cut.size());
            if (!object.name.empty()) found.push_back(std::move(object));
        }
    }
    std::ranges::sort(found, {}, &ObjectInfo::name);
    const auto twice = std::ranges::adjacent_find(found, {}, &ObjectInfo::name);
    if (twice != found.end()) throw refuse("they have an object twice");
    return found;
}

bool S3Location::remove(const std::string& name) {
    const std::string action = cannot("remove", name);
    const auto there = head(name, action);
    if (!there) return false;
    // Where there are versions the service would only hide it, and the lock would still be paid for.
    if (there->locked_until && *there->locked_until > base::now_unix_ms())
        throw Error(ErrorKind::failed, format("{}: it is locked", action))
            .cause(format("its object lock ends {}", base::format_utc(*there->locked_until)))
            .hint("run the same command again after that; a prune before then may lock it for longer");
    return client_.send({.method = "DELETE", .key = key_of(name)}, action, {404}).status() != 404;
}

void S3Location::require_object_lock(const std::string& action) {
    if (lock_seen_) return;
    const Answer answer = client_.send({.query = {{"object-lock", ""}}}, action, {400, 404, 405, 501});
    if (answer.said.code == "NoSuchBucket")
        throw refusal(action, client_.host(), answer.response, answer.said, base::now_unix_ms());
    if (answer.status() != 200 || !says_object_lock(answer.response.body))
        throw Error(ErrorKind::failed, format("{}: the bucket has no object lock", action))
            .cause(answer.status() == 200
                       ? format("{} does not say that it is enabled", client_.host())
                       : format("{} answered {} {}", client_.host(), answer.status(), answer.said.code))
            .state("nothing was stored")
            .hint(
                "object_lock_days needs a bucket that was made with object lock, on a service that has it; "
                "set "
                "it to 0 to do without");
    lock_seen_ = true;
}

bool S3Location::keep_until(const std::string& name, base::UnixMs until) {
    if (client_.options().object_lock_days == 0) return false;
    const std::string action = cannot("lock", name);
    require_object_lock(action);
    const auto locked = [&] {
        const auto found = head(name, action);
        if (!found) throw Error(ErrorKind::failed, format("{}: there is no such object", action));
        return found->locked_until && *found->locked_until >= until;
    };
    if (locked()) return true;
    const std::string body = format(
        "<Retention xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Mode>COMPLIANCE</Mode>"
        "<RetainUntilDate>{}</RetainUntilDate></Retention>",
        lock_time(until));
    Request request{
        .method = "PUT", .key = key_of(name), .query = {{"retention", ""}}, .body = base::as_bytes(body)};
    request.headers.emplace_back("content-md5", crypto::to_base64(crypto::md5(request.body)));
    static_cast<void>(client_.send(request, action));
    if (!locked())
        throw Error(ErrorKind::failed, format("{}: the service does not lock it", action))
            .cause(
                format("{} took the lock until {} and shows none so long", client_.host(), lock_time(until)));
    return true;
}

base::UnixMs S3Location::keeps_for() const {
    return client_.options().object_lock_days * day_ms;
}

std::optional<base::UnixMs> S3Location::kept_until(const std::string& name) {
    const auto found = head(name, cannot("look at", name));
    return found ? found->locked_until : std::nullopt;
}

}  // namespace bt2c::storage::s3
