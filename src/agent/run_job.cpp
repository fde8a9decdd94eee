#include "agent/run_job.hpp"

#include <filesystem>

#include "base/error.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "platform/subprocess.hpp"

namespace bt2c::agent {

using base::Error;
using base::ErrorKind;
using base::format;
using base::Json;
using config::JobRecord;
using platform::LogLevel;
using platform::Subprocess;

namespace {

constexpr std::size_t document_bytes_max = std::size_t{8} << 20;
/// A backup that is asked to stop takes its packs back first.
constexpr int grace_ms = 15'000;
/// What a command did of which its document says nothing in particular.
constexpr std::string_view nothing_to_tell = "done";

/// A command's name, without its options.
std::string name_of(const std::vector<std::string>& command) {
    std::string name;
    for (const std::string& word : command) {
        if (word.starts_with("--")) break;
        name += (name.empty() ? "" : " ") + word;
    }
    return name;
}

std::string summary_of_output(const base::Bytes& output) {
    try {
        return summary_of(Json::parse(base::as_text(output)));
    } catch (const Error&) {
        return "it told nothing that can be read";
    }
}

JobRecord record_before(const JobSettings& settings, const std::string& name) {
    try {
        if (auto record = config::load_job_record(settings.home, name)) return *std::move(record);
    } catch (const Error& error) {
        settings.log(LogLevel::warning, error.message() + ": " + error.cause());
    }
    JobRecord record;
    record.name = name;
    return record;
}

/// Why it cannot be, which is told; else empty. A full disk of the home must keep no backup from a repository
/// that is elsewhere.
std::string write_record(const JobSettings& settings, const JobRecord& record) {
    std::string why;
    try {
        config::store_job_record(settings.home, record);
        return "";
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::interrupted) throw;
        why = error.in_full();
    } catch (const std::filesystem::filesystem_error& error) {
        why = error.what();
    }
    settings.log(LogLevel::error, format("job {}: its record cannot be written: {}", record.name, why));
    return why;
}

/// Exit status and summary of the commands, one after the other.
struct Outcome {
    int status = 0;
    std::string message;
    bool first = true;

    /// Whoever sees another status than 0 or 6 tries again, and must not do the first command's work again.
    void add(int ended, const std::string& command, const std::string& summary) {
        if (ended != 0) status = first ? ended : base::exit_status(ErrorKind::partial);
        first = false;
        // One that has nothing else to tell is named. With a colon it would be one that failed.
        const bool brief = summary.starts_with(nothing_to_tell);
        message += (message.empty() ? "" : "; ") +
                   (ended != 0 ? command + ": "
                    : brief    ? command + " "
                               : "") +
                   summary;
    }
};

Outcome run_commands(const JobSettings& settings, const Job& job) {
    Outcome outcome;
    for (const std::vector<std::string>& command : job.commands) {
        std::vector<std::string> arguments = settings.program;
        arguments.insert(arguments.end(), command.begin(), command.end());
        Subprocess child(arguments, Subprocess::Rank::background, document_bytes_max);
        const int status = platform::wait_within_share(child, settings.share, grace_ms);
        outcome.add(status, name_of(command), summary_of_output(child.output()));
        if (outcome.status != 0 && outcome.status != base::exit_status(ErrorKind::partial)) break;
    }
    return outcome;
}

std::string text_at(const Json& document, std::string_view key) {
    const Json* const value = document.find(key);
    return value && value->is_string() ? value->string() : "";
}

/// What went wrong in which location; empty where nothing did.
std::string failed_locations(const Json& document) {
    std::string text;
    const Json* const locations = document.find("locations");
    if (!locations || !locations->is_array()) return text;
    for (const Json& location : locations->elements()) {
        const std::string status = text_at(location, "status"), error = text_at(location, "error");
        if (status.empty() || status == "ok") continue;
        text += format(" (location '{}' {}{})", text_at(location, "name"), status,
                       error.empty() ? "" : ": " + error);
    }
    return text;
}

std::string failed_checks(const Json& document) {
    std::string names;
    for (const Json& check : document.array_at("checks"))
        if (text_at(check, "status") == "fail") {
            const std::string detail = text_at(check, "detail");
            names +=
                (names.empty() ? "" : ", ") + text_at(check, "name") + (detail.empty() ? "" : ": " + detail);
        }
    return names;
}

/// Backups beside the one that was tested; one of them may be newer.
std::string unread_backups(const Json& document) {
    std::size_t count = 0;
    for (const char* const key : {"damaged", "unread"})
        if (const Json* const list = document.find(key); list && list->is_array())
            count += list->elements().size();
    return count > 0 ? format("; {} other backups cannot be read, and may be newer", count) : "";
}

/// Without what became of each location.
std::string outcome_of(const Json& document) {
    constexpr std::size_t brief_id = 8;
    if (const Json* const error = document.find("error")) {
        const std::string cause = text_at(*error, "cause");
        return text_at(*error, "message") + (cause.empty() ? "" : ": " + cause);
    }
    const Json* const checks = document.find("checks");
    const std::string failed = checks && checks->is_array() ? failed_checks(document) : "";
    const std::string backup = text_at(document, "backup").substr(0, brief_id);
    if (!failed.empty())
        return (backup.empty() ? "problems were found: " : format("backup {} does not restore: ", backup)) +
               failed;
    if (!backup.empty() && checks)
        return format("backup {} was restored and proved{}", backup, unread_backups(document));
    if (checks) return "no problem was found";
    if (const Json* const changed = document.find("changed"); changed && !document.bool_at("changed"))
        return "nothing has changed since the last backup";
    if (const std::string id = text_at(document, "id"); !id.empty() && document.find("stored_bytes"))
        return format("{} backup {} is stored, {}", text_at(document, "type"), id.substr(0, brief_id),
                      base::human_size(document.unsigned_at("stored_bytes")));
    if (const std::string held = text_at(document, "held"); !held.empty())
        return "no bytes were removed: " + held;
    return std::string(nothing_to_tell);
}

}  // namespace

