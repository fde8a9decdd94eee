#include "platform/isolated.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <string>

#include "base/error.hpp"
#include "base/progress.hpp"
#include "platform/file.hpp"

namespace bt2c::platform {
namespace {

using base::Bytes;
using base::Error;
using base::ErrorKind;

// What goes over the pipe: a kind (1 byte), a length (4), and that many bytes.
constexpr std::size_t head_bytes = 5;
constexpr std::uint8_t is_answer = 0;
constexpr std::uint8_t is_error = 1;
constexpr std::size_t error_text_max = 1000;
constexpr std::size_t error_bytes_max = 1 + 4 * (2 + error_text_max);
constexpr int answer_fd = 3;

/// The kinds that an isolated job may fail with; no other changes what the program does.
constexpr ErrorKind error_kinds[] = {ErrorKind::failed, ErrorKind::usage, ErrorKind::busy,
                                     ErrorKind::wrong_secret};

Error no_answer() {
    return Error(ErrorKind::failed, "an isolated process sent what is no answer");
}

Bytes encode_error(const Error& error) {
    const auto kind = std::ranges::find(error_kinds, error.kind());
    Bytes out;
    base::put_le(out, static_cast<std::uint8_t>(kind == std::end(error_kinds) ? 0 : kind - error_kinds));
    for (const std::string* text : {&error.message(), &error.cause(), &error.state(), &error.hint()}) {
        const std::string cut = text->substr(0, error_text_max);
        base::put_le(out, static_cast<std::uint16_t>(cut.size()));
        out.insert(out.end(), cut.begin(), cut.end());
    }
    return out;
}

Error decode_error(base::ByteView bytes) {
    base::Reader reader(bytes);
    const auto kind = reader.integer<std::uint8_t>();
    const auto text = [&] {
        return std::string(
            base::as_text(reader.bytes(reader.integer<std::uint16_t>())).substr(0, error_text_max));
    };
    std::string message = text();
    if (reader.failed() || kind >= std::size(error_kinds) || message.empty()) return no_answer();
    Error error(error_kinds[kind], std::move(message));
    error.cause(text());
    error.state(text());
    error.hint(text());
    return error;
}

void send(std::uint8_t kind, base::ByteView payload) {
    Bytes head;
    base::put_le(head, kind);
    base::put_le(head, static_cast<std::uint32_t>(payload.size()));
    for (base::ByteView rest : {base::ByteView(head), payload})
        while (!rest.empty()) {
            const ssize_t sent = ::write(answer_fd, rest.data(), rest.size());
            if (sent < 0 && errno != EINTR) ::_exit(1);
            if (sent > 0) rest = rest.subspan(static_cast<std::size_t>(sent));
        }
}

/// Nothing of the parent's is left within reach but memory.
void seal_off(int write_end, pid_t parent) {
    ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(1);
    for (int number = 1; number < SIGRTMIN; ++number) ::signal(number, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    const int null = ::open("/dev/null", O_RDWR);
    for (int fd = 0; fd < answer_fd; ++fd) ::dup2(null, fd);
    ::dup2(write_end, answer_fd);
    ::fcntl(answer_fd, F_SETFD, FD_CLOEXEC);
    ::close_range(answer_fd + 1, ~0U, 0);
}

[[noreturn]] void be_child(const std::function<Bytes()>& job, int write_end, pid_t parent) {
    seal_off(write_end, parent);
    try {
        const Bytes answer = job();
        send(is_answer, answer);
    } catch (const Error& error) {
        send(is_error, encode_error(error));
    } catch (const std::exception& error) {
        send(is_error, encode_error(base::unexpected_error(error)));
    }
    ::_exit(0);
}

using Clock = std::chrono::steady_clock;

/// A child that does not outlive this object, nor does what it started in its group.
class ForkedChild {
 public:
    explicit ForkedChild(pid_t pid) : pid_(pid) { ::setpgid(pid, pid); }
    ~ForkedChild() { end(); }
    ForkedChild(const ForkedChild&) = delete;
    ForkedChild& operator=(const ForkedChild&) = delete;

    /// Kills what is left of it; its status as of waitpid().
    int end() {
        if (pid_ == 0) return status_;
        // Before it is reaped: afterwards its number may be another's. It may have left its group.
        ::kill(-pid_, SIGKILL);
        ::kill(pid_, SIGKILL);
        while (::waitpid(pid_, &status_, 0) < 0 && errno == EINTR) {
        }
        pid_ = 0;
        return status_;
    }
    /// False when it did not end by itself in time.
    bool ends_before(Clock::time_point deadline) const {
        siginfo_t info{};
        for (;;) {
            base::throw_if_interrupted();
            if (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
                info.si_pid == pid_)
                return true;
            if (Clock::now() >= deadline) return false;
            ::poll(nullptr, 0, 10);
        }
    }

 private:
    pid_t pid_;
    int status_ = 0;
};

/// Fills `out` from the pipe; false when that ends before, or does not come in time.
bool read_exactly(int fd, base::MutableBytes out, Clock::time_point deadline) {
    while (!out.empty()) {
        base::throw_if_interrupted();
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
        if (left <= 0) return false;
        pollfd waiting{.fd = fd, .events = POLLIN, .revents = 0};
        // Short turns, because a signal may come between the check above and the wait.
        if (::poll(&waiting, 1, static_cast<int>(std::min<long>(left, 200))) <= 0) continue;
        const ssize_t got = ::read(fd, out.data(), out.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) throw base::system_error("cannot read the answer of an isolated process", errno);
        if (got == 0) return false;
        out = out.subspan(static_cast<std::size_t>(got));
    }
    return true;
}

/// How a child ended that gave no whole answer. One that closed the pipe may still hang.
IsolatedResult unanswered(ForkedChild& child, Clock::time_point deadline) {
    using End = IsolatedResult::End;
    if (!child.ends_before(deadline)) return {.end = End::timed_out, .number = 0, .answer = {}};
    const int status = child.end();
    if (WIFSIGNALED(status)) return {.end = End::crashed, .number = WTERMSIG(status), .answer = {}};
    return {.end = End::ended, .number = WEXITSTATUS(status), .answer = {}};
}

}  // namespace

IsolatedResult run_isolated(const std::function<Bytes()>& job, std::size_t answer_max, int timeout_ms) {
    const auto deadline = Clock::now() + std::chrono::milliseconds(timeout_ms);
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw base::system_error("cannot make an isolated process", errno);
    const Descriptor read_end(ends[0]);
    Descriptor write_end(ends[1]);
    const pid_t parent = ::getpid();
    const pid_t pid = ::fork();
    if (pid < 0) throw base::system_error("cannot make an isolated process", errno);
    if (pid == 0) be_child(job, write_end.get(), parent);
    ForkedChild child(pid);
    write_end.reset();

    std::uint8_t head[head_bytes];
    if (!read_exactly(read_end.get(), head, deadline)) return unanswered(child, deadline);
    const std::size_t size = base::get_le<std::uint32_t>(head + 1);
    if (head[0] > is_error || size > (head[0] == is_error ? error_bytes_max : answer_max)) throw no_answer();
    Bytes payload(size);
    if (!read_exactly(read_end.get(), payload, deadline)) return unanswered(child, deadline);
    child.end();
    if (head[0] == is_error) throw decode_error(payload);
    return {.end = IsolatedResult::End::answered, .number = 0, .answer = std::move(payload)};
}

}  // namespace bt2c::platform
