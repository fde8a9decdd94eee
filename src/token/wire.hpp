#pragma once
// What an isolated process tells of tokens and keys, as bytes.

#include <vector>

#include "token/token.hpp"

namespace bt2c::token {

base::Bytes encode(const std::vector<TokenInfo>& tokens);
/// Texts are made printable. Throws Error(failed) when it is no such list.
std::vector<TokenInfo> decode_tokens(base::ByteView bytes);

/// Pieces as one, each with its length before it.
base::Bytes encode_fields(const std::vector<base::ByteView>& fields);
/// Exactly `count` pieces. Throws Error(failed) when it is something else.
std::vector<base::Bytes> decode_fields(base::ByteView bytes, std::size_t count);

}  // namespace bt2c::token
