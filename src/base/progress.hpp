#pragma once
// What a long job tells while it runs, and how it learns that it should stop.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace bt2c::base {

/// Receives the progress of one job. All functions may be called from any thread.
class Progress {
 public:
    virtual ~Progress() = default;
    /// A new phase, such as "reading pages"; `total` in bytes, 0 when unknown.
    virtual void phase(const std::string& name, std::uint64_t total) = 0;
    /// The same for a phase that counts items, such as blocks.
    virtual void items_phase(const std::string& name, std::uint64_t total) { phase(name, total); }
    /// `amount` more of the phase's total is done.
    virtual void advance(std::uint64_t amount) = 0;
    /// One line that the operator should read, such as an advice; never part of the result.
    virtual void note(const std::string& line) = 0;
};

/// Says nothing; for tests and --quiet.
class SilentProgress final : public Progress {
 public:
    void phase(const std::string&, std::uint64_t) override {}
    void advance(std::uint64_t) override {}
    void note(const std::string&) override {}
};

/// Asks every job of this process to stop soon; safe in a signal handler.
void request_interrupt() noexcept;
/// Throws Error(interrupted) once an interrupt was requested, or this thread's StopScope says so. Called
/// wherever stopping is safe.
void throw_if_interrupted();

/// While it lives, throw_if_interrupted() heeds `stop` too, in this thread and those that ordered_parallel()
/// starts from it: so one of several jobs is ended and the others go on.
class StopScope {
 public:
    explicit StopScope(const std::atomic<bool>* stop) noexcept;
    ~StopScope();
    StopScope(const StopScope&) = delete;
    StopScope& operator=(const StopScope&) = delete;

 private:
    const std::atomic<bool>* before_;
};
/// While it lives, throw_if_interrupted() throws in this thread once `deadline` is over; not in threads that
/// are started from it.
class DeadlineScope {
 public:
    explicit DeadlineScope(std::chrono::steady_clock::time_point deadline) noexcept;
    ~DeadlineScope();
    DeadlineScope(const DeadlineScope&) = delete;
    DeadlineScope& operator=(const DeadlineScope&) = delete;

 private:
    std::optional<std::chrono::steady_clock::time_point> before_;
};
/// What the present thread heeds; nullptr outside of a StopScope.
const std::atomic<bool>* present_stop() noexcept;

}  // namespace bt2c::base
