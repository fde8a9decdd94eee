// An exported file: its directory, and what is read by it.

#include <fcntl.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>

#include "base/error.hpp"
#include "base/text.hpp"
#include "platform/file.hpp"
#include "storage/archive/archive_location.hpp"

namespace {

using namespace bt2c;

void read(const std::filesystem::path& file) try {
    storage::archive::ArchiveLocation location(file);
    std::uint64_t total = 0;
    for (const storage::ObjectInfo& object : location.list("")) {
        BT2C_ASSERT(location.get(object.name)->size() == object.bytes);
        BT2C_ASSERT(location.get_range(object.name, 1, 2)->size() <= 2);
        total += object.bytes;
    }
    BT2C_ASSERT(total <= std::filesystem::file_size(file));
} catch (const base::Error&) {
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const std::filesystem::path file =
        std::filesystem::temp_directory_path() / base::format("bt2c-fuzz-archive-{}", ::getpid());
    const auto write = [&](base::ByteView bytes) {
        std::filesystem::remove(file);
        const platform::Descriptor fd(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
        platform::write_at(fd.get(), bytes, 0, file);
    };
    write({data, size});
    read(file);
    // With head and tail as they must be, the whole input is the directory.
    base::Bytes whole{'B', 'T', '2', 'C', '-', 'D', 'R', ' ', 'E', 'X', 'P', 'O', 'R', 'T', 0, 1};
    const std::size_t objects = size > 0 ? data[0] % 8 : 0;
    whole.resize(whole.size() + objects);
    whole.insert(whole.end(), data, data + size);
    base::put_le<std::uint64_t>(whole, size);
    for (const char c : std::string_view("BT2C-END")) whole.push_back(static_cast<std::uint8_t>(c));
    write(whole);
    read(file);
    std::filesystem::remove(file);
    return 0;
}
