#pragma once
// Looks for two blocks by one validator at one height, and keeps the evidence until a block takes it.

#include <map>
#include <string>
#include <vector>

#include "node/block.hpp"
#include "node/database.hpp"
#include "node/validator_set.hpp"

namespace bt2c::node {

class HeaderWatch {
 public:
    HeaderWatch(Database& database, ValidatorSet& validators, std::string network);

    // Within the caller's transaction. Of headers whose signature was proved.
    /// One that is in no block here; kept for a while when its height is near the tip's.
    void saw(const BlockHeader& header, std::int64_t tip_height);
    /// One whose block was added.
    void adopted(const BlockHeader& header);
    void prune(std::int64_t tip_height);

    /// Payloads of cases that nobody was punished for yet, each once in some blocks.
    std::vector<std::string> due_payloads(std::int64_t tip_height);
    std::int64_t cases();

 private:
    std::vector<BlockHeader> others(const BlockHeader& header);
    void add_case(const BlockHeader& one, const BlockHeader& other);

    Database& database_;
    ValidatorSet& validators_;
    std::string network_;
    std::map<std::string, std::int64_t> offered_;  ///< payload → the tip's height then
};

}  // namespace bt2c::node
