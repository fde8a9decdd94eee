#pragma once
// One of the locations that a FanOut stands for, and whether it can still be used.

#include <atomic>
#include <chrono>
#include <mutex>
#include <optional>
#include <string>

#include "base/error.hpp"
#include "storage/location.hpp"

namespace bt2c::storage::fan_out {

/// An error in one line, with what mends it.
std::string reason_of(const base::Error& error);

/// A place as its owner describes it.
struct Place {
    std::string name;
    std::shared_ptr<Location> location;
    bool remote = false;   ///< behind a network: read after all others
    unsigned uploads = 1;  ///< objects that are stored in it side by side
    /// A read may take so long, and a second more for each 64 KiB, while another place has the object too.
    /// A removal may take as long.
    /// What many take longer than a tenth of it adds up, and may be as much in all.
    std::chrono::milliseconds read_wait{10'000};
};

/// Passes everything on, and counts failures: after one of a remote place, which has tried often enough by
/// then, or three in a row of another, the part is away for the rest of its life. Thread-safe.
class Part final : public Location {
 public:
    explicit Part(Place place);

    const std::string& name() const { return place_.name; }
    bool remote() const { return place_.remote; }
    unsigned uploads() const { return place_.uploads; }
    std::chrono::milliseconds read_wait() const { return place_.read_wait; }
    const std::shared_ptr<Location>& location() const { return place_.location; }

    /// Why it is away; nullopt while it is not.
    std::optional<base::Error> away() const;
    /// For how long it has answered none of the questions that it was asked.
    std::chrono::milliseconds silent_for() const;
    /// While on, a read of objects that takes so long that nearly any other place would be quicker is given
    /// up: it throws Error, and the part is slow from then on, as it is after many that took long.
    void limit_reads(bool on) { limited_ = on; }
    /// As get(), however long it takes.
    std::optional<base::Bytes> get_patiently(const std::string& name);
    /// What took too long; nullopt while nothing did.
    std::optional<std::string> slow() const;
    /// Nothing is read from it or stored in it any more.
    void leave(const base::Error& reason);

    std::string describe() const override { return place_.location->describe(); }
    bool behind_network() const override { return place_.location->behind_network(); }
    std::string if_emptied() const override { return place_.location->if_emptied(); }
    bool put(const std::string& name, base::ByteView contents) override;
    unsigned puts_at_once() const override { return place_.location->puts_at_once(); }
    std::optional<base::Bytes> get(const std::string& name) override;
    std::optional<base::Bytes> get_range(const std::string& name, std::uint64_t offset,
                                         std::uint64_t size) override;
    std::optional<std::uint64_t> size_of(const std::string& name) override;
    std::vector<ObjectInfo> list(const std::string& folder) override;
    bool remove(const std::string& name) override;

 private:
    template <typename Job>
    auto asking(Job job);
    template <typename Job>
    auto watched(Job job);
    template <typename Job>
    auto limited(std::uint64_t bytes, Job job);
    void note_lateness(std::chrono::steady_clock::duration late);

    Place place_;
    std::atomic<unsigned> failures_ = 0;
    std::atomic<unsigned> asked_ = 0;  ///< questions without an answer yet
    std::atomic<std::chrono::steady_clock::time_point> last_{std::chrono::steady_clock::time_point()};
    mutable std::mutex mutex_;
    std::optional<base::Error> away_;
    std::atomic<bool> limited_ = false;
    std::atomic<bool> proved_quick_ = false;
    std::optional<std::string> slow_;
    std::chrono::steady_clock::duration late_{};  ///< all answers together
    std::size_t late_answers_ = 0;
};

}  // namespace bt2c::storage::fan_out
