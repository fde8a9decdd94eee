#pragma once
// A child process that runs beside us, may be slowed down, and does not outlive us.

#include <sys/types.h>

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "platform/file.hpp"

namespace bt2c::platform {

class Subprocess {
 public:
    enum class Rank {
        usual,
        background,  ///< behind other processes: nice 10, and the idle class of I/O where the disk has
                     ///< classes
    };
    /// Starts `arguments`; the first one is looked up in PATH. Its stdin is /dev/null, its stderr ours. Of
    /// its stdout the first `output_max` bytes are kept. It is killed when the thread that made it ends.
    /// Throws Error(failed) when it cannot be started.
    Subprocess(const std::vector<std::string>& arguments, Rank rank, std::size_t output_max);
    /// Kills it, if it runs.
    ~Subprocess();
    Subprocess(const Subprocess&) = delete;
    Subprocess& operator=(const Subprocess&) = delete;

    /// Waits at most so long for its end: its exit status, 128 + the signal's number when a signal ended it.
    std::optional<int> wait(int timeout_ms);
    /// SIGTERM; also when it was paused.
    void ask_to_end() noexcept;
    void pause() noexcept;
    void go_on() noexcept;
    /// What all its threads have taken of the processors, s; 0 when it has ended.
    double cpu_seconds() const noexcept;
    const base::Bytes& output() const { return output_; }

 private:
    void drain();
    bool reap();

    pid_t pid_ = -1;
    Descriptor read_end_, ended_;  ///< `ended_`: a pidfd
    base::Bytes output_;
    std::size_t output_max_;
    std::optional<int> status_;
};

/// Keeps a process to a share of the processors by pausing it: tells for how long. An accountant only.
class CpuBudget {
 public:
    /// `processors`: that it may use at most on average, such as 0.5.
    explicit CpuBudget(double processors) : processors_(processors) {}
    /// @param wall_s since the start, @param used_s of the processors since then
    /// @return how long it must stand still now, s; 0: go on
    double pause_s(double wall_s, double used_s);

 private:
    double processors_;
    double wall_s_ = 0, used_s_ = 0;
    double credit_s_ = 0;  ///< of processor time; below zero: too much was used
};

/// Waits for its end while it takes no more than `processors` on average. When this process is asked to stop
/// the child is, and killed `grace_ms` later; Error(interrupted) then.
int wait_within_share(Subprocess& child, double processors, int grace_ms);

}  // namespace bt2c::platform
