#pragma once
// One location over several: what is put goes to all of them, what is read comes from the nearest.

#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "storage/fan_out/uploads.hpp"

namespace bt2c::storage::fan_out {

/// Something about one part that somebody should know.
struct Note {
    std::string part;
    std::string text;
};

/// Parts are asked in the order in which they are given, those behind a network after the others, and one
/// that proved slow after all of these. A part that fails is left out from then on. Thread-safe.
class FanOut final : public Location {
 public:
    static constexpr std::size_t default_bytes_max = std::size_t{128} << 20;
    explicit FanOut(std::vector<Place> places, std::size_t bytes_max = default_bytes_max);
    /// Waits for calls that the kernel does not end, as on a disk that is frozen: nothing else does.
    ~FanOut() override;

    /// Asks every part for an object side by side, so long; who gives no answer is away. Returns what each
    /// has of it, at most `size_max` bytes: nullopt where it has none or is away.
    std::vector<std::optional<base::Bytes>> ask_all(const std::string& name, std::uint64_t size_max,
                                                    std::chrono::milliseconds patience);
    /// Does `job` to every part that is not away, side by side, each in a thread of its own. One that owes an
    /// answer for longer than `silence` is left out, and what was not done is begun anew without it: so it
    /// holds up none of the others, and `job` must bear being done twice. Returns why each is away or its job
    /// failed; nullopt where it was done.
    std::vector<std::optional<base::Error>> do_each(const std::function<void(std::size_t)>& job,
                                                    std::chrono::milliseconds silence);
    const std::vector<std::shared_ptr<Part>>& parts() const { return parts_; }
    /// Leaves a part out for a reason of the caller's.
    void leave(std::size_t part, const base::Error& reason);
    /// The same for one that can have nothing of ours: absence is believed without it.
    void refuse(std::size_t part, const base::Error& reason);
    /// A part that held nothing at first: what it lacks is no fault. To be called before anything is read.
    void note_empty(std::size_t part) { empty_.insert(parts_.at(part).get()); }
    Uploads& uploads() { return uploads_; }
    /// What note_fault() was told, in few words for each part.
    std::vector<Note> faults() const;
    /// Which parts are read after the others since they took too long, and what did.
    std::vector<Note> slow() const;

    std::string describe() const override;
    /// True as soon as one part has the object durably; the others go on.
    bool put(const std::string& name, base::ByteView contents) override;
    /// As the part that needs the fewest: a put waits for the fastest only.
    unsigned puts_at_once() const override;
    /// Absence is believed when every part says so: throws Error where one that is away may have the object.
    std::optional<base::Bytes> get(const std::string& name) override;
    std::optional<base::Bytes> get_range(const std::string& name, std::uint64_t offset,
                                         std::uint64_t size) override;
    std::optional<std::uint64_t> size_of(const std::string& name) override;
    /// What any part has that can be asked; sizes as the nearest has them. Throws Error when none can.
    std::vector<ObjectInfo> list(const std::string& folder) override;
    /// The same for each part; nullopt where it is away.
    std::vector<std::optional<std::vector<ObjectInfo>>> list_each(const std::string& folder) {
        std::vector<std::optional<base::Error>> failures;
        return list_each(folder, failures);
    }
    /// `failures`: why each gave none.
    std::vector<std::optional<std::vector<ObjectInfo>>> list_each(
        const std::string& folder, std::vector<std::optional<base::Error>>& failures);
    /// From all parts that can be reached, side by side; one that does not answer within the longest
    /// `read_wait` is left out. Throws Error, after the others were tried, when one fails.
    bool remove(const std::string& name) override;
    std::vector<std::shared_ptr<Location>> copies() override;
    std::optional<base::Error> unread(const std::string& name) const override;
    void note_fault(const Location& copy, const std::string& name, const std::string& what) override;

 private:
    std::vector<std::shared_ptr<Part>> readable();
    struct Removal;
    template <typename Ask>
    auto first_answer(const std::string& name, Ask ask);

    std::vector<std::shared_ptr<Part>> parts_;
    std::vector<std::shared_ptr<Part>> nearest_first_;
    std::vector<bool> refused_;
    std::set<const Part*> empty_;
    Uploads uploads_;
    std::vector<std::thread> stragglers_;  ///< of the thread that removes; they use nothing of this object
    mutable std::mutex mutex_;
    struct Faults {
        std::size_t count = 0;
        std::string first;
    };
    std::map<std::string, Faults> faults_;  ///< by part
};

}  // namespace bt2c::storage::fan_out
