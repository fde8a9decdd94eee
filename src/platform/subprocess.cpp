#include "platform/subprocess.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <fstream>

#include "base/error.hpp"
#include "base/progress.hpp"
#include "base/text.hpp"
#include "base/time.hpp"

namespace bt2c::platform {
namespace {

constexpr int background_nice = 10;
// ioprio_set(2); the kernel's own header is none for C++.
constexpr int io_who_process = 1, io_class_idle = 3, io_class_shift = 13;
constexpr int exec_failed_status = 127;
/// Between two looks at what a child has used. It may use too much for so long before it is paused.
constexpr int pipe_turn_ms = 10;
/// A child that stood still may make up for so much of it.
constexpr double credit_max_s = 0.1;
constexpr int stop_signals[] = {SIGINT, SIGTERM, SIGHUP};

/// In the child, between fork and exec: only what a signal handler may call. `mask`: what it is to heed from
/// then on.
[[noreturn]] void become(char* const* argv, int output_fd, int null_fd, pid_t parent, bool background,
                         const sigset_t& mask) {
    // A paused process does not obey SIGTERM.
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(exec_failed_status);
    if (background) {
        ::setpriority(PRIO_PROCESS, 0, background_nice);
        ::syscall(SYS_ioprio_set, io_who_process, 0, io_class_idle << io_class_shift);
    }
    // Ignored signals are inherited, but for those that whoever started us chose to ignore. Up to exec the
    // parent's handlers are here too, and would forget what they were told.
    struct sigaction usual {};
    usual.sa_handler = SIG_DFL;
    ::sigaction(SIGPIPE, &usual, nullptr);
    ::sigaction(SIGXFSZ, &usual, nullptr);
    for (const int number : stop_signals) {
        struct sigaction present {};
        if (::sigaction(number, nullptr, &present) != 0 || present.sa_handler == SIG_IGN) continue;
        ::sigaction(number, &usual, nullptr);
    }
    ::pthread_sigmask(SIG_SETMASK, &mask, nullptr);
    ::dup2(null_fd, STDIN_FILENO);
    ::dup2(output_fd, STDOUT_FILENO);
    ::execvp(argv[0], argv);
    const int error = errno;
    const ssize_t told = ::write(output_fd, &error, sizeof error);
    ::_exit(told == sizeof error ? exec_failed_status : exec_failed_status - 1);
}

}  // namespace

Subprocess::Subprocess(const std::vector<std::string>& arguments, Rank rank, std::size_t output_max)
    : output_max_(output_max) {
    BT2C_ASSERT(!arguments.empty());
    const std::string what = base::format("cannot run {}", base::printable(arguments[0]));
    std::vector<char*> argv;
    argv.reserve(arguments.size() + 1);
    for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw base::system_error(what, errno);
    read_end_ = Descriptor(ends[0]);
    Descriptor write_end(ends[1]);
    const Descriptor null(::open("/dev/null", O_RDWR | O_CLOEXEC));
    if (!null) throw base::system_error(what, errno);
    const pid_t parent = ::getpid();
    sigset_t stop{}, mask{};
    ::sigemptyset(&stop);
    for (const int number : stop_signals) ::sigaddset(&stop, number);
    ::pthread_sigmask(SIG_BLOCK, &stop, &mask);
    pid_ = ::fork();
    if (pid_ == 0) become(argv.data(), write_end.get(), null.get(), parent, rank == Rank::background, mask);
    ::pthread_sigmask(SIG_SETMASK, &mask, nullptr);
    if (pid_ < 0) throw base::system_error(what, errno);
    ended_ = Descriptor(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
    ::fcntl(read_end_.get(), F_SETFL, O_NONBLOCK);
}

Subprocess::~Subprocess() {
    if (status_ || pid_ < 0) return;
    ::kill(pid_, SIGKILL);
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
}

/// What is there to be read now.
void Subprocess::drain() {
    std::uint8_t piece[4096];
    for (;;) {
        const ssize_t got = ::read(read_end_.get(), piece, sizeof piece);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return;
        const std::size_t kept = std::min(static_cast<std::size_t>(got), output_max_ - output_.size());
        output_.insert(output_.end(), piece, piece + kept);
    }
}

bool Subprocess::reap() {
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) != pid_) return false;
    status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    drain();
    if (*status_ == exec_failed_status && output_.size() == sizeof(int))
        throw base::system_error("cannot run the program", base::get_le<int>(output_.data()));
    return true;
}

