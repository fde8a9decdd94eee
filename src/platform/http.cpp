#include "platform/http.hpp"

#include <curl/curl.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <limits>
#include <new>
#include <optional>
#include <utility>

#include "base/error.hpp"
#include "base/progress.hpp"
#include "base/text.hpp"
#include "base/time.hpp"

namespace bt2c::platform {

using base::Error;
using base::ErrorKind;
using base::format;

namespace {

/// Short, because a signal may come between the look at the interrupt and the wait.
constexpr int turn_ms = 200;
constexpr std::size_t header_bytes_max = 64 << 10;
/// Less than this within HttpRequest::stall_ms is no progress.
constexpr std::int64_t progress_bytes = 1 << 10;
/// Nothing of use comes more slowly: a server that gives a little now and then would never be done.
constexpr double answer_bytes_per_second = 2 << 10;
/// What libcurl hands to the kernel at a time: little where a limit is to be kept.
constexpr std::uint64_t send_piece_bytes = 256 << 10;
constexpr std::uint64_t limited_piece_bytes = 64 << 10;
constexpr auto unbounded = std::numeric_limits<std::uint64_t>::max();

void initialise_once() {
    static const CURLcode code = ::curl_global_init(CURL_GLOBAL_DEFAULT);
    if (code != CURLE_OK) throw Error(ErrorKind::failed, "cannot use libcurl");
}

/// Whether another attempt may do better than one that ended so.
bool may_pass(CURLcode code) {
    switch (code) {
        case CURLE_UNSUPPORTED_PROTOCOL:
        case CURLE_URL_MALFORMAT:
        case CURLE_SSL_CERTPROBLEM:
        case CURLE_PEER_FAILED_VERIFICATION:
        case CURLE_SSL_CACERT_BADFILE:
        case CURLE_SSL_ISSUER_ERROR:
        case CURLE_OUT_OF_MEMORY: return false;
        default: return true;
    }
}

}  // namespace

std::uint64_t SendLimit::share() const noexcept {
    return std::max<std::uint64_t>(1, bytes_per_second_ / std::max<std::uint64_t>(1, senders_));
}

/// One transfer after the other over the same connections.
class HttpTransfer {
 public:
    explicit HttpTransfer(HttpTls tls) : tls_(std::move(tls)) {
        initialise_once();
        multi_ = ::curl_multi_init();
        easy_ = ::curl_easy_init();
        if (!multi_ || !easy_) {
            release();
            throw std::bad_alloc();
        }
    }
    ~HttpTransfer() {
        finish();
        release();
    }
    HttpTransfer(const HttpTransfer&) = delete;
    HttpTransfer& operator=(const HttpTransfer&) = delete;

    void start(const HttpRequest& request) {
        finish();
        what_ = format("cannot {} {}", base::printable(request.method), base::printable(request.url));
        timeout_ms_ = request.timeout_ms;
        received_max_ = request.response_max;
        part_from_ = request.part_from;
        part_bytes_ = request.part_bytes;
        has_enough_ = false;
        answer_watch_.reset();
        stall_ms_ = request.stall_ms;
        limit_ = request.body.empty() ? nullptr : request.send_limit;
        received_.clear();
        header_lines_.clear();
        header_bytes_ = 0;
        failure_.reset();
        done_ = false;
        too_large_.clear();
        watch_ = base::Stopwatch();
        moved_watch_ = base::Stopwatch();
        moved_ = 0;
        ::curl_easy_reset(easy_);
        set_request(request);
        set_limits();
        if (limit_) limit_->begin();
        running_ = true;
        ::curl_multi_add_handle(multi_, easy_);
    }

    /// Moves bytes; waits up to `wait_ms` for there to be some when none came.
    void turn(int wait_ms) {
        base::throw_if_interrupted();
        const std::size_t before = received_.size();
        // The share changes with the number of those that send.
        if (limit_) set(CURLOPT_MAX_SEND_SPEED_LARGE, static_cast<curl_off_t>(limit_->share()));
        perform();
        if (done_ || received_.size() > before || wait_ms <= 0) return;
        ::curl_multi_poll(multi_, nullptr, 0, wait_ms, nullptr);
        perform();
    }

    void finish() {
        if (running_) ::curl_multi_remove_handle(multi_, easy_);
        if (running_ && limit_) limit_->end();
        running_ = false;
        ::curl_slist_free_all(std::exchange(headers_, nullptr));
    }

