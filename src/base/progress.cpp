#include "base/progress.hpp"

#include <atomic>

#include "base/error.hpp"

namespace bt2c::base {
namespace {
std::atomic<bool> interrupt_requested{false};
static_assert(std::atomic<bool>::is_always_lock_free, "set from a signal handler");
thread_local const std::atomic<bool>* thread_stop = nullptr;
thread_local std::optional<std::chrono::steady_clock::time_point> thread_deadline;
}  // namespace

void request_interrupt() noexcept {
    interrupt_requested.store(true, std::memory_order_relaxed);
}

void throw_if_interrupted() {
    if (interrupt_requested.load(std::memory_order_relaxed) ||
        (thread_stop && thread_stop->load(std::memory_order_relaxed)) ||
        (thread_deadline && std::chrono::steady_clock::now() > *thread_deadline))
        throw Error(ErrorKind::interrupted, "interrupted");
}

StopScope::StopScope(const std::atomic<bool>* stop) noexcept : before_(thread_stop) {
    thread_stop = stop;
}
StopScope::~StopScope() {
    thread_stop = before_;
}
DeadlineScope::DeadlineScope(std::chrono::steady_clock::time_point deadline) noexcept
    : before_(thread_deadline) {
    thread_deadline = deadline;
}
DeadlineScope::~DeadlineScope() {
    thread_deadline = before_;
}
const std::atomic<bool>* present_stop() noexcept {
    return thread_stop;
}

}  // namespace bt2c::base