std::optional<int> Subprocess::wait(int timeout_ms) {
    using Clock = std::chrono::steady_clock;
    const auto deadline = Clock::now() + std::chrono::milliseconds(timeout_ms);
    while (!status_) {
        drain();
        if (reap()) break;
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
        if (left <= 0) break;
        // Kernels without pidfds are asked again and again.
        pollfd waiting[2] = {{.fd = read_end_.get(), .events = POLLIN, .revents = 0},
                             {.fd = ended_.get(), .events = POLLIN, .revents = 0}};
        // A pipe that was closed is always ready: from then on only the end counts.
        if (::poll(waiting, 2, static_cast<int>(std::min<long>(left, ended_ ? left : pipe_turn_ms))) > 0 &&
            (waiting[0].revents & POLLHUP) != 0)
            ::poll(&waiting[1], 1, static_cast<int>(std::min<long>(left, pipe_turn_ms)));
    }
    return status_;
}

void Subprocess::ask_to_end() noexcept {
    if (status_) return;
    ::kill(pid_, SIGTERM);
    ::kill(pid_, SIGCONT);
}

void Subprocess::pause() noexcept {
    if (!status_) ::kill(pid_, SIGSTOP);
}

void Subprocess::go_on() noexcept {
    if (!status_) ::kill(pid_, SIGCONT);
}

double Subprocess::cpu_seconds() const noexcept {
    clockid_t clock{};
    timespec time{};
    if (status_ || ::clock_getcpuclockid(pid_, &clock) != 0 || ::clock_gettime(clock, &time) != 0) return 0;
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

std::uint64_t Subprocess::io_bytes() const {
    if (status_) return 0;
    std::ifstream counts(base::format("/proc/{}/io", pid_));
    std::uint64_t bytes = 0, count = 0;
    for (std::string name; counts >> name >> count;)
        if (name == "read_bytes:" || name == "write_bytes:") bytes += count;
    return bytes;
}

double RateBudget::pause_s(double wall_s, double used) {
    credit_ += (wall_s - wall_s_) * per_second_ - (used - used_);
    credit_ = std::min(credit_, credit_max_s * per_second_);
    wall_s_ = wall_s;
    used_ = used;
    return credit_ < 0 ? -credit_ / per_second_ : 0;
}

int wait_within_share(Subprocess& child, const Share& share, int grace_ms) {
    const base::Stopwatch watch;
    RateBudget processors(share.processors);
    RateBudget io(static_cast<double>(share.io_bytes_per_second));
    try {
        for (;;) {
            if (const auto status = child.wait(pipe_turn_ms)) return *status;
            base::throw_if_interrupted();
            double pause_s = processors.pause_s(watch.seconds(), child.cpu_seconds());
            if (share.io_bytes_per_second > 0)
                pause_s =
                    std::max(pause_s, io.pause_s(watch.seconds(), static_cast<double>(child.io_bytes())));
            if (pause_s <= 0) continue;
            child.pause();
            const double until = watch.seconds() + pause_s;
            while (watch.seconds() < until) {
                base::throw_if_interrupted();
                if (const auto status = child.wait(pipe_turn_ms)) return *status;
            }
            child.go_on();
        }
    } catch (...) {
        child.ask_to_end();
        child.wait(grace_ms);
        throw;
    }
}

}  // namespace bt2c::platform
