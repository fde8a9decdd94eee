#include "storage/sftp/ssh_connection.hpp"

#include <libssh/libssh.h>

#include <algorithm>
#include <utility>

#include "base/progress.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "platform/tcp.hpp"
#include "storage/sftp/authentication.hpp"
#include "storage/sftp/known_hosts.hpp"
#include "storage/sftp/watchdog.hpp"

namespace bt2c::storage::sftp {

using base::Error;
using base::ErrorKind;
using base::format;

namespace {

constexpr int turn_ms = 100;
constexpr std::uint32_t piece_bytes_max = std::uint32_t{1} << 20;
/// AES first: processors have it built in. What is stored is sealed already, so the order is one of speed.
constexpr const char* ciphers =
    "aes128-gcm@openssh.com,aes256-gcm@openssh.com,chacha20-poly1305@openssh.com,aes256-ctr,aes192-ctr,"
    "aes128-ctr";

platform::Descriptor connect(const Options& options) {
    try {
        return platform::connect_tcp(options.host, options.port, options.timeout_ms);
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::interrupted) throw;
        throw NetworkError(error);
    }
}

}  // namespace

struct SshConnection::Library {
    Library() : session(::ssh_new()) {
        if (!session) throw std::bad_alloc();
    }
    ~Library() { ::ssh_free(session); }
    Library(const Library&) = delete;
    Library& operator=(const Library&) = delete;

    void set(ssh_options_e option, const void* value) const {
        if (::ssh_options_set(session, option, value) != SSH_OK)
            throw Error(ErrorKind::failed, "cannot set up an SSH connection")
                .cause(base::printable(::ssh_get_error(session)));
    }

    ssh_session session;
    ssh_channel channel = nullptr;  ///< the session's
    ssh_counter_struct moved = {};
};

SshConnection::SshConnection(const Options& options) : options_(options) {
    const base::Stopwatch watch;
    socket_ = connect(options_);
    library_ = std::make_unique<Library>();
    const Library& library = *library_;
    const bool off = false;
    // The library would read ~/.ssh/config and the system's, and take from them what nobody set here.
    library.set(SSH_OPTIONS_PROCESS_CONFIG, &off);
    library.set(SSH_OPTIONS_HOST, options_.host.c_str());
    const auto port = static_cast<unsigned>(options_.port);
    library.set(SSH_OPTIONS_PORT, &port);
    library.set(SSH_OPTIONS_USER, options_.user.c_str());
    // The library would read these its own way, and ask for another kind of key than check_host_key() finds.
    library.set(SSH_OPTIONS_KNOWNHOSTS, "/dev/null");
    library.set(SSH_OPTIONS_GLOBAL_KNOWNHOSTS, "/dev/null");
    library.set(SSH_OPTIONS_HOSTKEYS, host_key_algorithms(options_).c_str());
    library.set(SSH_OPTIONS_CIPHERS_C_S, ciphers);
    library.set(SSH_OPTIONS_CIPHERS_S_C, ciphers);
    const long timeout_s = options_.timeout_ms / 1000 + 1;
    library.set(SSH_OPTIONS_TIMEOUT, &timeout_s);
    log_in(options_.timeout_ms - static_cast<int>(watch.seconds() * 1000));
}

SshConnection::~SshConnection() = default;

void SshConnection::log_in(int timeout_ms) {
    Library& library = *library_;
    const platform::Descriptor agent = connect_agent();
    const Watchdog watchdog({socket_.get(), agent.get()}, std::max(timeout_ms, 1));
    const auto must = [&](bool done, const char* doing) {
        if (!done) fail(doing, watchdog.time_is_up());
    };
    // The library closes what it is given.
    platform::Descriptor given = platform::duplicate(socket_.get());
    const socket_t fd = given.get();
    library.set(SSH_OPTIONS_FD, &fd);
    const int connected = ::ssh_connect(library.session);
    static_cast<void>(given.release());
    must(connected == SSH_OK, "agree on keys");
    check_host_key(library.session, options_);
    if (agent) ::ssh_set_agent_socket(library.session, platform::duplicate(agent.get()).release());
    try {
        must(authenticate(library.session, options_, static_cast<bool>(agent)), "log in");
    } catch (const NetworkError&) {
        throw;
    } catch (const Error&) {
        must(!watchdog.time_is_up(), "log in (does the agent answer?)");
        base::throw_if_interrupted();
        throw;
    }
    library.channel = ::ssh_channel_new(library.session);
    must(library.channel && ::ssh_channel_open_session(library.channel) == SSH_OK, "open a channel");
    must(::ssh_channel_request_sftp(library.channel) == SSH_OK, "start SFTP");
    ::ssh_set_counters(library.session, &library.moved, nullptr);
    ::ssh_set_blocking(library.session, 0);
}

