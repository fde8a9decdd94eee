// Units for systemd; see automation.hpp.

#include <algorithm>
#include <array>

#include "agent/automation.hpp"
#include "base/error.hpp"
#include "base/text.hpp"

namespace bt2c::agent {

namespace fs = std::filesystem;
using base::format;

namespace {

struct Kind {
    std::string_view name;
    std::string_view what;
    bool retried;  ///< an hour after it failed; the others come again soon
};
constexpr std::array<Kind, 4> kinds{{{"full", "full backup", true},
                                     {"incremental", "incremental backup", false},
                                     {"verify", "check of the chain", true},
                                     {"restore-test", "restore test", true}}};

std::string head(const fs::path& home) {
    // Worded so that no command stands in it that would be shown with other options than it is installed.
    return format(
        "# Written by setup-automated-backups of bt2c-dr, for the home {}.\n"
        "# It is written anew by the same command, and removed by it with --remove.\n",
        home.native());
}

void check_printable(const std::string& text) {
    if (base::printable(text) == text && !text.empty()) return;
    throw base::Error(base::ErrorKind::usage,
                      format("cannot write a unit: '{}' cannot stand in one", base::printable(text)))
        .hint(
            "give the folder another name, or let the agent run the jobs: 'bt2c-dr "
            "setup-automated-backups --scheduler agent'");
}

/// A word of a unit's value: specifiers and quotes as they are meant. `mark` stands in front of it, and is
/// systemd's.
std::string unit_word(const std::string& text, std::string_view mark = "") {
    check_printable(text);
    std::string quoted = "\"";
    quoted += mark;
    for (const char c : text) {
        if (c == '"' || c == '\\') quoted += '\\';
        quoted += c;
        if (c == '%') quoted += c;
    }
    return quoted + "\"";
}

/// A word of a command line, where $ begins a variable.
std::string command_word(const std::string& text) {
    std::string escaped;
    for (const char c : text) {
        escaped += c;
        if (c == '$') escaped += c;
    }
    return unit_word(escaped);
}

bool below(const fs::path& path, const char* folder) {
    const std::string text = path.native() + "/";
    return text.starts_with(std::string(folder) + "/");
}

/// The words of a command line, as far as they can be paths; a path with blanks keeps its beginning.
std::vector<fs::path> words_of(const std::string& text) {
    constexpr std::string_view separators = " \t\"'`=:;,|&<>()";
    std::vector<fs::path> words;
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find_first_of(separators, at), text.size());
        if (end > at) words.emplace_back(text.substr(at, end - at));
        at = end + 1;
    }
    return words;
}

bool any_below(const Automation& automation, std::initializer_list<const char*> folders) {
    std::vector<fs::path> paths = automation.writable;
    paths.push_back(automation.home);
    paths.push_back(automation.program);
    for (const auto& [name, value] : automation.environment)
        for (const fs::path& word : words_of(value)) paths.push_back(word);
    for (const std::string& option : automation.options) paths.emplace_back(option);
    return std::ranges::any_of(paths, [&](const fs::path& path) {
        return std::ranges::any_of(folders, [&](const char* folder) { return below(path, folder); });
    });
}

/// What a manager of the system can take away from a service.
std::string sandbox(const Automation& automation) {
    std::string text = "CapabilityBoundingSet=";
    // Root without them could neither read files of others nor give them back to their owners.
    if (automation.user == "root") text += "CAP_CHOWN CAP_DAC_OVERRIDE CAP_FOWNER";
    text += "\nProtectSystem=strict\nReadWritePaths=" + unit_word(automation.home);
    for (const fs::path& folder : automation.writable) text += " " + unit_word(folder.native(), "-");
    const bool in_homes = automation.reads_homes ||
                          any_below(automation, {"/home", "/root", "/run/user", "~", "$HOME", "${HOME}"});
    text += format("\nProtectHome={}\nPrivateTmp={}\n", in_homes ? "read-only" : "yes",
                   any_below(automation, {"/tmp", "/var/tmp"}) ? "no" : "yes");
    return text +
           "PrivateDevices=yes\n"
           "ProtectClock=yes\n"
           "ProtectHostname=yes\n"
           "ProtectControlGroups=yes\n"
           "ProtectKernelLogs=yes\n"
           "ProtectKernelModules=yes\n"
           "ProtectKernelTunables=yes\n"
           "ProtectProc=invisible\n"
           "ProcSubset=pid\n"
           "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6\n"
           "RestrictNamespaces=yes\n"
           "RemoveIPC=yes\n";
}

