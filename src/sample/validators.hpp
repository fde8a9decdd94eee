#pragma once
// The validators of a sample network: every state that a validator can be in, none of them wrong.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "chaindb/chain_schema.hpp"
#include "chaindb/sqlite/connection.hpp"
#include "sample/block.hpp"
#include "sample/block_maker.hpp"
#include "sample/random.hpp"

namespace bt2c::sample {

using chaindb::Layout;

class Validators {
 public:
    /// Always at least one ACTIVE; from the eighth on all five states.
    /// @param lower_case_status one row has its status in lower case, as old ones do
    Validators(const std::string& network, int count, bool lower_case_status, Random& random);

    /// Addresses of those who may make blocks.
    std::vector<std::string> active() const;
    /// Adds a block to its validator's totals.
    void count(const Block& block);
    /// Writes all rows, requests to leave, and the evidence against the tombstoned (in *fresh*).
    void insert(chaindb::sqlite::Connection& connection, Layout layout, const Tip& tip, Random& random) const;

 private:
    struct Row {
        std::string address, status;
        double stake = 0, reputation = 0, last_validation = 0, rewards = 0;
        std::int64_t blocks = 0;
        bool active = false;
    };
    std::string network_;
    std::vector<Row> rows_;
    std::map<std::string, std::size_t> by_address_;
};

}  // namespace bt2c::sample
