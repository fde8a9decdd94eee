#include "storage/s3/s3_client.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <thread>

#include "base/error.hpp"
#include "base/progress.hpp"
#include "base/text.hpp"
#include "crypto/hash.hpp"
#include "crypto/random.hpp"
#include "storage/s3/refusal.hpp"
#include "storage/s3/signature.hpp"

namespace bt2c::storage::s3 {

using base::Error;
using base::ErrorKind;
using base::format;
using platform::HttpFailure;
using platform::HttpResponse;

namespace {

constexpr int backoff_max_ms = 20'000;
constexpr int retry_after_max_ms = 60'000;
constexpr int nap_ms = 50;

void check_word(std::string_view value, std::string_view what) {
    const bool sound = std::ranges::all_of(value, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
               c == '-' || c == '_';
    });
    if (!sound)
        throw Error(ErrorKind::usage,
                    format("'{}' is no {} of an S3 location", base::printable(value), what));
}

/// "https://", "host:port".
std::pair<std::string, std::string> parts_of(const std::string& endpoint) {
    for (const std::string scheme : {"https://", "http://"}) {
        if (!endpoint.starts_with(scheme)) continue;
        const std::string host = endpoint.substr(scheme.size());
        const bool sound = std::ranges::all_of(host, [](char c) {
            return c > ' ' && c < 0x7F && std::string_view("/?#@\\\"<>%").find(c) == std::string_view::npos;
        });
        if (!host.empty() && sound) return {scheme, host};
    }
    throw Error(ErrorKind::usage, format("'{}' is no endpoint of an S3 location", base::printable(endpoint)))
        .hint("an endpoint is 'https://HOST' or 'https://HOST:PORT', with no path behind it");
}

/// Up to `most`, evenly.
int random_up_to(int most) {
    const auto bytes = crypto::random_array<4>();
    return static_cast<int>(base::get_le<std::uint32_t>(bytes.data()) % (static_cast<unsigned>(most) + 1));
}

bool has_storage_class(const Request& request) {
    return std::ranges::any_of(request.headers,
                               [](const auto& header) { return header.first == "x-amz-storage-class"; });
}

}  // namespace

Client::Client(Options options) : options_(std::move(options)) {
    if (options_.bucket.empty()) throw Error(ErrorKind::usage, "an S3 location has no bucket");
    check_word(options_.bucket, "bucket");
    // As Amazon's own tools have it.
    for (const char* const name : {"AWS_REGION", "AWS_DEFAULT_REGION"})
        if (const char* const value = std::getenv(name); value && options_.region.empty())
            options_.region = value;
    if (options_.region.empty()) options_.region = "us-east-1";
    if (const char* const bundle = std::getenv("AWS_CA_BUNDLE"); bundle && options_.ca_file.empty())
        options_.ca_file = bundle;
    check_word(options_.region, "region");
    check_word(options_.storage_class, "storage class");
    if (options_.endpoint.empty()) options_.endpoint = format("https://s3.{}.amazonaws.com", options_.region);
    std::tie(scheme_, host_) = parts_of(options_.endpoint);
    if (options_.upload_bytes_per_second > 0)
        limit_ = std::make_unique<platform::SendLimit>(options_.upload_bytes_per_second);
}

std::shared_ptr<const Credentials> Client::credentials() {
    const std::lock_guard lock(mutex_);
    if (!credentials_) credentials_ = std::make_shared<const Credentials>(options_.credentials());
    return credentials_;
}

bool Client::renew(const std::shared_ptr<const Credentials>& old) {
    const std::lock_guard lock(mutex_);
    if (credentials_ != old) return true;  // another thread has done it
    auto found = std::make_shared<const Credentials>(options_.credentials());
    const bool differ = found->access_key != old->access_key ||
                        !crypto::equal(found->secret_key.view(), old->secret_key.view()) ||
                        !crypto::equal(found->session_token.view(), old->session_token.view());
    if (differ) credentials_ = std::move(found);
    return differ;
}

