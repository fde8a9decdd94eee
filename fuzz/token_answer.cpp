// What an isolated process tells of tokens: the PKCS#11 module in it may have written anything.

#include <cstddef>
#include <cstdint>

#include "base/error.hpp"
#include "base/text.hpp"
#include "token/wire.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace bt2c;
    try {
        const auto tokens = token::decode_tokens({data, size});
        for (const token::TokenInfo& told : tokens) BT2C_ASSERT(base::printable(told.label) == told.label);
        // What was read is written so that it reads the same.
        const base::Bytes again = token::encode(tokens);
        BT2C_ASSERT(token::encode(token::decode_tokens(again)) == again);
    } catch (const base::Error&) {
    }
    try {
        token::decode_fields({data, size}, 3);
    } catch (const base::Error&) {
    }
    return 0;
}
