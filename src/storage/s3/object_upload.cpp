#include "storage/s3/object_upload.hpp"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/text.hpp"
#include "crypto/base64.hpp"
#include "crypto/hash.hpp"
#include "storage/s3/refusal.hpp"

namespace bt2c::storage::s3 {

using base::Error;
using base::ErrorKind;
using base::format;

namespace {

using Headers = std::vector<std::pair<std::string, std::string>>;

/// The least that a service takes for a part that is not the last one.
constexpr std::size_t part_bytes = std::size_t{5} << 20;

/// An upload in parts that a service has begun; what it took of it is thrown away unless it is completed, or
/// may be. Of a process that was killed or stopped the parts stay until a rule of the bucket removes them.
class PartUpload {
 public:
    /// Throws Error, among others where the service knows no such thing.
    PartUpload(Client& client, std::string key, const Headers& headers, std::string action);
    ~PartUpload();
    PartUpload(const PartUpload&) = delete;
    PartUpload& operator=(const PartUpload&) = delete;

    /// Each part with an MD5 that the service checks, each tried as often as the options say.
    void send(base::ByteView contents);
    /// Makes the object of the parts. `conditional`: unless the name is taken (412), as far as the service
    /// knows that (501). As Client::send().
    Answer complete(bool conditional);

 private:
    Headers of_upload() const { return {{"uploadId", id_}}; }

    Client& client_;
    std::string key_, action_, id_;
    std::vector<std::string> etags_;
    bool completed_ = false;
};

PartUpload::PartUpload(Client& client, std::string key, const Headers& headers, std::string action)
    : client_(client), key_(std::move(key)), action_(std::move(action)) {
    const Answer begun = client_.send(
        {.method = "POST", .key = key_, .query = {{"uploads", ""}}, .headers = headers}, action_);
    id_ = parse_upload_id(begun.response.body);
}

PartUpload::~PartUpload() {
    if (!completed_) try {
            static_cast<void>(client_.send(
                {.method = "DELETE", .key = key_, .query = of_upload(), .retries_max = 1}, action_, {404}));
        } catch (const std::exception&) {  // out of reach; the error that brought us here says more
        }
}

void PartUpload::send(base::ByteView contents) {
    while (!contents.empty()) {
        const base::ByteView part = contents.first(std::min(part_bytes, contents.size()));
        contents = contents.subspan(part.size());
        auto query = of_upload();
        query.emplace_back("partNumber", std::to_string(etags_.size() + 1));
        const Answer sent = client_.send({.method = "PUT",
                                          .key = key_,
                                          .query = std::move(query),
                                          .headers = {{"content-md5", crypto::to_base64(crypto::md5(part))}},
                                          .body = part,
                                          .sign_body = false},
                                         action_);
        std::string etag = sent.response.header("etag");
        std::erase(etag, '"');
        // It goes into a document.
        if (etag.empty() || etag != base::printable(etag) || etag.find_first_of("<>&") != std::string::npos)
            throw Error(ErrorKind::failed,
                        format("{}: the service does not name the part that it took", action_));
        etags_.push_back(std::move(etag));
    }
}

Answer PartUpload::complete(bool conditional) {
    std::string parts;
    for (std::size_t i = 0; i < etags_.size(); ++i)
        parts += format("<Part><PartNumber>{}</PartNumber><ETag>\"{}\"</ETag></Part>", i + 1, etags_[i]);
    const std::string document =
        "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">" + parts +
        "</CompleteMultipartUpload>";
    Request request{.method = "POST", .key = key_, .query = of_upload(), .body = base::as_bytes(document)};
    if (conditional) request.headers.emplace_back("if-none-match", "*");
    // Whoever throws parts away while they are being put together may be left with an object that cannot be
    // read: so never where no answer came, or one of a service that is out of order.
    completed_ = true;
    Answer answer = client_.send(request, action_, {404, 412, 501});
    // An earlier try may have been heard though its answer was lost: the upload is gone then.
    completed_ = answer.status() < 300 || (answer.status() == 404 && answer.repeated);
    // Such an answer begins before all is done, and may say at its end that it failed.
    const ServiceError said = parse_error(answer.response.body);
    if (answer.status() < 300 && !said.code.empty()) {
        completed_ = is_passing(answer.status(), said.code);
        throw refusal(action_, client_.host(), answer.response, said, base::now_unix_ms());
    }
    if (answer.status() == 404 && !completed_)
        throw refusal(action_, client_.host(), answer.response, answer.said, base::now_unix_ms());
    return answer;
}

Answer send_whole(Client& client, const Request& put, std::atomic<bool>& conditional,
                  const std::string& action) {
    if (conditional) {
        Request guarded = put;
        guarded.headers.emplace_back("if-none-match", "*");
        Answer answer = client.send(guarded, action, {412, 501});
        if (answer.status() != 501) return answer;
        conditional = false;
    }
    return client.send(put, action);
}

/// Nothing where the service refuses uploads in parts.
std::optional<Answer> send_parts(Client& client, const Request& put, std::atomic<bool>& conditional,
                                 const std::string& action) {
    Headers headers = put.headers;
    std::erase_if(headers, [](const auto& header) { return header.first == "content-md5"; });
    std::optional<PartUpload> upload;
    try {
        upload.emplace(client, put.key, headers, action);
    } catch (const LineError&) {
        throw;
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::interrupted) throw;
        return std::nullopt;
    }
    upload->send(put.body);
    Answer answer = upload->complete(conditional);
    if (answer.status() == 501) {
        conditional = false;
        answer = upload->complete(false);
    }
    // The whole object, sent before, may have arrived after all.
    answer.repeated = true;
    return answer;
}

}  // namespace

Answer send_object(Client& client, const Request& put, std::atomic<bool>& conditional,
                   const std::string& action) {
    if (put.body.size() <= part_bytes) return send_whole(client, put, conditional, action);
    try {
        Request hasty = put;
        hasty.lost_max = 1;
        return send_whole(client, hasty, conditional, action);
    } catch (const LineError&) {
        if (client.options().retries == 0) throw;
    }
    if (auto answer = send_parts(client, put, conditional, action)) return std::move(*answer);
    return send_whole(client, put, conditional, action);
}

}  // namespace bt2c::storage::s3
