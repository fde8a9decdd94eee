// The write key file of a node.

#include "repository/write_key.hpp"

#include <cstddef>
#include <cstdint>

#include "base/error.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace bt2c;
    try {
        const repository::WriteKey key = repository::WriteKey::from_file({data, size});
        const crypto::SecretBytes file = key.to_file();
        BT2C_ASSERT(
            crypto::equal(repository::WriteKey::from_file(file.view()).to_file().view(), file.view()));
    } catch (const base::Error& error) {
        BT2C_ASSERT(error.kind() == base::ErrorKind::wrong_secret);
    }
    return 0;
}
