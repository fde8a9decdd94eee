#pragma once
// A real etcd for one test: on free ports of the loopback, with its data in a folder of its own.

#include <memory>
#include <string>
#include <vector>

#include "support/temporary_folder.hpp"

namespace bt2c::support {

/// Whether etcd, etcdctl and openssl are installed.
bool etcd_is_installed();

/// User and kernel time of a process, s; its resident memory, bytes.
double cpu_seconds_of(int process);
std::size_t resident_bytes_of(int process);

class EtcdServer {
 public:
    struct Options {
        bool tls = false;    ///< https, and clients must have certificate() and key()
        bool users = false;  ///< the user "agent" with password_file() may use the prefix bt2c/ only
    };
    explicit EtcdServer(Options options);
    EtcdServer() : EtcdServer(Options()) {}
    ~EtcdServer();
    EtcdServer(const EtcdServer&) = delete;
    EtcdServer& operator=(const EtcdServer&) = delete;

    std::string url() const;
    /// kill -9.
    void kill();
    /// Starts it again with its data, on the same port, and waits until it answers.
    void start();
    /// As if the network to it were cut: connections stay and say nothing.
    void freeze();
    void thaw();
    double cpu_seconds() const { return cpu_seconds_of(process_); }
    std::size_t resident_bytes() const { return resident_bytes_of(process_); }
    /// Runs etcdctl as the administrator; throws when it fails.
    std::string control(const std::vector<std::string>& arguments) const;

    fs::path ca() const { return folder_ / "ca.crt"; }
    fs::path certificate() const { return folder_ / "client.crt"; }
    fs::path key() const { return folder_ / "client.key"; }
    fs::path password_file() const { return folder_ / "password"; }

 private:
    void stop(int signal);
    void make_certificates() const;
    void make_users();

    Options options_;
    TemporaryFolder folder_;
    int client_port_ = 0, peer_port_ = 0;
    int process_ = -1;
    bool users_made_ = false;
};

}  // namespace bt2c::support
