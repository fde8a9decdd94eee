#pragma once
// Code that is not trusted, run in a process of its own.

#include <cstddef>
#include <functional>

#include "base/bytes.hpp"

namespace bt2c::platform {

/// How an isolated job ended.
struct IsolatedResult {
    enum class End {
        answered,   ///< `answer` is what the job returned
        crashed,    ///< signal `number` ended it
        ended,      ///< it left the process, with status `number`, before it had answered
        timed_out,  ///< it was killed
    };
    End end = End::ended;
    int number = 0;
    base::Bytes answer;  ///< may be a secret, so callers that handle secrets wipe it
};

/// Runs `job` in a forked child and waits for its answer, at most `answer_max` bytes. The child has no
/// descriptors but /dev/null as 0 to 2, no handlers of signals, is in a process group of its own, and dies
/// with this process and when the call ends, with all that it started in its group. It runs no destructors at
/// its end. A base::Error that `job` throws is thrown here, its texts cut to 1000 bytes each.
/// The answer comes from code that is not trusted, an Error as well: treat both as input.
/// Throws Error(interrupted), the child being killed, when this process is asked to stop, and Error(failed)
/// when there can be no child, or what it sends is no answer. To be called while no other thread holds locks
/// that `job` needs.
IsolatedResult run_isolated(const std::function<base::Bytes()>& job, std::size_t answer_max, int timeout_ms);

}  // namespace bt2c::platform
