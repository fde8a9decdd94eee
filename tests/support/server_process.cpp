#include "support/server_process.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <random>
#include <stdexcept>
#include <utility>

#include "platform/file.hpp"

namespace bt2c::support {

std::vector<int> free_ports(std::size_t count) {
    constexpr int first = 4'000, last = 11'999;
    std::random_device random;
    std::uniform_int_distribution any(first, last);
    std::vector<int> ports;
    std::vector<platform::Descriptor> sockets;  // all at once, so that each port is another
    for (int tries = 0; ports.size() < count; ++tries) {
        if (tries > last - first) throw std::runtime_error("there is no free port");
        platform::Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        const int port = any(random);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(static_cast<std::uint16_t>(port));
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) continue;
        sockets.push_back(std::move(socket));
        ports.push_back(port);
    }
    return ports;
}

ServerProcess::ServerProcess(std::vector<std::string> command, const std::filesystem::path& log) {
    std::vector<char*> argv;
    for (std::string& word : command) argv.push_back(word.data());
    argv.push_back(nullptr);
    process_ = ::fork();
    if (process_ == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
        const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        ::dup2(nothing, 0);
        ::dup2(out, 1);
        ::dup2(out, 2);
        ::execvp(argv[0], argv.data());
        ::_exit(127);
    }
    if (process_ < 0) throw std::runtime_error(command[0] + " cannot be started");
}

ServerProcess::ServerProcess(ServerProcess&& other) noexcept : process_(std::exchange(other.process_, -1)) {}

void ServerProcess::kill() noexcept {
    if (process_ < 0) return;
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
    process_ = -1;
}

bool ServerProcess::runs() {
    if (process_ > 0 && ::waitpid(process_, nullptr, WNOHANG) == process_) process_ = -1;
    return process_ > 0;
}

}  // namespace bt2c::support
