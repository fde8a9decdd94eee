#pragma once
// One thing that 'doctor' looked at, and how it looks without being held up.

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/json.hpp"

namespace bt2c::cli {

struct HealthCheck {
    enum class Status {
        ok,
        finding,  ///< something is missing, wrong or stale
        unknown,  ///< it could not be looked at, and should have been; counts as a finding
        skipped,  ///< it does not apply here; `detail` says why
    };
    std::string name;     ///< "recovery_phrase"
    std::string subject;  ///< which one of several: a location, a job, a file; else empty
    Status status = Status::ok;
    std::string detail;  ///< one line, printable
    std::string mend;    ///< the command or step that mends it; empty where nothing is to be done

    bool is_finding() const { return status == Status::finding || status == Status::unknown; }
    base::Json to_json() const;
    static HealthCheck from_json(const base::Json& json);
};
std::string_view status_name(HealthCheck::Status status);

using HealthChecks = std::vector<HealthCheck>;

/// A check that could not be made, since `error` was thrown; its hint is what mends it.
HealthCheck unknown_check(std::string name, const base::Error& error);

/// Whether it is there. Throws Error where that cannot be seen.
bool is_there(const std::filesystem::path& path);

/// What `look` finds; when it throws, one check `name` that says so. Interruption is thrown on.
HealthChecks looked_at(const std::string& name, const std::function<HealthChecks()>& look);

/// The same in a process of its own, which is killed after `patience`: neither a server nor a mount that
/// hangs holds this process up.
HealthChecks looked_at_within(std::chrono::milliseconds patience, const std::string& name,
                              const std::function<HealthChecks()>& look);

/// A word as shells take it, in quotes where it needs them; for commands that are shown.
std::string shell_word(const std::string& text);

}  // namespace bt2c::cli
