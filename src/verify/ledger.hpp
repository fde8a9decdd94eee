#pragma once
// What the proofs of single blocks leave to be judged when the whole chain is known.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "verify/block_table.hpp"
#include "verify/context.hpp"
#include "verify/leaf.hpp"

namespace bt2c::verify {

/// Addresses of each network's validators, some hundred at most: who may have made a block.
using KnownValidators = std::map<NetworkId, std::vector<std::string>>;

/// A block that no known scheme explains. Whether that is a fault depends on the blocks below it.
struct Unexplained {
    std::int64_t height = 0;
    std::int64_t rowid = 0;
    NetworkId network = no_network;
    bool has_height = true;
    bool hash_unproved = false;
    bool root_differs = false;
    chain::Hash root{};              ///< of the transactions that are there
    std::int64_t reward_rowid = -1;  ///< a reward whose hash is not that of its content, or -1
};

/// A payment that a network may make once.
struct OncePayment {
    std::int64_t height = 0;
    std::int64_t rowid = 0;
    double amount = 0;
    auto operator<=>(const OncePayment&) const = default;
};

/// Filled by one thread, then merged. Bounded: what exceeds the bounds is only counted.
class Ledger {
 public:
    void proved(const Block& block);
    void matched(const Block& block);
    void unexplained(const Unexplained& block);
    void altered(const Block& block) { ++at(block.network).unproved; }
    void paid(NetworkId network, double amount);
    void paid_once(NetworkId network, const OncePayment& payment);
    void merge(Ledger&& other);

    /// Judges what was left open, and fills in the networks' counts.
    void judge(Context& context);

 private:
    static constexpr std::size_t unexplained_max = 300'000;
    static constexpr std::size_t once_max = 10'000;
    struct Totals {
        std::uint64_t proved = 0;
        std::uint64_t unproved = 0;
        std::optional<std::int64_t> lowest_proved;
        std::optional<std::int64_t> lowest_matched;
        std::int64_t paid_units = 0;
        std::vector<OncePayment> once;
    };
    Totals& at(NetworkId network);
    void judge_unexplained(Context& context, FindingBook& book);
    void judge_payments(Context& context, FindingBook& book);

    std::vector<Totals> totals_;
    std::vector<Unexplained> unexplained_;
};

}  // namespace bt2c::verify
