#include "support/etcd_server.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "platform/file.hpp"
#include "platform/process.hpp"
#include "support/server_process.hpp"

namespace bt2c::support {
namespace {

using namespace std::chrono_literals;

std::string run(const std::vector<std::string>& command) {
    const platform::ChildResult result = platform::run_and_capture(command, 1 << 20, 20'000);
    if (result.status != 0) throw std::runtime_error(command[0] + " " + command[1] + " failed");
    return std::string(base::as_text(result.output));
}

bool there_is(const char* program) {
    return platform::run_and_capture({"sh", "-c", std::string("command -v ") + program}, 4096, 10'000)
               .status == 0;
}

}  // namespace

bool etcd_is_installed() {
    return there_is("etcd") && there_is("etcdctl") && there_is("openssl");
}

EtcdServer::EtcdServer(Options options) : options_(options) {
    const std::vector<int> ports = free_ports(2);
    client_port_ = ports[0];
    peer_port_ = ports[1];
    if (options_.tls) make_certificates();
    start();
    if (options_.users) make_users();
}

EtcdServer::~EtcdServer() {
    stop(SIGKILL);
}

std::string EtcdServer::url() const {
    return (options_.tls ? "https://127.0.0.1:" : "http://127.0.0.1:") + std::to_string(client_port_);
}

void EtcdServer::start() {
    std::vector<std::string> command{"etcd", "--name", "test", "--data-dir", (folder_ / "data").native(),
                                     "--listen-client-urls", url(), "--advertise-client-urls", url(),
                                     "--listen-peer-urls", "http://127.0.0.1:" + std::to_string(peer_port_),
                                     // Hashing passwords slowly is etcd's business, not the tests'.
                                     "--bcrypt-cost", "4", "--logger", "zap", "--log-outputs",
                                     (folder_ / "log").native()};
    if (options_.tls)
        for (const std::string& option :
             {std::string("--client-cert-auth"), "--trusted-ca-file=" + ca().native(),
              "--cert-file=" + (folder_ / "server.crt").native(),
              "--key-file=" + (folder_ / "server.key").native()})
            command.push_back(option);
    std::vector<char*> argv;
    for (std::string& word : command) argv.push_back(word.data());
    argv.push_back(nullptr);
    process_ = ::fork();
    if (process_ == 0) {
        // A test that is killed leaves no server behind.
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
        for (const int fd : {0, 1, 2}) ::dup2(nothing, fd);
        ::execvp("etcd", argv.data());
        ::_exit(127);
    }
    if (process_ < 0) throw std::runtime_error("etcd cannot be started");
    const auto deadline = std::chrono::steady_clock::now() + 30s;
    for (;;) {
        try {
            control({"endpoint", "health"});
            return;
        } catch (const std::runtime_error&) {
            if (std::chrono::steady_clock::now() > deadline)
                throw std::runtime_error("etcd does not answer: " + file_text(folder_ / "log"));
            std::this_thread::sleep_for(50ms);
        }
    }
}

void EtcdServer::stop(int signal) {
    if (process_ < 0) return;
    ::kill(process_, signal);
    ::waitpid(process_, nullptr, 0);
    process_ = -1;
}

void EtcdServer::kill() {
    stop(SIGKILL);
}
void EtcdServer::freeze() {
    ::kill(process_, SIGSTOP);
}
void EtcdServer::thaw() {
    ::kill(process_, SIGCONT);
}

double cpu_seconds_of(int process) {
    const std::string stat = file_text("/proc/" + std::to_string(process) + "/stat");
    std::istringstream fields(stat.substr(stat.rfind(')') + 2));
    std::string skipped;
    for (int i = 0; i < 11; ++i) fields >> skipped;
    double user = 0, kernel = 0;
    fields >> user >> kernel;
    return (user + kernel) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

std::size_t resident_bytes_of(int process) {
    std::istringstream fields(file_text("/proc/" + std::to_string(process) + "/statm"));
    std::size_t total = 0, resident = 0;
    fields >> total >> resident;
    return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

std::string EtcdServer::control(const std::vector<std::string>& arguments) const {
    std::vector<std::string> command{"env", "ETCDCTL_API=3", "etcdctl", "--endpoints", url()};
    if (options_.tls)
        for (const std::string& option :
             {"--cacert=" + ca().native(), "--cert=" + certificate().native(), "--key=" + key().native()})
            command.push_back(option);
    if (users_made_) command.emplace_back("--user=root:root-password");
    command.insert(command.end(), arguments.begin(), arguments.end());
    std::string quiet;
    for (const std::string& word : command) quiet += " '" + word + "'";
    return run({"sh", "-c", quiet + " 2>&1"});
}

void EtcdServer::make_certificates() const {
    const std::string at = folder_.path().native() + "/";
    const auto openssl = [&](const std::string& arguments) {
        run({"sh", "-c", "cd '" + at + "' && openssl " + arguments + " 2>/dev/null"});
    };
    const std::string key = " -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 ";
    folder_.write("server.ext", "subjectAltName=IP:127.0.0.1\n");
    openssl("req -x509" + key + "-subj /CN=test-ca -keyout ca.key -out ca.crt");
    // No CN: etcd's gateway refuses clients whose certificate has one.
    for (const std::string name : {"server", "client"}) {
        openssl("req" + key + "-subj /O=" + name + " -keyout " + name + ".key -out " + name + ".csr");
        openssl("x509 -req -in " + name + ".csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -out " +
                name + ".crt" + (name == "server" ? " -extfile server.ext" : ""));
    }
}

void EtcdServer::make_users() {
    folder_.write("password", "p\"ass\\word\xC3\xA4\n");
    control({"user", "add", "root:root-password"});
    control({"user", "grant-role", "root", "root"});
    control({"role", "add", "plane"});
    control({"role", "grant-permission", "--prefix=true", "plane", "readwrite", "bt2c/"});
    control({"user", "add", "agent:p\"ass\\word\xC3\xA4"});
    control({"user", "grant-role", "agent", "plane"});
    control({"auth", "enable"});
    users_made_ = true;
}

}  // namespace bt2c::support
