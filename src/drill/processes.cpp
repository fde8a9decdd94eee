#include "drill/processes.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <thread>

#include "base/error.hpp"
#include "base/progress.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "platform/file.hpp"

namespace bt2c::drill {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorKind;
using base::printable;

namespace {

constexpr std::size_t proc_bytes_max = 4096;

/// Files of /proc have no size; empty when it cannot be read.
std::string read_proc(const fs::path& file) {
    try {
        const platform::Descriptor descriptor = platform::open_for_reading(file);
        std::string text(proc_bytes_max, '\0');
        const base::MutableBytes bytes(reinterpret_cast<std::uint8_t*>(text.data()), text.size());
        text.resize(platform::read_at(descriptor.get(), bytes, 0, file));
        return text;
    } catch (const Error&) {
        return {};  // it is gone
    }
}

std::string boot() {
    std::string id = read_proc("/proc/sys/kernel/random/boot_id");
    while (id.ends_with('\n')) id.pop_back();
    return id;
}

std::optional<ProcessStat> stat_of(pid_t pid) {
    return parse_process_stat(read_proc(base::format("/proc/{}/stat", pid)));
}

/// The file actions and attributes of a start.
class Start {
 public:
    explicit Start(const fs::path& log) {
        posix_spawn_file_actions_init(&actions_);
        posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
        posix_spawn_file_actions_addopen(&actions_, STDOUT_FILENO, log.c_str(), O_WRONLY | O_CREAT | O_APPEND,
                                         0600);
        posix_spawn_file_actions_adddup2(&actions_, STDOUT_FILENO, STDERR_FILENO);
        posix_spawnattr_init(&attributes_);
        // What this command ignores, or a terminal's end that it was told to outlive, is its own affair.
        sigset_t all, none;
        sigfillset(&all);
        sigemptyset(&none);
        posix_spawnattr_setsigdefault(&attributes_, &all);
        posix_spawnattr_setsigmask(&attributes_, &none);
        posix_spawnattr_setflags(&attributes_,
                                 POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    }
    ~Start() {
        posix_spawn_file_actions_destroy(&actions_);
        posix_spawnattr_destroy(&attributes_);
    }
    Start(const Start&) = delete;
    Start& operator=(const Start&) = delete;

    pid_t run(const std::vector<std::string>& arguments) const {
        std::vector<char*> argv, environment;
        for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
        argv.push_back(nullptr);
        for (char** variable = environ; *variable; ++variable)
            if (const std::string_view text(*variable);
                !text.starts_with("NOTIFY_SOCKET=") && !text.starts_with("WATCHDOG_"))
                environment.push_back(*variable);
        environment.push_back(nullptr);
        pid_t pid = 0;
        const int error =
            ::posix_spawnp(&pid, argv[0], &actions_, &attributes_, argv.data(), environment.data());
        if (error != 0)
            throw base::system_error(base::format("cannot start {}", printable(arguments[0])), error);
        return pid;
    }

 private:
    posix_spawn_file_actions_t actions_{};
    posix_spawnattr_t attributes_{};
};

void send(const ProcessMark& process, int number) {
    // Each is the leader of its group. A group that is gone needs no signal.
    if (::kill(-process.pid, number) != 0 && errno != ESRCH)
        throw base::system_error(base::format("cannot end process {}", process.pid), errno);
}

std::vector<ProcessMark> still_running(std::vector<ProcessMark> processes) {
    std::erase_if(processes, [](const ProcessMark& process) { return !runs(process); });
    return processes;
}

std::vector<ProcessMark> wait_for_end(std::vector<ProcessMark> processes, double patience_s) {
    const base::Stopwatch watch;
    while (!(processes = still_running(std::move(processes))).empty() && watch.seconds() < patience_s)
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    return processes;
}

}  // namespace

std::optional<ProcessStat> parse_process_stat(std::string_view text) {
    // pid (name) state …; the name ends at the last parenthesis.
    const std::size_t name_end = text.rfind(')');
    if (name_end == std::string_view::npos) return std::nullopt;
    std::vector<std::string> fields;
    std::string field;
    for (const char c : text.substr(name_end + 1)) {
        if (c != ' ' && c != '\n') {
            field += c;
        } else if (!field.empty()) {
            fields.push_back(std::move(field));
            field.clear();
        }
    }
    constexpr std::size_t start_time = 19;  // field 22 of all; the state, field 3, is the first here
    if (fields.size() <= start_time) return std::nullopt;
    return ProcessStat{fields[start_time], fields[0] == "Z" || fields[0] == "X"};
}

ProcessMark start_detached(const std::vector<std::string>& arguments, const fs::path& log) {
    BT2C_ASSERT(!arguments.empty());
    const pid_t pid = Start(log).run(arguments);
    // Nobody waits for it meanwhile, so it is there even when it has ended.
    const auto stat = stat_of(pid);
    if (!stat)
        throw Error(ErrorKind::failed, base::format("cannot see the process of {}", printable(arguments[0])))
            .cause("there is no /proc");
    return {pid, base::format("{}@{}", stat->started, boot())};
}

bool runs(const ProcessMark& process) {
    const auto stat = stat_of(process.pid);
    return stat && !stat->ended && base::format("{}@{}", stat->started, boot()) == process.started;
}

std::vector<ProcessMark> end_all(const std::vector<ProcessMark>& processes, double patience_s) {
    std::vector<ProcessMark> left = still_running(processes);
    for (const ProcessMark& process : left) send(process, SIGTERM);
    left = wait_for_end(std::move(left), patience_s);
    for (const ProcessMark& process : left) send(process, SIGKILL);
    if (const auto immortal = wait_for_end(left, patience_s); !immortal.empty())
        throw Error(ErrorKind::failed,
                    base::format("process {} does not end although it was killed", immortal[0].pid));
    return left;
}

fs::path own_program() {
    return fs::read_symlink("/proc/self/exe");
}

}  // namespace bt2c::drill
