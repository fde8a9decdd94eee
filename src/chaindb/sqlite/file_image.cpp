#include "chaindb/sqlite/file_image.hpp"

#include <algorithm>
#include <memory>

#include "base/error.hpp"
#include "base/text.hpp"
#include "chaindb/sqlite/file_header.hpp"
#include "platform/file.hpp"

namespace bt2c::chaindb::sqlite {

PageImage image_of_file(const std::filesystem::path& path) {
    const auto fd = std::make_shared<const platform::Descriptor>(platform::open_for_reading(path));
    base::Bytes first(FileHeader::size);
    first.resize(platform::read_at(fd->get(), first, 0, path));
    const auto header = parse_file_header(first);
    if (!header)
        throw base::Error(base::ErrorKind::failed, base::format("cannot read {}: it is not a SQLite database",
                                                                base::printable(path.native())));
    const ImageShape shape = header->shape(platform::file_size(fd->get(), path));
    return {shape, [fd, path, page_size = shape.page_size](std::uint32_t page, base::MutableBytes out) {
                const std::size_t got =
                    platform::read_at(fd->get(), out, std::uint64_t{page - 1} * page_size, path);
                std::fill(out.begin() + static_cast<std::ptrdiff_t>(got), out.end(), std::uint8_t{0});
            }};
}

}  // namespace bt2c::chaindb::sqlite
