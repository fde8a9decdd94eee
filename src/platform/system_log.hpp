#pragma once
// Lines for whoever looks after the machine: the journal, else the system's log.

#include <string_view>

namespace bt2c::platform {

enum class LogLevel { error = 3, warning = 4, notice = 5, info = 6 };  // as syslog(3) numbers them

/// Whether our stderr goes to systemd's journal.
bool stderr_is_journal();

/// Writes the line to stderr, with its level in front where that is the journal. `to_syslog` sends it to the
/// system's log as well. What cannot be written is lost: a log that is full must not stop a job.
void log_line(LogLevel level, std::string_view line, bool to_stderr, bool to_syslog) noexcept;

}  // namespace bt2c::platform
