#pragma once
// A real OpenSSH server for one test: on a free port of the loopback, with its keys and files in a folder of
// its own.

#include <string>
#include <vector>

#include "support/temporary_folder.hpp"

namespace bt2c::support {

/// Whether sshd and ssh-keygen are installed.
bool sshd_is_installed();

/// Runs as the user of the test, or, where that is root, as "nobody", so that modes of files count.
class SshdServer {
 public:
    struct Options {
        std::string config = {};       ///< further lines of sshd_config
        std::string key_options = {};  ///< in front of the key in authorized_keys
        std::string subsystem = "internal-sftp";
    };
    explicit SshdServer(const Options& options);
    SshdServer() : SshdServer(Options()) {}
    ~SshdServer();
    SshdServer(const SshdServer&) = delete;
    SshdServer& operator=(const SshdServer&) = delete;

    int port() const { return port_; }
    const std::string& user() const { return user_; }
    /// The private key that may log in; the file with the server's public key for it.
    fs::path key() const { return folder_ / "user_key"; }
    fs::path known_hosts() const { return folder_ / "known_hosts"; }
    /// Where the user comes to after the login; belongs to the user.
    fs::path home() const { return folder_ / "home"; }
    fs::path operator/(const fs::path& name) const { return folder_ / name; }

    /// kill -9, of the server and of all that it runs.
    void kill();
    /// Starts it again on the same port, and waits until it answers. It ends with the thread that calls this.
    void start();
    /// As if the network to it were cut: connections stay and say nothing.
    void freeze();
    void thaw();
    /// Makes a key file; with a passphrase where one is given.
    fs::path make_key(const std::string& name, const std::string& type = "ed25519",
                      const std::string& passphrase = "") const;
    /// Lets the public key of a file that make_key() made log in.
    void authorize(const fs::path& key, const std::string& key_options = "") const;
    /// Gives a file or folder, and what it holds, to the server's user.
    void give(const fs::path& path) const;
    std::string log() const { return file_text(folder_ / "log"); }

 private:
    std::vector<int> processes() const;
    void signal_all(int signal) const;

    TemporaryFolder folder_;
    std::string user_;
    unsigned uid_, gid_;
    int port_ = 0;
    int process_ = -1;
};

/// An agent (ssh-agent) of one test, with its socket in `folder`.
class SshAgent {
 public:
    explicit SshAgent(const fs::path& folder);
    ~SshAgent();
    SshAgent(const SshAgent&) = delete;
    SshAgent& operator=(const SshAgent&) = delete;
    const fs::path& socket() const { return socket_; }
    /// Adds a key, by its passphrase where it has one.
    void add(const fs::path& key, const std::string& passphrase = "") const;
    void freeze() const;
    void thaw() const;

 private:
    fs::path socket_;
    int process_ = -1;
};

}  // namespace bt2c::support
