// Feeds any bytes, as a SQLite database, to the whole verification: a backup or a node's database
// may hold anything. A database that cannot be read may throw Error; nothing may crash or hang.

#include <algorithm>
#include <cstdint>
#include <memory>

#include "base/error.hpp"
#include "verify/verify.hpp"

using namespace bt2c;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static constexpr std::size_t size_max = 1U << 20;
    static constexpr std::uint32_t page_size = 512;  // small pages make deep trees of few bytes
    if (size < page_size || size > size_max) return 0;
    const auto pages = static_cast<std::uint32_t>(size / page_size);
    const auto bytes = std::make_shared<base::Bytes>(data, data + std::size_t{pages} * page_size);
    // The image's page size is the file's own, or SQLite reads across the pages; both are welcome.
    const chaindb::PageImage image{{page_size, pages}, [bytes](std::uint32_t page, base::MutableBytes out) {
                                       const std::size_t at = std::size_t{page - 1} * page_size;
                                       std::copy_n(bytes->data() + at, out.size(), out.data());
                                   }};
    verify::Options options;
    options.threads = 1;
    options.blocks_max = 16;
    options.leaves_max = 16;
    base::SilentProgress progress;
    try {
        const verify::Source source{[image] { return chaindb::sqlite::Connection::open_image(image, 64); }};
        const std::string json = verify::to_json(verify::verify_chain(source, options, progress)).dump();
        if (json.empty()) __builtin_trap();
    } catch (const base::Error&) {
    }
    return 0;
}
