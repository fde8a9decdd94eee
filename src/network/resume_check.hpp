#pragma once
// Whether a network may go on: what its nodes say of themselves, and what speaks against a resume.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bt2c::network {

/// What a node's agent says of its node.
struct NodeReport {
    std::string node;
    std::string genesis_hash;
    std::optional<std::int64_t> height;  ///< of its tip
    std::string tip_hash;
    std::vector<std::pair<std::int64_t, std::string>> recent;  ///< its newest blocks: height and hash
    bool paused = false;
    std::int64_t sequence = 0;  ///< of the newest order it obeyed
    double stake = 0;           ///< of its validators that were ACTIVE before the pause
    double stake_total = 0;     ///< of all that were
    std::string problem;        ///< why its chain does not prove; empty: it does
    std::string error;          ///< why there is no report that can be used

    std::string text() const;  ///< JSON, without node and error
    /// A report that is malformed is one with an error.
    static NodeReport parse(const std::string& node, std::string_view json);
};

/// How many blocks a report tells of, so that nodes can be compared that have not come equally far.
inline constexpr std::int64_t recent_blocks = 64;

struct ResumeFacts {
    std::vector<NodeReport> reports;
    std::vector<std::string> silent;  ///< nodes that should have reported, and did not
    int stake_percent = 0;            ///< of the stake that was active, which has to be reachable
};

/// One line for each; empty: it may go on.
std::vector<std::string> reasons_against_resume(const ResumeFacts& facts);

}  // namespace bt2c::network
