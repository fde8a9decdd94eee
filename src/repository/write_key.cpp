#include "repository/write_key.hpp"

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/text.hpp"

namespace bt2c::repository {

using base::Error;
using base::ErrorKind;
using base::Json;
using crypto::SecretBytes;

namespace {

constexpr std::string_view format_name = "bt2c-dr write key";

Error unusable(std::string cause) {
    return Error(ErrorKind::wrong_secret, "cannot use the node's write key file")
        .cause(std::move(cause))
        .state("nothing was read or changed")
        .hint(
            "make it anew where the repository opens ('bt2c-dr repository write-key create -o FILE'), and "
            "copy "
            "it to HOME/config/repository.write-key");
}

void hex_into(const Json& json, std::string_view key, base::MutableBytes out) {
    if (!base::from_hex(json.string_at(key), out))
        throw Error(ErrorKind::failed, base::format("'{}' is malformed", key));
}

WriteKey parse(const Json& json) {
    if (json.string_at("format") != format_name) throw Error(ErrorKind::failed, "it is no write key");
    if (json.integer_at("version") != 1)
        throw Error(ErrorKind::failed, "it has a version that this program does not know");
    WriteKey key;
    hex_into(json, "repository", key.repository.bytes);
    hex_into(json, "sealing_public_key", key.sealing_key);
    key.content_key = SecretBytes(content_key_bytes);
    hex_into(json, "content_key", key.content_key.bytes());
    key.writer_secret = SecretBytes(writer_secret_bytes);
    hex_into(json, "writer_secret", key.writer_secret.bytes());
    return key;
}

}  // namespace

SecretBytes WriteKey::to_file() const {
    std::string content = base::to_hex(content_key.view());
    std::string writer = base::to_hex(writer_secret.view());
    std::string text = base::format(
        "{{\n  \"format\": \"{}\",\n  \"version\": 1,\n  \"repository\": \"{}\",\n  \"sealing_public_key\": "
        "\"{}\",\n"
        "  \"content_key\": \"{}\",\n  \"writer_secret\": \"{}\"\n}}\n",
        format_name, repository.hex(), base::to_hex(sealing_key), content, writer);
    SecretBytes file = SecretBytes::copy_of(base::as_bytes(text));
    for (std::string* used : {&content, &writer, &text}) crypto::wipe(used->data(), used->size());
    return file;
}

WriteKey WriteKey::from_file(base::ByteView contents) {
    if (contents.size() > write_key_file_bytes_max) throw unusable("it is too long");
    try {
        return parse(Json::parse(base::as_text(contents)));
    } catch (const Error& error) {
        throw unusable(error.message());
    }
}

}  // namespace bt2c::repository
