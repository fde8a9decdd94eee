#include "backup/content_scratch.hpp"

#include <exception>

#include "base/error.hpp"

namespace bt2c::backup {

using repository::ContentId;

ContentScratch::ContentScratch(const std::vector<std::filesystem::path>& folders) {
    std::exception_ptr first;
    for (const std::filesystem::path& folder : folders) {
        try {
            fd_ = platform::open_scratch_file(folder);
            name_ = folder / "scratch";
            return;
        } catch (const base::Error&) {
            if (!first) first = std::current_exception();
        }
    }
    BT2C_ASSERT(first);
    std::rethrow_exception(first);
}

void ContentScratch::write(std::uint32_t first_page, const std::vector<ContentId>& ids) {
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(ids.data());
    platform::write_at(fd_.get(), {bytes, ids.size() * sizeof(ContentId)},
                       std::uint64_t{first_page - 1} * sizeof(ContentId), name_);
}

std::vector<ContentId> ContentScratch::read(std::uint32_t first_page, std::uint32_t count) const {
    std::vector<ContentId> ids(count);
    auto* bytes = reinterpret_cast<std::uint8_t*>(ids.data());
    const std::size_t got = platform::read_at(fd_.get(), {bytes, ids.size() * sizeof(ContentId)},
                                              std::uint64_t{first_page - 1} * sizeof(ContentId), name_);
    ids.resize(got / sizeof(ContentId));
    return ids;
}

}  // namespace bt2c::backup
