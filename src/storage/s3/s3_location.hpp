#pragma once
// Objects in a bucket of Amazon S3 or of any service that speaks its protocol.

#include <condition_variable>
#include <mutex>
#include <set>

#include "storage/location.hpp"
#include "storage/s3/s3_client.hpp"

namespace bt2c::storage::s3 {

/// An object is stored whole by one request, or where the line breaks under that twice in parts of 5 MiB, of
/// which those that came stay. What has arrived is looked at afterwards: its size, its MD5
/// where the service names it, and the SHA-256 that goes with it.
///
/// put() never replaces: it looks first, and asks the service for the same (If-None-Match) unless that says
/// that it cannot. Two writers of one name at one time: threads of this object wait for each other. Of two
/// processes one is refused where the service decides that at once, as Amazon's does. Where it does not
/// (OpenStack Swift's s3api knows no conditional writes, others pass over the header), the later one may
/// replace what the earlier one stored just now; the earlier one says that the name is taken if it looks
/// after that, and else both were told true.
///
/// remove() looks first, so two that remove one object at one time may both say that there was one. Objects
/// are at most 256 MiB.
class S3Location final : public Location {
 public:
    /// Throws Error(usage) when the options cannot be; asks the service nothing yet.
    explicit S3Location(Options options);

    bool behind_network() const override { return true; }
    std::string describe() const override;
    std::string if_emptied() const override;
    bool put(const std::string& name, base::ByteView contents) override;
    unsigned puts_at_once() const override { return 4; }
    std::optional<base::Bytes> get(const std::string& name) override;
    std::optional<base::Bytes> get_range(const std::string& name, std::uint64_t offset,
                                         std::uint64_t size) override;
    std::optional<std::uint64_t> size_of(const std::string& name) override;
    std::vector<ObjectInfo> list(const std::string& folder) override;
    bool remove(const std::string& name) override;
    /// Where Options::object_lock_days is set.
    bool keep_until(const std::string& name, base::UnixMs until) override;
    base::UnixMs keeps_for() const override;
    std::optional<base::UnixMs> kept_until(const std::string& name) override;
    std::optional<base::UnixMs> clock_ahead() const override { return client_.clock_ahead(); }

 private:
    struct Head;
    struct Fingerprint;
    class Writing;

    std::string key_of(const std::string& name) const;
    std::string cannot(std::string_view what, const std::string& name) const;
    bool put_alone(const std::string& name, base::ByteView contents, const std::string& action);
    Answer send_put(const std::string& name, base::ByteView contents, const Fingerprint& ours,
                    base::UnixMs locked_until, const std::string& action);
    std::optional<Head> head(const std::string& name, const std::string& action,
                             int retries_max = std::numeric_limits<int>::max());
    /// After a put that failed: what it left is removed, where it can be reached. `accepted`: the service
    /// said that it had stored it.
    void clean_up(const std::string& name, const Fingerprint& ours, bool accepted);
    /// What a 404 means: the bucket must be there. Throws Error where it is not.
    std::nullopt_t absent(const Answer& answer, const std::string& action);
    ListPage list_page(const std::string& prefix, const std::string& token, int most,
                       const std::string& action);
    void require_object_lock(const std::string& action);

    Client client_;
    std::atomic<bool> bucket_seen_ = false, lock_seen_ = false;
    std::atomic<bool> conditional_ = true;  ///< the service knows If-None-Match, as far as it has said
    std::mutex mutex_;
    std::condition_variable written_;
    std::set<std::string> writing_;
};

}  // namespace bt2c::storage::s3
