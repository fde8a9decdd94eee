#pragma once
// Processes that outlive the command that starts them.

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bt2c::drill {

/// A process as it was started. A number that another process has got since is not taken for it.
struct ProcessMark {
    pid_t pid = 0;
    std::string started;  ///< when, in the kernel's ticks, and in which boot: "TICKS@BOOT"
};

/// Starts `arguments` (the first one is looked up in PATH) in a session and a process group of its own,
/// without stdin, its output appended to `log`. It is told nothing of our service manager.
/// Throws Error(failed) when it cannot be started.
ProcessMark start_detached(const std::vector<std::string>& arguments, const std::filesystem::path& log);

/// Whether that very process still runs; one that has ended and that nobody has waited for does not.
bool runs(const ProcessMark& process);

/// Asks all of them to end (SIGTERM, to their process groups), waits, and kills what is left after
/// `patience_s`. Gives the marks of those that were killed. Throws Error(failed) when one can neither be told
/// nor killed.
std::vector<ProcessMark> end_all(const std::vector<ProcessMark>& processes, double patience_s);

/// The field `starttime` of /proc/PID/stat, and whether the process has not ended. Nothing for a text that is
/// none. A program's name may hold anything, blanks and parentheses too.
struct ProcessStat {
    std::string started;
    bool ended = false;
};
std::optional<ProcessStat> parse_process_stat(std::string_view text);

/// This program's own file.
std::filesystem::path own_program();

}  // namespace bt2c::drill