    int left_ms() const { return timeout_ms_ - static_cast<int>(std::min(watch_.seconds() * 1000, 1e9)); }
    /// Why it has to be given up now; nullopt when it has not.
    std::optional<HttpFailure> late() {
        if (stall_ms_ == 0) {
            if (left_ms() > 0) return std::nullopt;
            return HttpFailure{format("no answer within {}", base::human_duration(timeout_ms_ / 1000.0))};
        }
        const std::int64_t moved = moved_bytes();
        if (moved < moved_ + progress_bytes) {
            // Between two pieces of a limited transfer nothing moves, on purpose.
            const double limited_ms =
                limit_ ? 2000.0 * limited_piece_bytes / static_cast<double>(limit_->share()) : 0;
            if (moved_watch_.seconds() * 1000 < stall_ms_ + limited_ms) return std::nullopt;
            return HttpFailure{format("nothing moved for {}", base::human_duration(stall_ms_ / 1000.0))};
        }
        moved_ = moved;
        moved_watch_ = base::Stopwatch();
        if (!drips()) return std::nullopt;
        return HttpFailure{format("the answer came with less than {}/s",
                                  base::human_size(static_cast<std::uint64_t>(answer_bytes_per_second)))};
    }
    Error error_of(const HttpFailure& failure) const {
        return Error(ErrorKind::failed, what_).cause(failure.cause);
    }
    const std::optional<HttpFailure>& failure() const { return failure_; }
    bool done() const { return done_; }
    HttpResponse response() { return {status(), take(), std::exchange(header_lines_, {})}; }
    int status() const {
        long status = 0;
        ::curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
        return static_cast<int>(status);
    }
    std::string take() { return std::exchange(received_, {}); }

 private:
    template <typename T>
    void set(CURLoption option, T value) {
        const CURLcode code = ::curl_easy_setopt(easy_, option, value);
        if (code != CURLE_OK) throw Error(ErrorKind::failed, what_).cause(::curl_easy_strerror(code));
    }

    void set_request(const HttpRequest& request) {
        set(CURLOPT_URL, request.url.c_str());
        set(CURLOPT_PATH_AS_IS, 1L);
        if (request.method == "HEAD") set(CURLOPT_NOBODY, 1L);
        if (!request.body.empty() || request.method == "POST" || request.method == "PUT") {
            set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
            set(CURLOPT_POSTFIELDS, request.body.empty() ? "" : request.body.data());
        }
        set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
        add_header("Expect:");  // nobody is to be asked whether a body may come
        for (const std::string& header : request.headers) add_header(header.c_str());
        set(CURLOPT_HTTPHEADER, headers_);
        set(CURLOPT_WRITEFUNCTION, &HttpTransfer::receive);
        set(CURLOPT_WRITEDATA, this);
        set(CURLOPT_HEADERFUNCTION, &HttpTransfer::receive_header);
        set(CURLOPT_HEADERDATA, this);
        set(CURLOPT_SOCKOPTFUNCTION, &HttpTransfer::opened);
        set(CURLOPT_SOCKOPTDATA, this);
        set(CURLOPT_CLOSESOCKETFUNCTION, &HttpTransfer::closed);
        set(CURLOPT_CLOSESOCKETDATA, this);
    }

    void add_header(const char* line) {
        curl_slist* longer = ::curl_slist_append(headers_, line);
        if (!longer) throw std::bad_alloc();
        headers_ = longer;
    }

    void set_limits() {
        error_[0] = '\0';
        set(CURLOPT_ERRORBUFFER, error_);
        set(CURLOPT_NOSIGNAL, 1L);
        // The thread that asks for an address cannot be stopped; this leaves it behind instead of waiting.
        set(CURLOPT_QUICK_EXIT, 1L);
        set(CURLOPT_PROTOCOLS_STR, "http,https");
        set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
        set(CURLOPT_NOPROXY, "*");
        set(CURLOPT_USERAGENT, "bt2c-dr");
        set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(timeout_ms_));
        set(CURLOPT_UPLOAD_BUFFERSIZE, static_cast<long>(limit_ ? limited_piece_bytes : send_piece_bytes));
        // A stream is silent for long; this is how it learns that the other end is gone.
        set(CURLOPT_TCP_KEEPALIVE, 1L);
        set(CURLOPT_TCP_KEEPIDLE, 5L);
        set(CURLOPT_TCP_KEEPINTVL, 2L);
        if (!tls_.ca_file.empty()) {
            set(CURLOPT_CAINFO, tls_.ca_file.c_str());
            set(CURLOPT_CAPATH, nullptr);
        }
        if (!tls_.certificate_file.empty()) set(CURLOPT_SSLCERT, tls_.certificate_file.c_str());
        if (!tls_.key_file.empty()) set(CURLOPT_SSLKEY, tls_.key_file.c_str());
    }

