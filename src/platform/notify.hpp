#pragma once
// Talks to the service manager that started this process (systemd's sd_notify protocol).

#include <string_view>

namespace bt2c::platform {

/// Sends `state`, such as "READY=1", to the socket that $NOTIFY_SOCKET names. False when there is none, or it
/// does not take it: nothing depends on that.
bool notify_service_manager(std::string_view state);

}  // namespace bt2c::platform
