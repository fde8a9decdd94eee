#pragma once
// Base64 (RFC 4648, section 4), padded and on one line. It lives here since what it carries is mostly keys.

#include <optional>
#include <string>
#include <string_view>

#include "crypto/secret.hpp"

namespace bt2c::crypto {

std::string to_base64(base::ByteView bytes);
/// For secrets: constant time, and in memory that is wiped.
SecretBytes to_base64_secret(base::ByteView bytes);
/// nullopt unless the text is base64, padded and on one line.
std::optional<base::Bytes> from_base64(std::string_view text);
/// The same for secrets; line ends are passed over.
std::optional<SecretBytes> from_base64_secret(std::string_view text);

}  // namespace bt2c::crypto
