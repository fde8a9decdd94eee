#include "storage/s3/signature.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "crypto/hash.hpp"

namespace bt2c::storage::s3 {

using base::as_bytes;
using base::format;

std::string uri_encoded(std::string_view text, bool keep_slashes) {
    std::string encoded;
    for (const char c : text) {
        const bool stays = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                           c == '-' || c == '.' || c == '_' || c == '~' || (c == '/' && keep_slashes);
        if (stays)
            encoded += c;
        else
            encoded += format("%{:02X}", static_cast<unsigned char>(c));
    }
    return encoded;
}

std::string canonical_query(const std::vector<std::pair<std::string, std::string>>& query) {
    std::vector<std::pair<std::string, std::string>> encoded;
    for (const auto& [name, value] : query)
        encoded.emplace_back(uri_encoded(name, false), uri_encoded(value, false));
    std::ranges::sort(encoded);
    std::string text;
    for (const auto& [name, value] : encoded) {
        if (!text.empty()) text += '&';
        text += name + '=' + value;
    }
    return text;
}

std::string amz_date(base::UnixMs time) {
    std::string text = base::format_utc(time / 1000 * 1000);
    std::erase_if(text, [](char c) { return c == '-' || c == ':'; });
    return text;
}

std::string authorization(const ToSign& request, const Credentials& credentials) {
    std::string headers, names;
    for (const auto& [name, value] : request.headers) {
        headers += name + ':' + value + '\n';
        if (!names.empty()) names += ';';
        names += name;
    }
    const std::string canonical = request.method + '\n' + request.path + '\n' + request.query + '\n' +
                                  headers + '\n' + names + '\n' + request.payload_sha256;
    const std::string time = amz_date(request.time);
    const std::string day = time.substr(0, 8);
    const std::string scope = day + '/' + request.region + "/s3/aws4_request";
    const std::string to_sign =
        "AWS4-HMAC-SHA256\n" + time + '\n' + scope + '\n' + base::to_hex(crypto::sha256(as_bytes(canonical)));

    constexpr std::string_view before = "AWS4";
    crypto::SecretBytes first(before.size() + credentials.secret_key.size());
    std::ranges::copy(before, first.data());
    std::ranges::copy(credentials.secret_key.view(), first.data() + before.size());
    crypto::Digest key = crypto::hmac_sha256(first.view(), as_bytes(day));
    for (const std::string_view part :
         {std::string_view(request.region), std::string_view("s3"), std::string_view("aws4_request")})
        key = crypto::hmac_sha256(key, as_bytes(part));
    const std::string signature = base::to_hex(crypto::hmac_sha256(key, as_bytes(to_sign)));
    crypto::wipe(key.data(), key.size());
    return format("AWS4-HMAC-SHA256 Credential={}/{},SignedHeaders={},Signature={}", credentials.access_key,
                  scope, names, signature);
}

}  // namespace bt2c::storage::s3
