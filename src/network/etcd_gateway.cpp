#include "network/etcd_gateway.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"
#include "crypto/secret.hpp"
#include "platform/file.hpp"

namespace bt2c::network {

using base::Error;
using base::ErrorKind;
using base::format;
using base::Json;

namespace {

constexpr std::size_t answer_bytes_max = 32 << 20;
constexpr std::size_t password_bytes_max = 1024;
constexpr std::size_t message_bytes_max = 500;

/// gRPC's status codes, as the gateway gives them.
enum Code : std::int64_t {
    invalid_argument = 3,
    permission_denied = 7,
    failed_precondition = 9,
    out_of_range = 11,
    unauthenticated = 16,
};

/// {"name": …, "password": …} in memory that is wiped.
crypto::SecretBytes credentials(const std::string& user, const std::filesystem::path& password_file) {
    base::Bytes password = platform::read_file(password_file, password_bytes_max);
    const auto end = std::ranges::find_if(password, [](std::uint8_t c) { return c == '\n' || c == '\r'; });
    const std::string head = R"({"name":)" + Json(user).dump() + R"(,"password":")";
    // Each byte becomes at most six.
    crypto::SecretBytes body(head.size() + 6 * password.size() + 2);
    std::size_t size = 0;
    const auto put = [&](char c) { body.data()[size++] = static_cast<std::uint8_t>(c); };
    for (const char c : head) put(c);
    for (auto byte = password.begin(); byte != end; ++byte) {
        if (*byte >= 0x20 && *byte != '"' && *byte != '\\') {
            put(static_cast<char>(*byte));
            continue;
        }
        constexpr char digits[] = "0123456789abcdef";
        for (const char c : {'\\', 'u', '0', '0', digits[*byte >> 4], digits[*byte & 15]}) put(c);
    }
    put('"');
    put('}');
    crypto::wipe(password.data(), password.size());
    return body.first(size);
}

/// The JSON of an answer. What is none comes from something in between, or a member that is starting.
Json document_of(const platform::HttpResponse& response) {
    try {
        return Json::parse(response.body);
    } catch (const Error&) {
        throw Error(ErrorKind::busy, format("etcd's answer, with status {}, is no JSON", response.status))
            .cause(base::printable(response.body.substr(0, message_bytes_max)));
    }
}

}  // namespace

EtcdGateway::EtcdGateway(EtcdAccess access) : access_(std::move(access)), client_(access_.tls) {
    BT2C_ASSERT(!access_.endpoints.empty());
}

platform::HttpRequest EtcdGateway::request(const std::string& path) const {
    platform::HttpRequest request{.method = "POST",
                                  .url = access_.endpoints[member_] + path,
                                  .headers = {"Content-Type: application/json"},
                                  .timeout_ms = access_.timeout_ms,
                                  .response_max = answer_bytes_max};
    if (!token_.empty()) request.headers.push_back("Authorization: " + token_);
    return request;
}

Error EtcdGateway::refusal(const Json& body) {
    // A stream's errors are one level deeper.
    const Json* inner = body.find("error");
    const bool of_stream = inner && inner->is_object();
    std::string message = "it does not say why";
    std::int64_t number = 0;
    try {
        const Json& error = of_stream ? *inner : body;
        message = base::printable(error.string_at("message").substr(0, message_bytes_max));
        number = error.integer_at(of_stream ? "grpc_code" : "code");
    } catch (const Error&) {
        // Something in between said it.
    }
    if (number == unauthenticated || message.find("user name is empty") != std::string::npos ||
        message.find("revision of auth store is old") != std::string::npos) {
        token_.clear();
        return Error(ErrorKind::wrong_secret, "etcd does not let us in").cause(message);
    }
    switch (number) {
        case permission_denied:
            return Error(ErrorKind::failed, "etcd does not let us use the control plane's keys")
                .cause(message)
                .hint("grant the user's role readwrite on the prefix bt2c/");
        case invalid_argument:
        case failed_precondition:
        case out_of_range: return Error(ErrorKind::failed, "etcd refuses a request").cause(message);
        default: return Error(ErrorKind::busy, "etcd is not ready").cause(message);
    }
}

platform::HttpResponse EtcdGateway::send(const platform::HttpRequest& request) {
    try {
        return client_.send(request);
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::failed) throw;
        throw Error(ErrorKind::busy, error.message()).cause(error.cause());
    }
}

void EtcdGateway::log_in() {
    const crypto::SecretBytes body = credentials(access_.user, access_.password_file);
    platform::HttpRequest login = request("/v3/auth/authenticate");
    login.body = body.text();
    const platform::HttpResponse response = send(login);
    const Json answer = document_of(response);
    if (response.status == 200) {
        token_ = answer.string_at("token");
        return;
    }
    const Error error = refusal(answer);
    if (error.kind() == ErrorKind::busy) throw error;
    throw Error(ErrorKind::wrong_secret, "etcd does not let us in").cause(error.cause());
}

Json EtcdGateway::call_member(const std::string& path, const std::string& body) {
    for (bool again = false;; again = true) {
        if (!access_.user.empty() && token_.empty()) log_in();
        platform::HttpRequest call = request(path);
        call.body = body;
        const platform::HttpResponse response = send(call);
        Json answer = document_of(response);
        if (response.status == 200) return answer;
        const Error error = refusal(answer);
        // A token that ran out; the password may still do.
        if (error.kind() == ErrorKind::wrong_secret && !access_.user.empty() && !again) continue;
        throw error;
    }
}

Json EtcdGateway::call(const std::string& path, const Json& body) {
    const std::string text = body.dump();
    for (std::size_t tried = 1;; ++tried) {
        try {
            return call_member(path, text);
        } catch (const Error& error) {
            if (error.kind() != ErrorKind::busy) throw;
            next_member();
            if (tried < members()) continue;
            throw Error(ErrorKind::busy, "the control plane does not answer").cause(error.in_full());
        }
    }
}

std::unique_ptr<platform::HttpStream> EtcdGateway::open(const std::string& path, const Json& body) {
    if (!access_.user.empty() && token_.empty()) log_in();
    const std::string text = body.dump();
    platform::HttpRequest stream = request(path);
    stream.body = text;
    return std::make_unique<platform::HttpStream>(access_.tls, stream);
}

}  // namespace bt2c::network
