// What an SFTP server may send: any packet, read as the answer to any request.

#include <cstdint>
#include <cstdlib>

#include "storage/sftp/packet.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace bt2c::storage::sftp;
    std::uint32_t id = 0;
    const auto answer = read_answer({data, size}, id);
    if (!answer) return 0;
    int taken = 0;
    if (const auto handle = read_handle(*answer)) taken += handle->size() <= size ? 1 : 100;
    if (const auto contents = read_data(*answer)) taken += contents->size() <= size ? 1 : 100;
    if (read_attributes(*answer)) ++taken;
    if (const auto entries = read_entries(*answer)) taken += entries->size() <= size ? 1 : 100;
    if (read_disk_state(*answer) || read_piece_bytes_max(*answer)) ++taken;
    if (const auto names = read_extensions(*answer)) taken += names->size() <= size ? 1 : 100;
    // A packet is one thing at most, and holds no more than came.
    if (taken > 1) std::abort();
    return 0;
}
