// Shares as people type them.

#include <cstddef>
#include <cstdint>

#include "base/error.hpp"
#include "keys/share_set.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace bt2c;
    const std::string_view text = base::as_text({data, size});
    try {
        const keys::Share share = keys::decode_share(text);
        const crypto::SecretBytes words = keys::encode_share(share);
        BT2C_ASSERT(crypto::equal(keys::encode_share(keys::decode_share(words.text())).view(), words.view()));
    } catch (const base::Error&) {
    }
    return 0;
}
