#include "platform/http.hpp"

#include <curl/curl.h>

#include <algorithm>
#include <new>
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

void initialise_once() {
    static const CURLcode code = ::curl_global_init(CURL_GLOBAL_DEFAULT);
    if (code != CURLE_OK) throw Error(ErrorKind::failed, "cannot use libcurl");
}

}  // namespace

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
        received_.clear();
        done_ = false;
        too_large_ = false;
        watch_ = base::Stopwatch();
        ::curl_easy_reset(easy_);
        set_request(request);
        set_limits();
        ::curl_multi_add_handle(multi_, easy_);
        running_ = true;
    }

    /// Moves bytes; waits up to `wait_ms` for there to be some when none came.
    void turn(int wait_ms) {
        base::throw_if_interrupted();
        const std::size_t before = received_.size();
        perform();
        if (done_ || received_.size() > before || wait_ms <= 0) return;
        ::curl_multi_poll(multi_, nullptr, 0, wait_ms, nullptr);
        perform();
    }

    void finish() {
        if (running_) ::curl_multi_remove_handle(multi_, easy_);
        running_ = false;
        ::curl_slist_free_all(std::exchange(headers_, nullptr));
    }

    int left_ms() const { return timeout_ms_ - static_cast<int>(std::min(watch_.seconds() * 1000, 1e9)); }
    Error late() const {
        return Error(ErrorKind::failed, what_)
            .cause(format("no answer within {}", base::human_duration(timeout_ms_ / 1000.0)));
    }
    bool done() const { return done_; }
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
        set(CURLOPT_PROTOCOLS_STR, "http,https");
        set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
        set(CURLOPT_NOPROXY, "*");
        set(CURLOPT_USERAGENT, "bt2c-dr");
        set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(timeout_ms_));
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
        transfer.too_large_ = size > transfer.received_max_ - transfer.received_.size();
        if (transfer.too_large_) return 0;
        try {
            transfer.received_.append(data, size);
        } catch (const std::bad_alloc&) {
            return 0;
        }
        return size;
    }

    void perform() {
        int active = 0, left = 0;
        ::curl_multi_perform(multi_, &active);
        while (const CURLMsg* message = ::curl_multi_info_read(multi_, &left)) {
            if (message->msg != CURLMSG_DONE) continue;
            const CURLcode code = message->data.result;
            done_ = true;
            if (code == CURLE_OK) continue;
            if (too_large_)
                throw Error(ErrorKind::failed, what_)
                    .cause(format("the answer is larger than {}", base::human_size(received_max_)));
            throw Error(ErrorKind::failed, what_)
                .cause(base::printable(error_[0] ? error_ : ::curl_easy_strerror(code)));
        }
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
    std::string what_, received_;
    std::size_t received_max_ = 0;
    int timeout_ms_ = 0;
    base::Stopwatch watch_;
    bool running_ = false, done_ = false, too_large_ = false;
};

HttpClient::HttpClient(HttpTls tls) : transfer_(std::make_unique<HttpTransfer>(std::move(tls))) {}
HttpClient::~HttpClient() = default;
HttpClient::HttpClient(HttpClient&&) noexcept = default;
HttpClient& HttpClient::operator=(HttpClient&&) noexcept = default;

HttpResponse HttpClient::send(const HttpRequest& request) {
    transfer_->start(request);
    HttpResponse response;
    try {
        while (!transfer_->done()) {
            const int left = transfer_->left_ms();
            if (left <= 0) throw transfer_->late();
            transfer_->turn(std::min(left, turn_ms));
        }
    } catch (...) {
        transfer_->finish();
        throw;
    }
    response = {transfer_->status(), transfer_->take()};
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
    if (transfer_->status() == 0 && !transfer_->done() && transfer_->left_ms() <= 0) throw transfer_->late();
    return transfer_->take();
}

bool HttpStream::ended() const {
    return transfer_->done();
}
int HttpStream::status() const {
    return transfer_->status();
}

}  // namespace bt2c::platform
