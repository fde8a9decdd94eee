#pragma once
// Runs one scheduled job: its commands as child processes, one after the other, never two jobs at once.

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "config/home.hpp"
#include "config/job_record.hpp"
#include "platform/file.hpp"
#include "platform/subprocess.hpp"
#include "platform/system_log.hpp"

namespace bt2c::agent {

/// What all jobs of one home share.
struct JobSettings {
    config::Home home;
    /// The program and its global options; their stdout is one JSON document.
    std::vector<std::string> program;
    platform::Share share;  ///< that a job may take
    std::function<void(platform::LogLevel, const std::string&)> log;
};

struct Job {
    std::string name;
    /// The words of each command after the program's. Where the first ends otherwise than with 0 or 6 it is
    /// the last.
    std::vector<std::vector<std::string>> commands;
    /// What must hold before; throws Error.
    std::function<void()> check = {};
    /// Asked where its record cannot be written, so that the next look at what is due does not know of this
    /// run. Empty: it runs.
    std::function<bool()> may_run_unrecorded = {};
};

/// Held by whoever runs jobs of a home.
class JobLock {
 public:
    /// Throws Error(busy) when another one has it for longer than `patience_ms`.
    JobLock(const config::Home& home, int patience_ms);

 private:
    platform::GrowingFile file_;
};

/// How a job ended.
struct EndedJob {
    /// That of the first command, or 6 where that was done and another one failed; of a job that cannot run
    /// that of the reason; 6 where only the record could not be written.
    int status = 0;
    std::string message = {};  ///< that of its record, and why that could not be written
    double duration_seconds = 0;
    bool recorded = false;
};

/// Runs it to its end, with a line for the log at both, and writes its record. When this process is asked to
/// stop the command is, too; Error(interrupted) then. Throws Error(failed) for one that may not run
/// unrecorded.
EndedJob run_job(const JobSettings& settings, const Job& job, const JobLock& lock);

/// Records that a job was left out, since another one runs.
void skip_job(const JobSettings& settings, const std::string& name, const std::string& why);

/// One line of what a command said it did, or why it failed.
std::string summary_of(const base::Json& document);

}  // namespace bt2c::agent
