#pragma once
// What a long job tells while it runs, and how it learns that it should stop.

#include <cstdint>
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
/// Throws Error(interrupted) once an interrupt was requested. Called wherever stopping is safe.
void throw_if_interrupted();

}  // namespace bt2c::base