std::string summary_of(const Json& document) {
    return outcome_of(document) + failed_locations(document);
}

JobLock::JobLock(const config::Home& home, int patience_ms)
    : file_([&] {
          config::make_jobs_folder(home);
          try {
              return platform::GrowingFile(config::jobs_folder(home) / "lock", 0600, patience_ms);
          } catch (const Error& error) {
              if (error.kind() != ErrorKind::busy) throw;
              throw Error(ErrorKind::busy, "another job of this node runs").cause(error.message());
          }
      }()) {}

EndedJob run_job(const JobSettings& settings, const Job& job, const JobLock&) {
    JobRecord record = record_before(settings, job.name);
    record.last_started = base::now_unix_ms();
    record.last_finished.reset();
    record.exit_status.reset();
    record.duration_seconds.reset();
    record.message = "it runs";
    if (const std::string why = write_record(settings, record);
        !why.empty() && job.may_run_unrecorded && !job.may_run_unrecorded())
        throw Error(ErrorKind::failed, "without a record it runs at its time only")
            .cause("the record cannot be written: " + why);
    settings.log(LogLevel::info, format("job {}: started", job.name));

    const base::Stopwatch watch;
    const auto finish = [&](Outcome outcome) {
        record.end(base::now_unix_ms(), outcome.status, outcome.message);
        record.duration_seconds = watch.seconds();
        EndedJob ended{.status = outcome.status,
                       .message = record.to_json().string_at("message"),
                       .duration_seconds = *record.duration_seconds,
                       .recorded = true};
        if (const std::string why = write_record(settings, record); !why.empty()) {
            ended.recorded = false;
            ended.message += "; the record of this run cannot be written: " + why;
            // Not 1, upon which the timer would have all of it done again in an hour.
            if (ended.status == 0) ended.status = base::exit_status(ErrorKind::partial);
        }
        const std::string took = base::human_duration(watch.seconds());
        if (ended.status == 0)
            settings.log(LogLevel::info, format("job {}: done in {}: {}", job.name, took, outcome.message));
        else
            settings.log(LogLevel::error, format("job {}: ended with status {} after {}: {}", job.name,
                                                 ended.status, took, outcome.message));
        return ended;
    };
    try {
        if (job.check) job.check();
        return finish(run_commands(settings, job));
    } catch (const Error& error) {
        EndedJob ended = finish({.status = base::exit_status(error.kind()), .message = error.in_full()});
        if (error.kind() == ErrorKind::interrupted) throw;
        return ended;
    }
}

void skip_job(const JobSettings& settings, const std::string& name, const std::string& why) {
    JobRecord record = record_before(settings, name);
    record.last_skipped = base::now_unix_ms();
    write_record(settings, record);
    settings.log(LogLevel::notice, format("job {}: skipped: {}", name, why));
}

}  // namespace bt2c::agent
