#pragma once
// A transaction as its block's Merkle tree sees it, and a payment as the supply sees it.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "chain/hash.hpp"
#include "verify/cells.hpp"

namespace bt2c::verify {

/// Orders timestamps as SQLite does: NULL, numbers by value, texts and then blobs byte by byte.
/// Source: https://www.sqlite.org/datatype3.html#sort_order
class TimeKey {
 public:
    TimeKey() = default;
    TimeKey(const Row& row, std::size_t column);
    static TimeKey of_integer(std::int64_t value);
    static TimeKey of_real(double value);
    static TimeKey of_text(std::string_view value);

    bool operator<(const TimeKey& other) const;
    bool operator==(const TimeKey& other) const { return !(*this < other) && !(other < *this); }

 private:
    enum class Kind : std::uint8_t { null, integer, real, text, blob };
    /// Longer texts than any form of a time are compared by their beginning only.
    static constexpr std::size_t text_max = 38;
    bool is_number() const { return kind_ == Kind::integer || kind_ == Kind::real; }
    void set_bytes(Kind kind, std::string_view bytes);

    Kind kind_ = Kind::null;
    std::uint8_t size_ = 0;
    union {
        std::int64_t integer_ = 0;
        double real_;
        char text_[text_max];
    };
};

struct Leaf {
    chain::Hash hash{};
    std::int64_t rowid = 0;
    TimeKey time;
    bool operator<(const Leaf& other) const {
        if (time < other.time) return true;
        return !(other.time < time) && rowid < other.rowid;
    }
};

/// A transaction that makes coins: of type reward or developer.
struct Payment {
    bool developer = false;
    std::int64_t rowid = 0;
    chain::Hash hash{};
    double amount = 0;  ///< not a number where the row has none
    std::optional<std::string> recipient;
    /// Unix seconds; of a text, rounded to microseconds.
    std::optional<double> timestamp;
    bool timestamp_is_text = false;
};

/// What is known of one block's transactions.
struct Gathered {
    std::vector<Leaf> leaves;
    std::vector<Payment> payments;
    bool in_order = true;  ///< the leaves are sorted

    void add(const Leaf& leaf) {
        in_order = in_order && (leaves.empty() || leaves.back() < leaf);
        leaves.push_back(leaf);
    }
    void append(Gathered&& other);
    void sort();
    void clear();
};

}  // namespace bt2c::verify
