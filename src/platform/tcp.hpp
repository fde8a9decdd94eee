#pragma once
// Connections to other machines, bounded in time: names, TCP, waiting.

#include <cstddef>
#include <string>
#include <vector>

#include "platform/file.hpp"

namespace bt2c::platform {

/// The addresses of a host, the best first, at most eight. The system's resolver does the work in a process
/// of its own (getent), because its calls cannot be given a time limit. Throws Error(failed) when there is
/// none within `timeout_ms`, Error(interrupted) within 0.2 s when this process is asked to stop.
std::vector<std::string> addresses_of(const std::string& host, int timeout_ms);

/// A connected socket that does not block, without Nagle's delay. All addresses of the host are tried within
/// `timeout_ms`, the name's look-up included. Throws as addresses_of().
Descriptor connect_tcp(const std::string& host, int port, int timeout_ms);

/// A blocking connection to a socket in the file system; an empty descriptor where nobody listens.
Descriptor connect_unix(const fs::path& path);

/// Waits until something can be read or, where `writable` is asked for, written, at most `timeout_ms`.
void wait_for_socket(int fd, bool writable, int timeout_ms);

/// Bytes given to the kernel that the other end has not acknowledged; they become fewer while a transfer
/// moves.
std::size_t unacknowledged_bytes(int fd);

/// Ends a connection in both directions; whoever waits for it wakes up. It stays open as a descriptor.
void shut_down(int fd) noexcept;

/// Another descriptor of the same connection, closed on exec.
Descriptor duplicate(int fd);

}  // namespace bt2c::platform
