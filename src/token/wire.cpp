#include "token/wire.hpp"

#include "base/error.hpp"
#include "base/text.hpp"

namespace bt2c::token {
namespace {

using base::Bytes;
using base::ByteView;
using base::Error;

Error no_answer() {
    return Error(base::ErrorKind::failed, "the PKCS#11 module damaged the answer of its process");
}

void put(Bytes& out, ByteView field) {
    base::put_le(out, static_cast<std::uint32_t>(field.size()));
    out.insert(out.end(), field.begin(), field.end());
}

ByteView field_of(base::Reader& reader) {
    return reader.bytes(reader.integer<std::uint32_t>());
}

std::string text_of(base::Reader& reader) {
    return base::printable(base::as_text(field_of(reader)));
}

Bytes bytes_of(base::Reader& reader) {
    const ByteView field = field_of(reader);
    return {field.begin(), field.end()};
}

std::uint8_t code_of(std::optional<bool> flag) {
    return flag ? (*flag ? 1 : 0) : 2;
}

std::optional<bool> flag_of(base::Reader& reader) {
    const auto code = reader.integer<std::uint8_t>();
    return code > 1 ? std::nullopt : std::optional(code == 1);
}

}  // namespace

Bytes encode(const std::vector<TokenInfo>& tokens) {
    Bytes out;
    base::put_le(out, static_cast<std::uint32_t>(tokens.size()));
    for (const TokenInfo& token : tokens) {
        for (const std::string* text :
             {&token.label, &token.serial, &token.manufacturer, &token.model, &token.pin_warning})
            put(out, base::as_bytes(*text));
        out.push_back(code_of(token.logged_in));
        base::put_le(out, static_cast<std::uint32_t>(token.keys.size()));
        for (const KeyInfo& key : token.keys) {
            put(out, base::as_bytes(key.label));
            put(out, key.id);
            put(out, key.public_key);
            out.push_back(code_of(key.has_private));
            for (const auto& flag : {key.signs, key.decrypts, key.sensitive, key.extractable})
                out.push_back(code_of(flag));
        }
    }
    return out;
}

std::vector<TokenInfo> decode_tokens(ByteView bytes) {
    base::Reader reader(bytes);
    std::vector<TokenInfo> tokens;
    // Each turn takes bytes, so that a hostile count ends where they end.
    for (auto left = reader.integer<std::uint32_t>(); left > 0 && !reader.failed(); --left) {
        TokenInfo& token = tokens.emplace_back();
        token.label = text_of(reader);
        token.serial = text_of(reader);
        token.manufacturer = text_of(reader);
        token.model = text_of(reader);
        token.pin_warning = text_of(reader);
        token.logged_in = flag_of(reader) == true;
        for (auto keys = reader.integer<std::uint32_t>(); keys > 0 && !reader.failed(); --keys) {
            KeyInfo& key = token.keys.emplace_back();
            key.label = text_of(reader);
            key.id = bytes_of(reader);
            key.public_key = bytes_of(reader);
            key.has_private = flag_of(reader) == true;
            key.signs = flag_of(reader);
            key.decrypts = flag_of(reader);
            key.sensitive = flag_of(reader);
            key.extractable = flag_of(reader);
        }
    }
    if (reader.failed() || reader.left() != 0) throw no_answer();
    return tokens;
}

Bytes encode_fields(const std::vector<ByteView>& fields) {
    Bytes out;
    for (const ByteView field : fields) put(out, field);
    return out;
}

std::vector<Bytes> decode_fields(ByteView bytes, std::size_t count) {
    base::Reader reader(bytes);
    std::vector<Bytes> fields;
    for (std::size_t i = 0; i < count; ++i) fields.push_back(bytes_of(reader));
    if (reader.failed() || reader.left() != 0) throw no_answer();
    return fields;
}

}  // namespace bt2c::token
