#pragma once
// Objects as files in a folder of an SFTP server.

#include <atomic>
#include <memory>
#include <mutex>
#include <set>

#include "storage/location.hpp"
#include "storage/sftp/connection_pool.hpp"
#include "storage/sftp/options.hpp"
#include "storage/sftp/rate_limit.hpp"

namespace bt2c::storage::sftp {

/// Object names are paths below the folder; objects are files of mode 0400. Works with servers that refuse to
/// remove, rename and change (internal-sftp -P), so that what was stored stays. See docs/handbook/sftp.md.
/// A put is durable where the server has fsync@openssh.com, as OpenSSH's has since 6.5; elsewhere
/// when the server writes it back. What arrived is checked by its size; its contents are sealed by those who
/// put them.
class SftpLocation final : public Location {
 public:
    /// Connects at the first call that needs it. The folder need not exist before the first put, which makes
    /// it (0700). But one that was there once and is gone is never made again: its disk may have been
    /// unmounted. Every function throws then. Throws Error(usage) where `options` leaves open what has no
    /// default.
    explicit SftpLocation(Options options);

    /// "sftp://user@host:port/path".
    bool behind_network() const override { return true; }
    std::string describe() const override;
    /// Uploads at most as fast as the options say. Where a connection breaks the next goes on in the same
    /// file, and as long as each brings something on there are more than options.retries of them. The first
    /// one into a folder also removes what writers left in it more than a day ago.
    bool put(const std::string& name, base::ByteView contents) override;
    unsigned puts_at_once() const override { return 4; }
    std::optional<base::Bytes> get(const std::string& name) override;
    std::optional<base::Bytes> get_range(const std::string& name, std::uint64_t offset,
                                         std::uint64_t size) override;
    std::optional<std::uint64_t> size_of(const std::string& name) override;
    std::vector<ObjectInfo> list(const std::string& folder) override;
    bool remove(const std::string& name) override;

 private:
    std::string path_of(const std::string& name) const;
    bool is_there(SftpSession& session);
    std::nullopt_t absent(SftpSession& session);
    void prepare(SftpSession& session, const std::string& folder);
    /// A file under a temporary name, open, that begins as the contents do.
    struct Begun {
        std::string handle;
        std::size_t bytes = 0;
        bool is_writable = false;  ///< by its mode, which an object's is not
    };
    Begun make_temporary(SftpSession& session, const std::string& temporary, const std::string& what,
                         std::size_t size);
    static std::optional<Begun> continue_temporary(SftpSession& session, const std::string& temporary,
                                                   base::ByteView contents);
    void write_temporary(SftpSession& session, const std::string& temporary, const Begun& begun,
                         const std::string& what, base::ByteView contents);
    std::optional<base::Bytes> read(SftpSession& session, const std::string& path, std::uint64_t offset,
                                    std::uint64_t size);

    const Options options_;
    ConnectionPool pool_;
    RateLimit upload_limit_;
    std::atomic<bool> seen_ = false;
    std::mutex mutex_;
    std::set<std::string> prepared_;
};

}  // namespace bt2c::storage::sftp
