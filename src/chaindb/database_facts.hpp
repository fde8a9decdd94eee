#pragma once
// What a chain database holds, in so few facts that they can be kept and compared: before and after an
// upgrade of the node's software.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "chaindb/chain_tables.hpp"
#include "chaindb/sqlite/connection.hpp"

namespace bt2c::chaindb {

struct TableFacts {
    std::string name;
    std::vector<std::string> columns;  ///< "height INTEGER", in their order
    std::int64_t rows = 0;
    std::vector<std::string> digested;  ///< columns that digests are of: this one, or the history's
    std::string digest;                 ///< empty for blocks and transactions, and for large tables
};

/// The blocks of a network up to a height, and what is in them.
struct HistoryFacts {
    std::string network;
    std::int64_t height = 0;
    std::string blocks, transactions;  ///< digests, hex
};

/// Who signed twice: rows of `slashing_evidence` are for ever.
struct EvidenceFacts {
    std::vector<std::string> columns;  ///< that never change
    std::int64_t last_rowid = 0;
    std::string digest;  ///< of the rows up to it; empty where there is no such table
};

/// An index, a view or a trigger.
struct SchemaObject {
    std::string type, name, table;
    std::string digest;  ///< SHA-256 of its SQL, hex
    std::string sql;     ///< not kept
};

struct ValidatorFacts {
    std::string address, network, status;
    double stake = 0;
};

struct PaidFacts {
    std::string network;
    double coins = 0;  ///< ever paid to validators: all coins there are
};

struct DatabaseFacts {
    std::vector<NetworkTip> networks;
    std::vector<TableFacts> tables;
    std::string validators_digest;  ///< SHA-256 over all of them, hex
    std::int64_t validators_count = 0;
    std::vector<ValidatorFacts> validators;  ///< empty where there are more than 20,000
    std::vector<PaidFacts> paid;
    std::vector<HistoryFacts> history;
    EvidenceFacts evidence;
    std::vector<SchemaObject> schema_objects;  ///< without the guard of a paused network

    base::Json to_json() const;
    /// Throws Error(failed) with what is wrong.
    static DatabaseFacts from_json(const base::Json& json);
};

/// Of one commit, for which writers in rollback-journal mode wait, but for the history, which is read after
/// that with pauses for them. Throws Error when the database cannot be read, or its history changes
/// meanwhile.
/// @param before what these facts are to be compared with: digests are of its columns, and up to its heights
/// and rows
DatabaseFacts read_database_facts(sqlite::Connection& database, const DatabaseFacts* before = nullptr);

/// The hash of the block at a height; nothing where there is none, or more than one.
std::optional<std::string> block_hash_at(sqlite::Connection& database, std::string_view network,
                                         std::int64_t height);

struct FactDifference {
    bool serious = false;  ///< it must not come of an upgrade
    std::string text;
    bool is_trigger = false;  ///< a new or changed one: somebody should read what it does
};
/// @param hash_at block_hash_at() of the database of `after`
std::vector<FactDifference> compare_facts(
    const DatabaseFacts& before, const DatabaseFacts& after,
    const std::function<std::optional<std::string>(std::string_view, std::int64_t)>& hash_at);

}  // namespace bt2c::chaindb
