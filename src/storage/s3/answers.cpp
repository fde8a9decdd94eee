#include "storage/s3/answers.hpp"

#include <algorithm>
#include <charconv>

#include "base/error.hpp"
#include "base/text.hpp"
#include "storage/s3/xml.hpp"

namespace bt2c::storage::s3 {

using base::Error;
using base::ErrorKind;

namespace {

constexpr std::size_t message_bytes_max = 300;
constexpr std::size_t code_bytes_max = 64;
constexpr std::size_t token_bytes_max = 8 << 10;
constexpr std::size_t page_objects_max = 10'000;  // services give 1,000 at most

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/// As encoding-type=url has it.
std::string url_decoded(std::string_view text) {
    std::string decoded;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '+') {
            decoded += ' ';
        } else if (text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 &&
                   hex_digit(text[i + 2]) >= 0) {
            decoded += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
            i += 2;
        } else {
            decoded += text[i];
        }
    }
    return decoded;
}

}  // namespace

ServiceError parse_error(std::string_view xml) {
    ServiceError error;
    const bool whole = read_xml(xml, [&](std::string_view path, std::string_view text) {
        if (path == "Error/Code") error.code = text.substr(0, code_bytes_max);
        if (path == "Error/Message") error.message = base::printable(text.substr(0, message_bytes_max));
    });
    const bool sound = std::ranges::all_of(error.code, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    });
    return whole && sound ? error : ServiceError();
}

ListPage parse_list(std::string_view xml) {
    ListPage page;
    ObjectInfo object;
    bool encoded = false, root = false, sound = true, has_size = false;
    const bool whole = read_xml(xml, [&](std::string_view path, std::string_view text) {
        if (path == "ListBucketResult") root = true;
        if (path == "ListBucketResult/EncodingType") encoded = text == "url";
        if (path == "ListBucketResult/IsTruncated") page.truncated = text == "true";
        if (path == "ListBucketResult/NextContinuationToken") page.next = text;
        if (path == "ListBucketResult/Contents/Key") object.name = text;
        if (path == "ListBucketResult/Contents/Size") {
            const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), object.bytes);
            has_size = error == std::errc() && end == text.data() + text.size();
        }
        if (path != "ListBucketResult/Contents") return;
        sound = sound && has_size && !object.name.empty() && page.objects.size() < page_objects_max;
        if (sound) page.objects.push_back(std::move(object));
        object = {};
        has_size = false;
    });
    if (!page.truncated) page.next.clear();
    if (!whole || !root || !sound || page.truncated == page.next.empty() ||
        page.next.size() > token_bytes_max)
        throw Error(ErrorKind::failed, "it is no list of objects");
    if (encoded)  // said after the keys, perhaps
        for (ObjectInfo& found : page.objects) found.name = url_decoded(found.name);
    return page;
}

std::string parse_upload_id(std::string_view xml) {
    std::string id;
    const bool whole = read_xml(xml, [&](std::string_view path, std::string_view text) {
        if (path == "InitiateMultipartUploadResult/UploadId") id = text;
    });
    if (!whole || id.empty() || id.size() > token_bytes_max)
        throw Error(ErrorKind::failed, "it begins no upload in parts");
    return id;
}

bool says_object_lock(std::string_view xml) {
    bool enabled = false;
    const bool whole = read_xml(xml, [&](std::string_view path, std::string_view text) {
        if (path == "ObjectLockConfiguration/ObjectLockEnabled") enabled = text == "Enabled";
    });
    return whole && enabled;
}

}  // namespace bt2c::storage::s3
