#pragma once
// A child process that runs beside us, may be slowed down, and does not outlive us.

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
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
    /// What it has read from disks and written to them, bytes; 0 when it has ended, or where the kernel does
    /// not count it (proc(5), /proc/pid/io).
    std::uint64_t io_bytes() const;
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

/// Keeps a process to a rate by pausing it: tells for how long. An accountant only.
class RateBudget {
 public:
    /// `per_second`: what it may use on average, such as 0.5 s of the processors.
    explicit RateBudget(double per_second) : per_second_(per_second) {}
    /// @param wall_s since the start, @param used since then, in the unit of the rate
    /// @return how long it must stand still now, s; 0: go on
    double pause_s(double wall_s, double used);

 private:
    double per_second_;
    double wall_s_ = 0, used_ = 0;
    double credit_ = 0;  ///< below zero: too much was used
};

/// What a child may take on average.
struct Share {
    double processors = 1;                  ///< such as 0.5
    std::uint64_t io_bytes_per_second = 0;  ///< read from disks and written to them; 0: any
};

/// Waits for its end while it takes no more than its share. When this process is asked to stop the child is,
/// and killed `grace_ms` later; Error(interrupted) then.
int wait_within_share(Subprocess& child, const Share& share, int grace_ms);

}  // namespace bt2c::platform
