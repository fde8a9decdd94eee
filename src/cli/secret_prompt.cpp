#include "cli/secret_prompt.hpp"

#include <fcntl.h>
#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>

#include "base/error.hpp"
#include "base/progress.hpp"
#include "base/text.hpp"
#include "platform/file.hpp"

namespace bt2c::cli {
namespace {

using base::Error;
using base::ErrorKind;
using crypto::SecretBytes;
using platform::Descriptor;

constexpr std::size_t secret_size_max = 1024;

/// Echo is off while this lives.
class EchoOff {
 public:
    explicit EchoOff(int fd) : fd_(fd) {
        if (::tcgetattr(fd_, &before_) != 0) throw base::system_error("cannot ask for a secret", errno);
        termios quiet = before_;
        quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
        quiet.c_lflag |= static_cast<tcflag_t>(ECHONL | ICANON | ISIG);
        if (::tcsetattr(fd_, TCSAFLUSH, &quiet) != 0)
            throw base::system_error("cannot ask for a secret", errno);
    }
    ~EchoOff() { ::tcsetattr(fd_, TCSAFLUSH, &before_); }
    EchoOff(const EchoOff&) = delete;
    EchoOff& operator=(const EchoOff&) = delete;

 private:
    int fd_;
    termios before_{};
};

SecretBytes read_line(int fd) {
    SecretBytes line(secret_size_max + 1);
    std::size_t filled = 0;
    for (;;) {
        base::throw_if_interrupted();
        pollfd waiting{.fd = fd, .events = POLLIN, .revents = 0};
        // Short turns: the handler of SIGINT only sets a flag, and may do so just before the wait.
        if (::poll(&waiting, 1, 200) <= 0) continue;
        const ssize_t got = ::read(fd, line.data() + filled, line.size() - filled);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) throw Error(ErrorKind::failed, "cannot read the answer: the input ended");
        filled += static_cast<std::size_t>(got);
        if (line.data()[filled - 1] == '\n') return line.first(filled - 1);
        if (filled == line.size())
            throw Error(ErrorKind::failed,
                        base::format("cannot read the answer: it is longer than {} bytes", secret_size_max));
    }
}

/// Where a person is asked. In a session that has no terminal of its own ('su - USER -c'), the one that stdin
/// and stderr are on, which cannot be opened by its name.
class Asking {
 public:
    explicit operator bool() const {
        return own_ || (::isatty(STDIN_FILENO) == 1 && ::isatty(STDERR_FILENO) == 1);
    }
    SecretBytes ask(const std::string& question) const {
        show(question);
        return read_line(in());
    }
    SecretBytes ask_quietly(const std::string& question) const {
        const EchoOff echo_off(in());
        return ask(question);
    }

 private:
    int in() const { return own_ ? own_.get() : STDIN_FILENO; }
    void show(const std::string& question) const {
        const std::string prompt = question + ": ";
        if (::write(own_ ? own_.get() : STDERR_FILENO, prompt.data(), prompt.size()) < 0)
            throw base::system_error("cannot ask", errno);
    }

    Descriptor own_{::open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC)};
};

}  // namespace

std::optional<SecretBytes> ask_secret(const std::string& question) {
    const Asking terminal;
    if (!terminal) return std::nullopt;
    return terminal.ask_quietly(question);
}

std::optional<std::string> ask_visibly(const std::string& question) {
    const Asking terminal;
    if (!terminal) return std::nullopt;
    return std::string(terminal.ask(question).text());
}

std::optional<SecretBytes> ask_new_secret(const std::string& question) {
    const Asking terminal;
    if (!terminal) return std::nullopt;
    SecretBytes secret = terminal.ask_quietly(question);
    if (secret.empty()) throw Error(ErrorKind::usage, "the secret is empty");
    const SecretBytes again = terminal.ask_quietly(question + ", again");
    if (!crypto::equal(secret.view(), again.view())) throw Error(ErrorKind::usage, "the two answers differ");
    return secret;
}

}  // namespace bt2c::cli
