#pragma once
// Servers that a test starts as processes of its own.

#include <filesystem>
#include <string>
#include <vector>

namespace bt2c::support {

/// So many ports of the loopback that were free just now, of those that the system gives to nobody by itself:
/// a server that is killed and started again must find its port as it left it.
std::vector<int> free_ports(std::size_t count);

/// A program in the background, its output in `log`. It is killed at the end, and when the test is.
class ServerProcess {
 public:
    /// Throws std::runtime_error when there can be no process; a program that is not there ends with 127.
    ServerProcess(std::vector<std::string> command, const std::filesystem::path& log);
    ~ServerProcess() { kill(); }
    ServerProcess(ServerProcess&& other) noexcept;
    ServerProcess& operator=(ServerProcess&&) = delete;

    void kill() noexcept;
    /// Whether it still runs.
    bool runs();

 private:
    int process_ = -1;
};

}  // namespace bt2c::support