std::string service(const Automation& automation, const Kind& kind) {
    std::string text = head(automation.home) + format("[Unit]\nDescription=BT2C {} of ", kind.what);
    for (const char c : automation.home.native()) text += c == '%' ? "%%" : std::string(1, c);
    text += "\nDocumentation=man:bt2c-dr-job(1)\n";
    if (automation.for_system) text += "Wants=network-online.target\nAfter=network-online.target\n";
    text += "\n[Service]\nType=oneshot\n";
    if (automation.for_system) text += format("User={}\n", automation.user);
    for (const auto& [name, value] : automation.environment)
        text += format("Environment={}\n", unit_word(format("{}={}", name, value)));
    text += "ExecStart=" + command_word(automation.program.native());
    for (const std::string& option : automation.options) text += " " + command_word(option);
    text += format(" job {}\n", kind.name);
    text +=
        "TimeoutStartSec=infinity\n"
        "TimeoutStopSec=30\n"
        "KillMode=mixed\n";
    if (kind.retried)
        text +=
            "Restart=on-failure\n"
            "RestartSec=1h\n"
            "RestartPreventExitStatus=2 3 6\n";
    const unsigned quota =
        std::max(1U, static_cast<unsigned>(automation.schedule.cpu_percent) * automation.processors);
    text += format("\nNice=10\nIOSchedulingClass=idle\nIOWeight={}\nCPUQuota={}%\n",
                   automation.schedule.io_weight, quota);
    text +=
        "\nUMask=0077\n"
        "LimitCORE=0\n"
        "LimitMEMLOCK=64M\n"
        "NoNewPrivileges=yes\n"
        "LockPersonality=yes\n"
        "MemoryDenyWriteExecute=yes\n"
        "RestrictRealtime=yes\n"
        "RestrictSUIDSGID=yes\n"
        "SystemCallArchitectures=native\n"
        "SystemCallFilter=@system-service\n"
        "SystemCallErrorNumber=EPERM\n";
    if (automation.for_system) text += sandbox(automation);
    return text;
}

std::string calendar(const config::WeeklyTime& time) {
    const std::string text = config::weekly_time_text(time);
    const std::string clock = text.substr(text.size() - 5);
    return (time.weekday ? text.substr(0, 4) : "") + "*-*-* " + clock + ":00 UTC";
}

std::string calendar_of_minutes(int minutes) {
    if (minutes < 60) return format("*-*-* *:00/{:02}:00 UTC", minutes);
    if (minutes == 60) return "*-*-* *:00:00 UTC";
    if (minutes == 24 * 60) return "*-*-* 00:00:00 UTC";
    return format("*-*-* 00/{:02}:00:00 UTC", minutes / 60);
}

/// Empty: the schedule has none.
std::string calendar_of(const config::ScheduleSettings& schedule, std::string_view name) {
    if (name == "incremental")
        return schedule.incremental_minutes > 0 ? calendar_of_minutes(schedule.incremental_minutes) : "";
    const auto& time = name == "full"     ? schedule.full
                       : name == "verify" ? schedule.verify
                                          : schedule.restore_test;
    return time ? calendar(*time) : "";
}

std::string timer(const Automation& automation, const Kind& kind, const std::string& calendar) {
    int jitter_s = automation.schedule.jitter_seconds;
    if (kind.name == "incremental")
        jitter_s = std::min(jitter_s, automation.schedule.incremental_minutes * 30 - 1);
    return head(automation.home) + format(
                                       "[Unit]\n"
                                       "Description=BT2C {}, when it is due\n"
                                       "\n"
                                       "[Timer]\n"
                                       "OnCalendar={}\n"
                                       "RandomizedDelaySec={}\n"
                                       "FixedRandomDelay=yes\n"
                                       "AccuracySec=1s\n"
                                       "Persistent=yes\n"
                                       "\n"
                                       "[Install]\n"
                                       "WantedBy=timers.target\n",
                                       kind.what, calendar, jitter_s);
}

std::string stem(const Kind& kind, const std::string& suffix) {
    return format("bt2c-dr-{}{}", kind.name, suffix);
}

}  // namespace

std::vector<UnitFile> unit_files(const Automation& automation) {
    check_printable(automation.home.native());
    check_printable(automation.user);
    std::vector<UnitFile> files;
    for (const Kind& kind : kinds) {
        const std::string when = calendar_of(automation.schedule, kind.name);
        if (when.empty()) continue;
        files.push_back({stem(kind, automation.suffix) + ".service", service(automation, kind)});
        files.push_back({stem(kind, automation.suffix) + ".timer", timer(automation, kind, when)});
    }
    return files;
}

std::vector<std::string> unit_names(const std::string& suffix) {
    std::vector<std::string> names;
    for (const Kind& kind : kinds)
        for (const char* type : {".service", ".timer"}) names.push_back(stem(kind, suffix) + type);
    return names;
}

bool is_our_unit(std::string_view text, const fs::path& home) {
    // Earlier builds began them so.
    const std::string earlier =
        format("# Written by 'bt2c-dr setup-automated-backups' for the home {}.\n", home.native());
    return text.starts_with(head(home)) || text.starts_with(earlier);
}

}  // namespace bt2c::agent