    static std::size_t receive(char* data, std::size_t, std::size_t size, void* self) noexcept {
        auto& transfer = *static_cast<HttpTransfer*>(self);
        try {
            if (!transfer.answer_watch_) transfer.answer_watch_.emplace();
            const bool is_part = transfer.part_bytes_ < unbounded && transfer.status() == 200;
            const std::string_view piece =
                is_part ? transfer.wanted_of({data, size}) : std::string_view(data, size);
            if (piece.size() > transfer.received_max_ - transfer.received_.size()) {
                transfer.too_large_ =
                    format("the answer is larger than {}", base::human_size(transfer.received_max_));
                return 0;
            }
            transfer.received_.append(piece);
            transfer.has_enough_ = is_part && transfer.received_.size() == transfer.part_bytes_;
        } catch (const std::bad_alloc&) {
            return 0;
        }
        return transfer.has_enough_ ? 0 : size;  // libcurl ends the transfer, and the connection, at 0
    }

    /// Of a piece of a body of which a part is to be kept.
    std::string_view wanted_of(std::string_view piece) {
        const auto skipped = static_cast<std::size_t>(std::min<std::uint64_t>(part_from_, piece.size()));
        part_from_ -= skipped;
        piece.remove_prefix(skipped);
        const std::uint64_t left = part_bytes_ - received_.size();
        return piece.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(left, piece.size())));
    }

    static std::size_t receive_header(char* data, std::size_t, std::size_t size, void* self) noexcept {
        auto& transfer = *static_cast<HttpTransfer*>(self);
        try {
            const std::string_view line(data, size);
            if (line.starts_with("HTTP/")) transfer.header_lines_.clear();  // after one such as 100 Continue
            transfer.header_bytes_ += size;
            if (transfer.header_bytes_ > header_bytes_max) {
                transfer.too_large_ =
                    format("the answer's headers are larger than {}", base::human_size(header_bytes_max));
                return 0;
            }
            transfer.keep_header(line);
        } catch (const std::bad_alloc&) {
            return 0;
        }
        return size;
    }

    void keep_header(std::string_view line) {
        const std::size_t colon = line.find(':');
        if (colon == std::string_view::npos) return;
        std::string_view value = line.substr(colon + 1);
        const auto is_space = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
        while (!value.empty() && is_space(value.front())) value.remove_prefix(1);
        while (!value.empty() && is_space(value.back())) value.remove_suffix(1);
        header_lines_.emplace_back(base::ascii_lower(line.substr(0, colon)), value);
    }

    void perform() {
        int active = 0, left = 0;
        ::curl_multi_perform(multi_, &active);
        while (const CURLMsg* message = ::curl_multi_info_read(multi_, &left)) {
            if (message->msg != CURLMSG_DONE) continue;
            const CURLcode code = message->data.result;
            done_ = true;
            if (code == CURLE_OK || has_enough_) continue;
            if (!too_large_.empty())
                failure_ = HttpFailure{too_large_, false};
            else
                failure_ = HttpFailure{base::printable(error_[0] ? error_ : ::curl_easy_strerror(code)),
                                       may_pass(code)};
        }
    }

    /// On the whole, beside one time in which nothing moves.
    bool drips() const {
        curl_off_t received = 0;
        ::curl_easy_getinfo(easy_, CURLINFO_SIZE_DOWNLOAD_T, &received);
        return answer_watch_ && answer_watch_->seconds() - stall_ms_ / 1000.0 >
                                    static_cast<double>(received) / answer_bytes_per_second;
    }

    /// What has gone through so far: what the kernel still holds has not.
    std::int64_t moved_bytes() const {
        curl_off_t sent = 0, received = 0;
        ::curl_easy_getinfo(easy_, CURLINFO_SIZE_UPLOAD_T, &sent);
        ::curl_easy_getinfo(easy_, CURLINFO_SIZE_DOWNLOAD_T, &received);
        std::int64_t moved = std::int64_t{sent} + received;
        for (const curl_socket_t socket : sockets_) {
            int held = 0;
            if (::ioctl(socket, SIOCOUTQ, &held) == 0) moved -= held;
        }
        return moved;
    }

    // libcurl does not tell which connection a running transfer uses; those that are idle hold nothing.
    static int opened(void* self, curl_socket_t socket, curlsocktype) noexcept {
        try {
            static_cast<HttpTransfer*>(self)->sockets_.push_back(socket);
        } catch (const std::bad_alloc&) {
            return CURL_SOCKOPT_ERROR;
        }
        return CURL_SOCKOPT_OK;
    }
    static int closed(void* self, curl_socket_t socket) noexcept {
        std::erase(static_cast<HttpTransfer*>(self)->sockets_, socket);
        return ::close(socket);
    }

    void release() noexcept {
        if (easy_) ::curl_easy_cleanup(easy_);
        if (multi_) ::curl_multi_cleanup(multi_);
    }

    HttpTls tls_;
    CURLM* multi_ = nullptr;
    CURL* easy_ = nullptr;
    curl_slist* headers_ = nullptr;
    char error_[CURL_ERROR_SIZE] = {};
    std::string what_, received_, too_large_;
    std::vector<std::pair<std::string, std::string>> header_lines_;
    std::vector<curl_socket_t> sockets_;  ///< that are open
    std::optional<HttpFailure> failure_;
    SendLimit* limit_ = nullptr;
    std::size_t received_max_ = 0, header_bytes_ = 0;
    std::uint64_t part_from_ = 0, part_bytes_ = 0;  ///< part_from_: still to be skipped
    bool has_enough_ = false;                       ///< all of the part has come
    int timeout_ms_ = 0, stall_ms_ = 0;
    base::Stopwatch watch_, moved_watch_;          ///< moved_watch_: since moved_ was so much
    std::optional<base::Stopwatch> answer_watch_;  ///< since the answer's body has begun
    std::int64_t moved_ = 0;
    bool running_ = false, done_ = false;
};

