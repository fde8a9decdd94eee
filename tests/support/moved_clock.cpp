// A library to be preloaded into the real program: its clock is ahead by BT2C_TEST_CLOCK_SECONDS.

#include <dlfcn.h>
#include <time.h>

#include <cstdlib>

extern "C" int clock_gettime(clockid_t clock, struct timespec* time) noexcept {
    using Function = int (*)(clockid_t, struct timespec*);
    static const auto real = reinterpret_cast<Function>(::dlsym(RTLD_NEXT, "clock_gettime"));
    const int result = real(clock, time);
    const char* seconds = std::getenv("BT2C_TEST_CLOCK_SECONDS");
    if (result == 0 && clock == CLOCK_REALTIME && seconds != nullptr) time->tv_sec += std::atoll(seconds);
    return result;
}
