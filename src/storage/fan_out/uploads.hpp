#pragma once
// Objects on their way into several parts side by side.

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "storage/fan_out/part.hpp"

namespace bt2c::storage::fan_out {

enum class Standing {
    ok,      ///< it has everything
    behind,  ///< it was not done in time, or was held back
    failed,  ///< it failed, and was left out from then on
};

/// What became of one part.
struct Outcome {
    std::string name;
    Standing standing = Standing::ok;
    std::string error;  ///< what failed, or what it lacks; empty when ok
};

/// Each part has a queue and threads of its own, so that none waits for another. In one part, an object that
/// is no pack is stored after all that came before it: packs first, then the index, then the manifest.
/// Thread-safe.
class Uploads {
 public:
    /// Beyond `bytes_max`, what a slow part has not got yet is forgotten, and read again from a part that has
    /// it when its turn comes.
    Uploads(std::vector<std::shared_ptr<Part>> parts, std::size_t bytes_max);
    /// Gives up what is not stored yet.
    ~Uploads();

    /// As Location::put(); true as soon as one part has the object. Throws Error when none could take it.
    bool put(const std::string& name, base::ByteView contents);
    /// No part that has not got the object yet will keep it. Waits a second at most for those that are just
    /// storing it.
    void forget(const std::string& name);
    /// Until a part is allowed it gets no manifests: it lacks what they build on. All are at first.
    void allow_commits(std::size_t part, bool allowed);
    /// Leaves the part out from now on.
    void drop(std::size_t part, const std::string& reason);
    /// Waits for the slower parts, at most so long; those that are not done then are left out from then on.
    std::vector<Outcome> finish(std::chrono::milliseconds patience);

 private:
    struct Item;
    struct Lane;
    using Lock = std::unique_lock<std::mutex>;

    void enqueue(const std::shared_ptr<Item>& item);
    void work(std::size_t index);
    bool may_start(const Lane& lane) const;
    void store(Lock& lock, std::size_t index, const std::shared_ptr<Item>& item);
    std::shared_ptr<const base::Bytes> contents_of(Item& item, std::size_t index);
    void settle(Item& item);
    void refuse_others(const Item& item);
    void give_up(std::size_t index, Standing standing, const std::string& error);
    void release(Item& item);
    void join(Lane& lane);

    std::vector<std::shared_ptr<Part>> parts_;
    std::size_t bytes_max_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::unique_ptr<Lane>> lanes_;
    std::map<std::string, std::shared_ptr<Item>> under_way_;  ///< that a part is still to store
    std::set<std::string> stored_;                            ///< by this object, for good
    std::size_t bytes_held_ = 0;
};

}  // namespace bt2c::storage::fan_out