HttpClient::HttpClient(HttpTls tls) : transfer_(std::make_unique<HttpTransfer>(std::move(tls))) {}
HttpClient::~HttpClient() = default;
HttpClient::HttpClient(HttpClient&&) noexcept = default;
HttpClient& HttpClient::operator=(HttpClient&&) noexcept = default;

std::string HttpResponse::header(std::string_view name) const {
    const auto found = std::ranges::find(headers, name, &std::pair<std::string, std::string>::first);
    return found == headers.end() ? std::string() : found->second;
}

std::optional<base::UnixMs> parse_http_date(const std::string& text) {
    const time_t seconds = ::curl_getdate(text.c_str(), nullptr);
    if (seconds < 0) return std::nullopt;
    return base::UnixMs{seconds} * 1000;
}

HttpResponse HttpClient::send(const HttpRequest& request) {
    auto answer = try_send(request);
    if (const auto* const failure = std::get_if<HttpFailure>(&answer)) throw transfer_->error_of(*failure);
    return std::get<HttpResponse>(std::move(answer));
}

std::variant<HttpResponse, HttpFailure> HttpClient::try_send(const HttpRequest& request) {
    transfer_->start(request);
    try {
        while (!transfer_->done()) {
            if (auto failure = transfer_->late()) {
                transfer_->finish();
                return *std::move(failure);
            }
            transfer_->turn(request.stall_ms > 0 ? turn_ms : std::clamp(transfer_->left_ms(), 1, turn_ms));
        }
    } catch (...) {
        transfer_->finish();
        throw;
    }
    if (transfer_->failure()) {
        transfer_->finish();
        return *transfer_->failure();
    }
    HttpResponse response = transfer_->response();
    transfer_->finish();
    return response;
}

HttpStream::HttpStream(const HttpTls& tls, HttpRequest request)
    : body_(request.body), transfer_(std::make_unique<HttpTransfer>(tls)) {
    request.body = body_;
    transfer_->start(request);
}
HttpStream::~HttpStream() = default;

std::string HttpStream::read(int timeout_ms) {
    if (transfer_->done()) return {};
    const bool begun = transfer_->status() != 0;
    transfer_->turn(begun ? timeout_ms : std::clamp(transfer_->left_ms(), 0, timeout_ms));
    if (transfer_->failure()) throw transfer_->error_of(*transfer_->failure());
    if (transfer_->status() == 0 && !transfer_->done())
        if (const auto failure = transfer_->late()) throw transfer_->error_of(*failure);
    return transfer_->take();
}

bool HttpStream::ended() const {
    return transfer_->done();
}
int HttpStream::status() const {
    return transfer_->status();
}

}  // namespace bt2c::platform
