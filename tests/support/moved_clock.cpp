// A library to be preloaded into the real program: its clock is ahead by BT2C_TEST_CLOCK_SECONDS.

#include <dlfcn.h>
#include <time.h>

#include <cstdlib>

namespace {

time_t ahead_s() noexcept {
    const char* seconds = std::getenv("BT2C_TEST_CLOCK_SECONDS");
    return seconds != nullptr ? std::atoll(seconds) : 0;
}

}  // namespace

extern "C" int clock_gettime(clockid_t clock, struct timespec* time) noexcept {
    using Function = int (*)(clockid_t, struct timespec*);
    static const auto real = reinterpret_cast<Function>(::dlsym(RTLD_NEXT, "clock_gettime"));
    const int result = real(clock, time);
    if (result == 0 && clock == CLOCK_REALTIME) time->tv_sec += ahead_s();
    return result;
}

// What programs in C ask, such as cron.
extern "C" time_t time(time_t* out) noexcept {
    struct timespec now {};
    ::clock_gettime(CLOCK_REALTIME, &now);
    if (out != nullptr) *out = now.tv_sec;
    return now.tv_sec;
}
