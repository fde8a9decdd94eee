#include "base/error.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <new>
#include <system_error>
#include <utility>

namespace bt2c::base {
namespace {

struct KindRow {
    ErrorKind kind;
    std::string_view name;
    int status;
};

constexpr std::array kind_table{
    KindRow{ErrorKind::failed, "failed", 1},
    KindRow{ErrorKind::usage, "usage", 2},
    KindRow{ErrorKind::findings, "findings", 3},
    KindRow{ErrorKind::busy, "busy", 4},
    KindRow{ErrorKind::wrong_secret, "wrong_secret", 5},
    KindRow{ErrorKind::partial, "partial", 6},
    KindRow{ErrorKind::no_repository, "no_repository", 10},
    KindRow{ErrorKind::interrupted, "interrupted", 130},
};

const KindRow& row_of(ErrorKind kind) noexcept {
    for (const auto& row : kind_table)
        if (row.kind == kind) return row;
    return kind_table[0];
}

/// What an operator can do about it; empty where that depends on more than the system's error.
const char* system_hint(int error_number) noexcept {
    switch (error_number) {
        case ENOSPC:
        case EDQUOT: return "make room on that disk, then run the same command again";
        case EROFS: return "mount the file system for writing, or name a place on another one";
        case EACCES:
        case EPERM: return "check owner and mode of it and of the folders above, or run as their owner";
        case EIO: return "the disk may be failing: look into the kernel's log (dmesg)";
        default: return "";
    }
}

}  // namespace

int exit_status(ErrorKind kind) noexcept {
    return row_of(kind).status;
}
std::string_view kind_name(ErrorKind kind) noexcept {
    return row_of(kind).name;
}

Error::Error(ErrorKind kind, std::string message) : kind_(kind), message_(std::move(message)) {}

std::string Error::in_full() const {
    return cause_.empty() ? message_ : message_ + ": " + cause_;
}

Error& Error::cause(std::string text) & {
    cause_ = std::move(text);
    return *this;
}
Error& Error::state(std::string text) & {
    state_ = std::move(text);
    return *this;
}
Error& Error::hint(std::string text) & {
    hint_ = std::move(text);
    return *this;
}
Error&& Error::cause(std::string text) && {
    return std::move(this->cause(std::move(text)));
}
Error&& Error::state(std::string text) && {
    return std::move(this->state(std::move(text)));
}
Error&& Error::hint(std::string text) && {
    return std::move(this->hint(std::move(text)));
}

Error&& Error::system_code(int error_number) && {
    system_code_ = error_number;
    return std::move(*this);
}

Error system_error(std::string message, int error_number) {
    return Error(ErrorKind::failed, std::move(message))
        .cause(std::strerror(error_number))
        .hint(system_hint(error_number))
        .system_code(error_number);
}

Error unexpected_error(const std::exception& failure) {
    constexpr const char* state = "it broke off where it was; what was complete before stays";
    if (dynamic_cast<const std::bad_alloc*>(&failure))
        return Error(ErrorKind::failed, "out of memory")
            .state(state)
            .hint("let it have more memory (ulimit -v, systemd's MemoryMax) and run it again");
    std::error_code code;
    if (const auto* const known = dynamic_cast<const std::system_error*>(&failure)) code = known->code();
    if (code == std::errc::resource_unavailable_try_again)
        return Error(ErrorKind::failed, "the system gives this program no further thread")
            .cause(failure.what())
            .state(state)
            .hint(
                "let it have more tasks and memory (ulimit -u and -v, systemd's TasksMax) and run it again");
    std::error_code lost;
    static_cast<void>(std::filesystem::current_path(lost));
    if (lost && code == lost)
        return Error(ErrorKind::failed, "the folder that this was started in is gone")
            .cause(failure.what())
            .state("nothing further was done")
            .hint("go to a folder that is there (cd), and run it again");
    return Error(ErrorKind::failed, "unexpected failure")
        .cause(failure.what())
        .state(state)
        .hint("run it again; where it stays so, tell the core team, with the output of 'bt2c-dr --version'");
}

void assertion_failed(const char* condition, const char* file, int line) noexcept {
    std::fprintf(stderr, "bt2c: assertion failed: %s at %s:%d\n", condition, file, line);
    std::abort();
}

}  // namespace bt2c::base
