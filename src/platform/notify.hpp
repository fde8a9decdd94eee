#pragma once
// Tells the service manager how a daemon is: sd_notify(3) without its library.

#include <string_view>

namespace bt2c::platform {

/// Sends `state`, such as "READY=1" or "STOPPING=1", to the socket that $NOTIFY_SOCKET names. False, and
/// nothing else, where there is none or it does not take it: a service manager that is away is no reason to
/// stop.
bool notify_service_manager(std::string_view state) noexcept;

}  // namespace bt2c::platform