std::variant<HttpResponse, HttpFailure> Client::try_once(const Request& request,
                                                         const Credentials& credentials) {
    ToSign sign{.method = request.method,
                .path = "/",
                .query = canonical_query(request.query),
                .headers = {request.headers.begin(), request.headers.end()},
                .payload_sha256 = request.sign_body ? base::to_hex(crypto::sha256(request.body))
                                                    : std::string("UNSIGNED-PAYLOAD"),
                .region = options_.region,
                .time = base::now_unix_ms()};
    if (!options_.virtual_host) sign.path += options_.bucket + '/';
    sign.path += uri_encoded(request.key, true);
    if (!options_.virtual_host && request.key.empty()) sign.path.pop_back();
    const std::string host = options_.virtual_host ? options_.bucket + '.' + host_ : host_;
    sign.headers["host"] = host;
    sign.headers["x-amz-date"] = amz_date(sign.time);
    sign.headers["x-amz-content-sha256"] = sign.payload_sha256;
    if (!credentials.session_token.empty())
        sign.headers["x-amz-security-token"] = credentials.session_token.text();

    platform::HttpRequest http{.method = request.method,
                               .url = scheme_ + host + sign.path,
                               .body = base::as_text(request.body),
                               .timeout_ms = options_.timeout_ms,
                               .stall_ms = options_.timeout_ms,
                               .send_limit = limit_.get(),
                               .response_max = request.answer_max,
                               .part_from = request.part_from,
                               .part_bytes = request.part_bytes};
    if (!sign.query.empty()) http.url += '?' + sign.query;
    for (const auto& [name, value] : sign.headers) http.headers.push_back(format("{}: {}", name, value));
    http.headers.push_back("Authorization: " + authorization(sign, credentials));
    http.headers.emplace_back("Content-Type:");  // libcurl's would be that of a form

    std::unique_lock lock(mutex_);
    platform::HttpClient client =
        idle_.empty()
            ? platform::HttpClient({.ca_file = options_.ca_file, .certificate_file = {}, .key_file = {}})
            : std::move(idle_.back());
    if (!idle_.empty()) idle_.pop_back();
    lock.unlock();
    auto answer = client.try_send(http);
    lock.lock();
    idle_.push_back(std::move(client));
    if (const auto* const response = std::get_if<HttpResponse>(&answer))
        if (const auto theirs = platform::parse_http_date(response->header("date")))
            clock_ahead_ = *theirs - base::now_unix_ms();
    return answer;
}

std::optional<base::UnixMs> Client::clock_ahead() const {
    const std::lock_guard lock(mutex_);
    return clock_ahead_;
}

void Client::wait_before(int next_try, const std::string& retry_after) const {
    // One that worked just now may only be started again: the waits are sure to last as long as that takes.
    // Of one that never answered others want to hear soon that it is away.
    const bool was_well = was_well_;
    const int most = static_cast<int>(
        std::min<double>(options_.backoff_ms * std::pow(was_well ? 3 : 2, next_try - 1), backoff_max_ms));
    int wait_ms = was_well ? most - random_up_to(most / 2) : random_up_to(most);
    int seconds = 0;
    const char* const end = retry_after.data() + retry_after.size();
    if (std::from_chars(retry_after.data(), end, seconds).ptr == end && seconds > 0)
        wait_ms = std::max(wait_ms, std::min(seconds, retry_after_max_ms / 1000) * 1000);
    const base::Stopwatch watch;
    for (double left = wait_ms; left > 0; left = wait_ms - watch.seconds() * 1000) {
        base::throw_if_interrupted();
        std::this_thread::sleep_for(
            std::chrono::duration<double, std::milli>(std::min<double>(left, nap_ms)));
    }
}

Answer Client::send(const Request& request, const std::string& action, std::initializer_list<int> accepted) {
    const int retries = std::min(options_.retries, request.retries_max);
    bool repeated = false, renewed = false, asked = false;
    int lost = 0;
    for (int tries = 1;; ++tries) {
        const auto who = credentials();
        auto result = try_once(request, *who);
        if (const auto* const failure = std::get_if<HttpFailure>(&result)) {
            repeated = true;
            if (!failure->may_pass || tries > retries || lost++ == request.lost_max) {
                if (tries > retries) was_well_ = false;
                LineError error(ErrorKind::failed, format("{}: no good answer", action));
                error.cause(format("{}: {}", host_, failure->cause));
                error.hint(failure->may_pass ? "is the service up, and the network?"
                                             : "is the endpoint right, and ca_file?");
                throw LineError(error);
            }
            wait_before(tries, {});
            continue;
        }
        Answer answer{std::get<HttpResponse>(std::move(result)), {}, repeated};
        const int status = answer.status();
        if (status >= 200 && status < 300) {
            was_well_ = true;
            return answer;
        }
        answer.said = parse_error(answer.response.body);
        if (is_expiry(status, answer.said.code) && !std::exchange(renewed, true) && renew(who)) {
            --tries;
            continue;
        }
        const bool passing = is_passing(status, answer.said.code);
        if (passing && tries <= retries) {
            repeated = repeated || status >= 500;
            wait_before(tries, answer.response.header("retry-after"));
            continue;
        }
        was_well_ = !passing;
        if (std::ranges::find(accepted, status) != accepted.end()) return answer;
        if (request.method == "HEAD" && !passing && !std::exchange(asked, true)) {
            // Such an answer has no body that would say why; the same question with GET gets one. Where that
            // one is answered, after new credentials perhaps, the first is asked again.
            Request why = request;
            why.method = "GET";
            why.headers.emplace_back("range", "bytes=0-0");
            static_cast<void>(send(why, action, {404, 416}));
            --tries;
            continue;
        }
        Error error = refusal(action, host_, answer.response, answer.said, base::now_unix_ms());
        // Some services say no more than that of a storage class that they do not have.
        if (answer.said.code == "InvalidArgument" && has_storage_class(request))
            error.hint(format("does the service have storage_class = \"{}\"? Else correct it, or take it out",
                              options_.storage_class));
        throw error;
    }
}

}  // namespace bt2c::storage::s3
