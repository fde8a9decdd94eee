// Wallet files come from anywhere; so do private keys, which a password that is right by chance lets out.

#include <cstddef>
#include <cstdint>

#include "base/error.hpp"
#include "keys/wallet_file.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace bt2c;
    try {
        keys::WalletFile::parse(base::as_text({data, size}));
    } catch (const base::Error&) {
    }
    try {
        const keys::RsaKey key = keys::decode_pkcs1({data, size});
        BT2C_ASSERT(crypto::equal(keys::encode_pkcs1(key).view(), {data, size}));
    } catch (const base::Error&) {
    }
    return 0;
}