void SshConnection::fail(const std::string& doing, bool time_is_up) const {
    base::throw_if_interrupted();
    const std::string said = base::printable(::ssh_get_error(library_->session));
    Error error(ErrorKind::failed, format("cannot {} with {}", doing, server_name(options_)));
    if (time_is_up)
        error.cause(format("nothing moved for {}", base::human_duration(options_.timeout_ms / 1000.0)))
            .hint("check that the server is up and not overloaded, and the network between");
    else if (said.find("no match for method") != std::string::npos)  // which no further try mends
        throw Error(
            error.cause(said)
                .state("nothing was stored or changed")
                .hint("this program and the server have no such algorithm in common: let its sshd_config "
                      "allow one of those named behind 'client' (Ciphers, KexAlgorithms, MACs, "
                      "HostKeyAlgorithms)"));
    else
        error.cause(said.empty() ? "the connection was closed" : said)
            .hint(
                "look into the server's log; it hangs up when it has too many connections (MaxStartups), or "
                "when its chroot folder is not root's");
    throw NetworkError(error);
}

/// One wait for the other end: it may last as long as something moves.
class SshConnection::Wait {
 public:
    Wait(SshConnection& connection, std::string doing)
        : connection_(connection), doing_(std::move(doing)), marks_(marks()) {}

    void turn() {
        base::throw_if_interrupted();
        const bool writable = (::ssh_get_poll_flags(connection_.library_->session) & SSH_WRITE_PENDING) != 0;
        platform::wait_for_socket(connection_.socket_.get(), writable, turn_ms);
        if (const Marks now = marks(); now != marks_) {
            marks_ = now;
            still_ = {};
        }
        if (still_.seconds() * 1000 > connection_.options_.timeout_ms) connection_.fail(doing_, true);
    }

 private:
    using Marks = std::pair<std::uint64_t, std::size_t>;
    Marks marks() const {
        const ssh_counter_struct& moved = connection_.library_->moved;
        return {moved.in_bytes + moved.out_bytes, platform::unacknowledged_bytes(connection_.socket_.get())};
    }

    SshConnection& connection_;
    std::string doing_;
    Marks marks_;
    base::Stopwatch still_;
};

void SshConnection::write(base::ByteView bytes) {
    Wait wait(*this, "exchange data");
    while (!bytes.empty()) {
        const auto piece = static_cast<std::uint32_t>(std::min<std::size_t>(bytes.size(), piece_bytes_max));
        const int written = ::ssh_channel_write(library_->channel, bytes.data(), piece);
        if (written < 0) fail("exchange data", false);
        bytes = bytes.subspan(static_cast<std::size_t>(written));
        if (!bytes.empty()) wait.turn();
    }
}

std::size_t SshConnection::read(base::MutableBytes out) {
    Wait wait(*this, "exchange data");
    const auto wanted = static_cast<std::uint32_t>(std::min<std::size_t>(out.size(), piece_bytes_max));
    for (;;) {
        const int got = ::ssh_channel_read_nonblocking(library_->channel, out.data(), wanted, 0);
        if (got > 0) return static_cast<std::size_t>(got);
        if (got < 0 || ::ssh_channel_is_eof(library_->channel)) fail("exchange data", false);
        wait.turn();
    }
}

bool SshConnection::is_alive() {
    return ::ssh_channel_poll(library_->channel, 0) == 0 && ::ssh_is_connected(library_->session) &&
           ::ssh_channel_is_open(library_->channel);
}

}  // namespace bt2c::storage::sftp
