#include "base/progress.hpp"

#include <atomic>

#include "base/error.hpp"

namespace bt2c::base {
namespace {
std::atomic<bool> interrupt_requested{false};
static_assert(std::atomic<bool>::is_always_lock_free, "set from a signal handler");
}  // namespace

void request_interrupt() noexcept {
    interrupt_requested.store(true, std::memory_order_relaxed);
}

void throw_if_interrupted() {
    if (interrupt_requested.load(std::memory_order_relaxed))
        throw Error(ErrorKind::interrupted, "interrupted");
}

}  // namespace bt2c::base
