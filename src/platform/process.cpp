#include "platform/process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <climits>
#include <thread>

#include "base/error.hpp"
#include "base/progress.hpp"
#include "base/text.hpp"
#include "platform/file.hpp"

namespace bt2c::platform {
namespace {

using base::Error;
using base::ErrorKind;
using base::format;

/// A child that does not outlive this object.
class Child {
 public:
    Child(const std::vector<std::string>& arguments, int output_fd) {
        std::vector<char*> argv;
        for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
        argv.push_back(nullptr);
        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_adddup2(&actions, output_fd, STDOUT_FILENO);
        // We ignore SIGPIPE, and ignored signals are inherited; the child must not.
        posix_spawnattr_t attributes;
        posix_spawnattr_init(&attributes);
        sigset_t defaults;
        sigemptyset(&defaults);
        sigaddset(&defaults, SIGPIPE);
        posix_spawnattr_setsigdefault(&attributes, &defaults);
        posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
        const int error = ::posix_spawnp(&pid_, argv[0], &actions, &attributes, argv.data(), environ);
        posix_spawnattr_destroy(&attributes);
        posix_spawn_file_actions_destroy(&actions);
        if (error != 0)
            throw base::system_error(format("cannot run {}", base::printable(arguments[0])), error);
    }
    ~Child() {
        if (waited_) return;
        ::kill(pid_, SIGKILL);
        wait();
    }
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

    /// Without taking its status, which wait() does.
    bool has_ended() const {
        siginfo_t ended{};
        return ::waitid(P_PID, static_cast<id_t>(pid_), &ended, WEXITED | WNOHANG | WNOWAIT) != 0 ||
               ended.si_pid == pid_;
    }
    int wait() {
        int status = 0;
        while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
        }
        waited_ = true;
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }

 private:
    pid_t pid_ = 0;
    bool waited_ = false;
};

}  // namespace

void open_standard_descriptors() {
    for (int fd = 0; fd <= 2; ++fd)
        // The lowest free number is taken, so the holes fill in order.
        if (::fcntl(fd, F_GETFD) < 0 && ::open("/dev/null", O_RDONLY) != fd)
            throw Error(ErrorKind::failed, "cannot open /dev/null");
}

std::string host_name() {
    char name[HOST_NAME_MAX + 1] = {};
    if (::gethostname(name, sizeof name - 1) != 0 || name[0] == 0) return "unknown";
    return base::printable(name);
}

std::string user_name() {
    return user_name(::geteuid());
}

std::string user_name(unsigned user) {
    passwd entry{};
    passwd* found = nullptr;
    std::array<char, 16'384> memory{};
    if (::getpwuid_r(user, &entry, memory.data(), memory.size(), &found) != 0 || !found)
        return base::format("user {}", user);
    return base::printable(entry.pw_name);
}

ChildResult run_and_capture(const std::vector<std::string>& arguments, std::size_t output_max,
                            int timeout_ms) {
    BT2C_ASSERT(!arguments.empty());
    const std::string name = base::printable(arguments[0]);
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw base::system_error(format("cannot run {}", name), errno);
    const Descriptor read_end(ends[0]);
    Descriptor write_end(ends[1]);
    Child child(arguments, write_end.get());
    write_end.reset();

    using Clock = std::chrono::steady_clock;
    const auto deadline = Clock::now() + std::chrono::milliseconds(timeout_ms);
    // Room for all that is allowed, so that no copy of a secret is left behind by growth.
    base::Bytes output(output_max + 1);
    const auto too_late = [&] {
        std::fill(output.begin(), output.end(), std::uint8_t{0});
        return Error(ErrorKind::failed,
                     format("{} did not end within {}", name, base::human_duration(timeout_ms / 1000.0)));
    };
    std::size_t filled = 0;
    for (;;) {
        base::throw_if_interrupted();
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
        if (left <= 0) throw too_late();
        pollfd waiting{.fd = read_end.get(), .events = POLLIN, .revents = 0};
        // Short turns, because a signal may come between the check above and the wait.
        if (::poll(&waiting, 1, static_cast<int>(std::min<long>(left, 200))) <= 0) continue;
        const ssize_t got = ::read(read_end.get(), output.data() + filled, output.size() - filled);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) throw base::system_error(format("cannot read the output of {}", name), errno);
        if (got == 0) break;
        filled += static_cast<std::size_t>(got);
        if (filled > output_max)
            throw Error(ErrorKind::failed,
                        format("{} wrote more than {}", name, base::human_size(output_max)));
    }
    output.resize(filled);
    // One that closed its output may go on for ever.
    while (!child.has_ended()) {
        base::throw_if_interrupted();
        if (Clock::now() >= deadline) throw too_late();
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return {.status = child.wait(), .output = std::move(output)};
}

}  // namespace bt2c::platform
