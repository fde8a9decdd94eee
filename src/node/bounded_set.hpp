#pragma once
// A set that forgets its oldest members.

#include <cstring>
#include <deque>
#include <unordered_set>

#include "chain/hash.hpp"

namespace bt2c::node {

class BoundedHashSet {
 public:
    explicit BoundedHashSet(std::size_t most) : most_(most) {}
    bool contains(const chain::Hash& hash) const { return members_.contains(hash); }
    /// False when it was there already.
    bool insert(const chain::Hash& hash) {
        if (!members_.insert(hash).second) return false;
        order_.push_back(hash);
        if (order_.size() > most_) {
            members_.erase(order_.front());
            order_.pop_front();
        }
        return true;
    }

 private:
    struct Mixed {
        std::size_t operator()(const chain::Hash& hash) const noexcept {
            std::size_t first;
            std::memcpy(&first, hash.data(), sizeof first);
            return first;
        }
    };
    std::size_t most_;
    std::unordered_set<chain::Hash, Mixed> members_;
    std::deque<chain::Hash> order_;
};

}  // namespace bt2c::node
