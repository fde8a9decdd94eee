#include "support/sshd_server.hpp"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <thread>

#include "base/error.hpp"
#include "platform/file.hpp"
#include "platform/process.hpp"
#include "platform/tcp.hpp"
#include "support/server_process.hpp"

namespace bt2c::support {
namespace {

using namespace std::chrono_literals;

constexpr const char* sshd = "/usr/sbin/sshd";

void run(const std::vector<std::string>& command) {
    if (platform::run_and_capture(command, 1 << 16, 20'000).status != 0)
        throw std::runtime_error(command[0] + " failed");
}

void until(const std::function<bool()>& holds, const std::string& what) {
    const auto deadline = std::chrono::steady_clock::now() + 30s;
    while (!holds()) {
        if (std::chrono::steady_clock::now() > deadline) throw std::runtime_error(what);
        std::this_thread::sleep_for(20ms);
    }
}

/// Starts a program that does not outlive the test, its output in a file.
int start_process(std::vector<std::string> command, const fs::path& output, unsigned uid, unsigned gid) {
    std::vector<char*> argv;
    for (std::string& word : command) argv.push_back(word.data());
    argv.push_back(nullptr);
    const pid_t process = ::fork();
    if (process < 0) throw std::runtime_error("cannot fork");
    if (process > 0) return process;
    if (::geteuid() == 0 && (::setgroups(0, nullptr) != 0 || ::setgid(gid) != 0 || ::setuid(uid) != 0))
        ::_exit(126);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int in = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    const int out = ::open(output.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    ::dup2(in, 0);
    ::dup2(out, 1);
    ::dup2(out, 2);
    ::execv(argv[0], argv.data());
    ::_exit(127);
}

}  // namespace

bool sshd_is_installed() {
    return fs::exists(sshd) && fs::exists("/usr/bin/ssh-keygen") && fs::exists("/usr/bin/ssh-agent");
}

SshdServer::SshdServer(const Options& options)
    : uid_(::geteuid()), gid_(::getegid()), port_(free_ports(1).front()) {
    const bool is_root = uid_ == 0;
    const passwd* const user = is_root ? ::getpwnam("nobody") : ::getpwuid(uid_);
    if (!user) throw std::runtime_error("there is no such user");
    user_ = user->pw_name;
    uid_ = user->pw_uid;
    gid_ = user->pw_gid;
    fs::permissions(folder_.path(), fs::perms(0755));
    fs::create_directory(home());
    const fs::path host_key = make_key("host_key");
    make_key("user_key");
    authorize(key(), options.key_options);
    folder_.write("known_hosts",
                  "[127.0.0.1]:" + std::to_string(port_) + " " + file_text(host_key.native() + ".pub"));
    folder_.write("log", "");
    folder_.write("config", "Port " + std::to_string(port_) + "\nListenAddress 127.0.0.1\nHostKey " +
                                host_key.native() + "\nAuthorizedKeysFile " +
                                (folder_ / "authorized").native() +
                                "\nStrictModes no\nPidFile none\nPasswordAuthentication no\n" +
                                "KbdInteractiveAuthentication no\nPrintMotd no\n" +
                                // PAM lets in users without a password of their own, such as nobody.
                                (is_root ? "UsePAM yes\n" : "UsePAM no\n") + "Subsystem sftp " +
                                options.subsystem + " -d " + home().native() + "\n" + options.config);
    for (const char* const name : {"home", "host_key", "log"}) give(folder_ / name);
    start();
}

SshdServer::~SshdServer() {
    kill();
}

void SshdServer::give(const fs::path& path) const {
    run({"chown", "-R", std::to_string(uid_) + ":" + std::to_string(gid_), path.native()});
}

fs::path SshdServer::make_key(const std::string& name, const std::string& type,
                              const std::string& passphrase) const {
    run({"ssh-keygen", "-q", "-t", type, "-N", passphrase, "-C", name, "-f", (folder_ / name).native()});
    return folder_ / name;
}

void SshdServer::authorize(const fs::path& key, const std::string& key_options) const {
    std::ofstream(folder_ / "authorized", std::ios::app)
        << key_options << (key_options.empty() ? "" : " ") << file_text(key.native() + ".pub");
}

void SshdServer::start() {
    process_ =
        start_process({sshd, "-D", "-e", "-f", (folder_ / "config").native()}, folder_ / "log", uid_, gid_);
    until(
        [&] {
            try {
                platform::connect_tcp("127.0.0.1", port_, 1000);
                return true;
            } catch (const base::Error&) {
                if (::waitpid(process_, nullptr, WNOHANG) != 0) {
                    process_ = -1;
                    throw std::runtime_error("sshd ended: " + log());
                }
                return false;
            }
        },
        "sshd does not answer");
}

/// The server's process and all below it.
std::vector<int> SshdServer::processes() const {
    std::multimap<int, int> children;
    for (const auto& entry : fs::directory_iterator("/proc")) {
        const std::string name = entry.path().filename();
        if (name.find_first_not_of("0123456789") != std::string::npos) continue;
        const std::string stat = file_text(entry.path() / "stat");
        const std::size_t end = stat.rfind(')');
        if (end != std::string::npos) children.emplace(std::stoi(stat.substr(end + 4)), std::stoi(name));
    }
    std::vector<int> found{process_};
    for (std::size_t i = 0; i < found.size(); ++i) {
        const auto [begin, end] = children.equal_range(found[i]);
        for (auto child = begin; child != end; ++child) found.push_back(child->second);
    }
    return found;
}

void SshdServer::signal_all(int signal) const {
    // From the top, so that nobody is left to start what was not seen.
    for (const int process : processes()) ::kill(process, signal);
}

void SshdServer::kill() {
    if (process_ < 0) return;
    // A child that it starts meanwhile would not be seen, and would keep the port open for a moment.
    int status = 0;
    ::kill(process_, SIGSTOP);
    if (::waitpid(process_, &status, WUNTRACED) == process_ && WIFSTOPPED(status)) {
        signal_all(SIGKILL);
        ::waitpid(process_, nullptr, 0);
    }
    process_ = -1;
}

void SshdServer::freeze() {
    signal_all(SIGSTOP);
}
void SshdServer::thaw() {
    signal_all(SIGCONT);
}

SshAgent::SshAgent(const fs::path& folder) : socket_(folder / "agent.socket") {
    process_ = start_process({"/usr/bin/ssh-agent", "-D", "-a", socket_.native()}, "/dev/null", ::geteuid(),
                             ::getegid());
    until([&] { return static_cast<bool>(platform::connect_unix(socket_)); }, "ssh-agent does not answer");
}

SshAgent::~SshAgent() {
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
}

void SshAgent::add(const fs::path& key, const std::string& passphrase) const {
    // ssh-add takes a passphrase from a program that prints it.
    const fs::path ask = socket_.native() + ".ask";
    std::ofstream(ask) << "#!/bin/sh\necho '" << passphrase << "'\n";
    fs::permissions(ask, fs::perms(0700));
    run({"env", "SSH_AUTH_SOCK=" + socket_.native(), "SSH_ASKPASS=" + ask.native(),
         "SSH_ASKPASS_REQUIRE=force", "ssh-add", "-q", key.native()});
}

void SshAgent::freeze() const {
    ::kill(process_, SIGSTOP);
}
void SshAgent::thaw() const {
    ::kill(process_, SIGCONT);
}

}  // namespace bt2c::support
