#include "platform/signals.hpp"

#include <signal.h>

#include "base/progress.hpp"

namespace bt2c::platform {

void handle_signals() {
    struct sigaction ask {};
    ask.sa_handler = [](int) { base::request_interrupt(); };
    // SA_RESTART: libraries that never heard of EINTR must not fail; who waits, waits with poll().
    ask.sa_flags = static_cast<int>(SA_RESETHAND) | SA_RESTART;
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
        struct sigaction before {};
        if (::sigaction(number, nullptr, &before) == 0 && before.sa_handler == SIG_IGN) continue;
        ::sigaction(number, &ask, nullptr);
    }
    struct sigaction ignore {};
    ignore.sa_handler = SIG_IGN;
    ::sigaction(SIGPIPE, &ignore, nullptr);
    ::sigaction(SIGXFSZ, &ignore, nullptr);  // a limit on the size of files is told as an error
}

}  // namespace bt2c::platform
