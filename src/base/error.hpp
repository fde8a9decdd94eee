#pragma once
// Errors of the whole project: one type to throw, one table of kinds and exit statuses.

#include <exception>
#include <string>
#include <string_view>

namespace bt2c::base {

/// What went wrong, as far as a caller or a script must branch on it.
enum class ErrorKind {
    failed,         ///< the job could not be done; exit status 1
    usage,          ///< wrong command line or configuration; 2
    findings,       ///< a check found problems where none may be; 3
    busy,           ///< somebody else holds what is needed; 4
    wrong_secret,   ///< wrong password, key or signature; 5
    partial,        ///< done in part; 6
    no_repository,  ///< there is no repository at that place; 10
    interrupted,    ///< SIGINT or SIGTERM; 130
};

/// The process's exit status for `kind`, as pinned by the command-line contract.
int exit_status(ErrorKind kind) noexcept;
/// The stable name of `kind` in JSON documents, such as "no_repository".
std::string_view kind_name(ErrorKind kind) noexcept;

/// Thrown when a function cannot do its job. `message` is one clause, "cannot do X: Y";
/// the rest is optional and set with the chaining functions:
///   throw Error(ErrorKind::failed, "cannot restore backup 40dc1520: pack 7f3a is damaged")
///       .cause("its seal does not verify").state("nothing was changed").hint("run '...'");
class Error : public std::exception {
 public:
    Error(ErrorKind kind, std::string message);

    Error& cause(std::string text) &;
    Error& state(std::string text) &;
    Error& hint(std::string text) &;
    Error&& cause(std::string text) &&;
    Error&& state(std::string text) &&;
    Error&& hint(std::string text) &&;

    ErrorKind kind() const noexcept { return kind_; }
    const std::string& message() const noexcept { return message_; }
    /// Why, in the words of whoever failed (the kernel, a library); may be empty.
    const std::string& cause() const noexcept { return cause_; }
    /// What was left behind; may be empty.
    const std::string& state() const noexcept { return state_; }
    /// The next command or step; may be empty.
    const std::string& hint() const noexcept { return hint_; }
    /// The errno of the call that failed; 0 where none did, or not of itself.
    int system_code() const noexcept { return system_code_; }
    Error&& system_code(int error_number) &&;
    /// The message, and the cause where there is one: "cannot do X: Y: why".
    std::string in_full() const;
    const char* what() const noexcept override { return message_.c_str(); }

 private:
    ErrorKind kind_;
    int system_code_ = 0;
    std::string message_, cause_, state_, hint_;
};

/// An error of kind `failed` whose cause is the text of `error_number` (an errno), with a hint where the
/// number alone says what to do (a full disk, a read-only one, no permission).
Error system_error(std::string message, int error_number);

/// What some library threw that is no Error: too little memory, no thread left, or what nobody thought of.
Error unexpected_error(const std::exception& failure);

/// Always on; for programmers' mistakes, never for input or disk contents. Aborts with the place.
#define BT2C_ASSERT(condition) \
    ((condition) ? static_cast<void>(0) : ::bt2c::base::assertion_failed(#condition, __FILE__, __LINE__))
[[noreturn]] void assertion_failed(const char* condition, const char* file, int line) noexcept;

}  // namespace bt2c::base
