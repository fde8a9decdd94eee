#include "chaindb/sqlite/pinned_file.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <mutex>
#include <vector>

#include "base/error.hpp"

namespace bt2c::chaindb::sqlite {
namespace {

struct Pin {
    dev_t device;
    ino_t inode;
    std::shared_ptr<const platform::Descriptor> descriptor;
};

struct PinRegistry {
    std::mutex mutex;
    std::vector<Pin> pins;
};

/// Never destroyed: static destructors must not close what SQLite may still hold locks on.
PinRegistry& pin_registry() {
    static auto* const instance = new PinRegistry;
    return *instance;
}

bool is_forgotten(const Pin& pin) {
    struct stat info {};
    return pin.descriptor.use_count() == 1 && ::fstat(pin.descriptor->get(), &info) == 0 &&
           info.st_nlink == 0;
}

}  // namespace

std::shared_ptr<const platform::Descriptor> pinned_file(const std::filesystem::path& path) {
    const std::lock_guard lock(pin_registry().mutex);
    std::vector<Pin>& pins = pin_registry().pins;
    std::erase_if(pins, is_forgotten);
    // Looked up by name first: what is opened here can never be closed again.
    struct stat info {};
    if (::stat(path.c_str(), &info) == 0) {
        const auto found = std::find_if(pins.begin(), pins.end(), [&](const Pin& pin) {
            return pin.device == info.st_dev && pin.inode == info.st_ino;
        });
        if (found != pins.end()) return found->descriptor;
    }
    auto descriptor = std::make_shared<const platform::Descriptor>(platform::open_for_reading(path));
    BT2C_ASSERT(::fstat(descriptor->get(), &info) == 0);
    pins.push_back({info.st_dev, info.st_ino, descriptor});
    return descriptor;
}

}  // namespace bt2c::chaindb::sqlite
