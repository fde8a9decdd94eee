#pragma once
// What a verification found: plain data, and its form in the --json document.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"

namespace bt2c::verify {

/// The checks, in the order in which they are reported.
enum class Check {
    missing_tables,
    discontinuities,
    duplicate_blocks,
    orphaned_transactions,
    invalid_validators,
    merkle_roots,
    block_hashes,
    supply,
    database_pages,
};
inline constexpr std::size_t check_count = 9;
/// The name pinned by the command-line contract, such as "merkle_roots".
std::string_view check_name(Check check);

enum class CheckStatus { pass, fail, skipped };
std::string_view status_name(CheckStatus status);

/// One thing that is wrong. Texts from the database are made printable.
struct Finding {
    std::string table;
    std::string key;      ///< the row's primary key, or "rowid N" where it has none
    std::string network;  ///< empty where none is meant
    std::optional<std::int64_t> height;
    std::string expected;
    std::string found;
    std::string text;  ///< what is wrong, as one clause
};
base::Json to_json(const Finding& finding);

struct CheckResult {
    Check check = Check::missing_tables;
    CheckStatus status = CheckStatus::pass;
    std::uint64_t count = 0;        ///< findings in all
    std::string reason;             ///< why it was skipped
    std::vector<Finding> examples;  ///< the first findings by height, at most as many as asked for
};
base::Json to_json(const CheckResult& result);

struct NetworkSummary {
    std::string network;
    std::optional<std::int64_t> height;  ///< of the highest block
    std::optional<std::string> tip_hash;
    std::uint64_t blocks = 0;
    std::uint64_t transactions = 0;
    std::uint64_t validators = 0;
    std::uint64_t proved_blocks = 0;    ///< their hash follows from their content by a known scheme
    std::uint64_t unproved_blocks = 0;  ///< the others
};
base::Json to_json(const NetworkSummary& summary);

struct Report {
    bool ok = true;                        ///< no check failed
    NetworkSummary total;                  ///< names a network only when there is one
    std::vector<NetworkSummary> networks;  ///< those that have blocks, by name
    std::vector<CheckResult> checks;       ///< one for each Check, in its order
    double duration_seconds = 0;
    double pages_seconds = 0;  ///< that the page structure took, beside the other checks

    const CheckResult& operator[](Check check) const { return checks[static_cast<std::size_t>(check)]; }
};
/// The result document of verify-integrity; `networks` is there unless exactly one has blocks.
base::Json to_json(const Report& report);

}  // namespace bt2c::verify
