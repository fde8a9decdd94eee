#include "platform/system_log.hpp"

#include <sys/stat.h>
#include <sys/syslog.h>
#include <unistd.h>

#include <cstdlib>

#include "base/text.hpp"

namespace bt2c::platform {

bool stderr_is_journal() {
    // DEVICE:INODE; a variable that was only inherited names another file.
    const char* const stream = std::getenv("JOURNAL_STREAM");
    struct stat info {};
    return stream && ::fstat(STDERR_FILENO, &info) == 0 &&
           base::format("{}:{}", info.st_dev, info.st_ino) == stream;
}

void log_line(LogLevel level, std::string_view line, bool to_stderr, bool to_syslog) noexcept {
    try {
        const std::string text = base::printable(line);
        if (to_syslog) ::syslog(LOG_DAEMON | static_cast<int>(level), "%s", text.c_str());
        if (!to_stderr) return;
        const std::string whole =
            (stderr_is_journal() ? base::format("<{}>", static_cast<int>(level)) : "") + text + "\n";
        const ssize_t written = ::write(STDERR_FILENO, whole.data(), whole.size());
        static_cast<void>(written);
    } catch (const std::exception&) {
    }
}

}  // namespace bt2c::platform
