#include "repository/write_key.hpp"

#include <initializer_list>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "crypto/hash.hpp"

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

constexpr std::size_t write_key_check_bytes = 8;
constexpr std::size_t members_without_check = 6;

/// Tells damage: with a key that was altered backups would be made that nobody can read.
/// @param members the other members' values, in their order
std::string write_key_check(std::initializer_list<std::string_view> members) {
    crypto::Sha256 digest;
    for (const std::string_view member : members)
        digest.update(base::as_bytes(member)).update(base::as_bytes("\n"));
    return base::to_hex(base::ByteView(digest.finish()).first(write_key_check_bytes));
}

/// Of a file of version 1; earlier builds wrote no check.
void require_as_written(const Json& json) {
    const bool sound =
        json.find("check")
            ? json.string_at("check") ==
                  write_key_check({format_name, "1", json.string_at("repository"),
                                   json.string_at("sealing_public_key"), json.string_at("content_key"),
                                   json.string_at("writer_secret")})
            : json.members().size() == members_without_check;
    if (!sound) throw Error(ErrorKind::failed, "it is not as it was written");
}

void hex_into(const Json& json, std::string_view key, base::MutableBytes out) {
    if (!base::from_hex(json.string_at(key), out))
        throw Error(ErrorKind::failed, base::format("'{}' is malformed", key));
}

WriteKey parse(const Json& json) {
    if (json.string_at("format") != format_name) throw Error(ErrorKind::failed, "it is no write key");
    if (json.integer_at("version") != 1)
        throw Error(ErrorKind::failed, "it has a version that this program does not know");
    require_as_written(json);
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
    const std::string sealing = base::to_hex(sealing_key);
    std::string text = base::format(
        "{{\n  \"format\": \"{}\",\n  \"version\": 1,\n  \"repository\": \"{}\",\n  \"sealing_public_key\": "
        "\"{}\",\n"
        "  \"content_key\": \"{}\",\n  \"writer_secret\": \"{}\",\n  \"check\": \"{}\"\n}}\n",
        format_name, repository.hex(), sealing, content, writer,
        write_key_check({format_name, "1", repository.hex(), sealing, content, writer}));
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
