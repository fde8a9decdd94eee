// What libcurl asks for addresses, in this program.

#include <dlfcn.h>
#include <netdb.h>

#include <condition_variable>
#include <mutex>
#include <string_view>

#include "unit/storage_s3/s3_fixture.hpp"

namespace {

std::mutex mutex;
std::condition_variable changed;
bool hanging = false;
int waiting = 0;

}  // namespace

extern "C" int getaddrinfo(const char* node, const char* service, const addrinfo* hints, addrinfo** found) {
    using Function = int (*)(const char*, const char*, const addrinfo*, addrinfo**);
    static const auto next = reinterpret_cast<Function>(::dlsym(RTLD_NEXT, "getaddrinfo"));
    const std::string_view name = node ? node : "";
    if (name == "hangs.test") {
        std::unique_lock lock(mutex);
        ++waiting;
        changed.wait(lock, [] { return !hanging; });
        --waiting;
        changed.notify_all();
        return EAI_AGAIN;
    }
    return next(name.ends_with(".test") ? "127.0.0.1" : node, service, hints, found);
}

namespace bt2c::storage::s3 {

HangingNames::HangingNames() {
    const std::lock_guard lock(mutex);
    hanging = true;
}
HangingNames::~HangingNames() {
    std::unique_lock lock(mutex);
    hanging = false;
    changed.notify_all();
    changed.wait(lock, [] { return waiting == 0; });
}

}  // namespace bt2c::storage::s3
