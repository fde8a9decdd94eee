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
#include "chaindb/key_rotations.hpp"
#include "chaindb/sqlite/connection.hpp"

namespace bt2c::chaindb {

struct ColumnFacts {
    std::string name, type;  ///< as declared
};
struct TableFacts {
    std::string name;
    std::vector<ColumnFacts> columns;  ///< in their order
    std::int64_t rows = 0;
    std::vector<std::string> digested;  ///< columns that digests are of: this one, or the history's
    std::string digest;                 ///< empty for blocks and transactions, and for large tables
};

/// Of blocks and of the transactions in them, hex.
struct HistoryDigests {
    std::string blocks, transactions;
};

/// A node may give up so many of its last blocks for a better chain: final_depth in node/chain.hpp.
inline constexpr std::int64_t unsettled_blocks = 6;

/// The blocks of a network up to a height, and what is in them.
struct HistoryFacts {
    std::string network;
    std::int64_t height = 0;
    std::int64_t settled_height = 0;    ///< blocks up to it are for ever
    std::string settled_hash;           ///< of the block there; empty where there is none, or more than one
    HistoryDigests settled, unsettled;  ///< of what lies up to that height, and above it
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

/// Orders to pause and to resume that a network obeyed.
struct PauseFacts {
    std::string network;
    std::int64_t sequence = 0;  ///< of the newest order
    std::int64_t resumes = 0;   ///< that the database tells of, whoever ordered them
    bool paused = false;
    bool sound = false;  ///< the saved states are those of the pause; not kept
};

/// The exit queue of a network. Of keys that were rotated since the facts to compare with, the addresses are
/// those of before.
struct QueueFacts {
    std::string network;
    std::string digest;    ///< of all its requests, hex
    std::string timeless;  ///< the same without since when open ones wait, which the end of a pause moves on
};

struct ValidatorFacts {
    std::string address, network;
    std::string status;  ///< in upper case; while its network is paused the one that a resume gives back
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
    std::vector<PauseFacts> pauses;
    std::vector<KeyRotation> rotations;  ///< kept: network and addresses
    std::vector<QueueFacts> queue;       ///< empty where it is no table, or a large one

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

/// The hash of the block at a height, as a NetworkTip has it; nothing where there is none, or more than one.
std::optional<std::string> block_hash_at(sqlite::Connection& database, std::string_view network,
                                         std::int64_t height);

struct FactDifference {
    bool serious = false;  ///< it must not come of an upgrade
    std::string text;
    bool is_trigger = false;  ///< a new or changed one: somebody should read what it does
};
/// @param hash_at block_hash_at() of the database of `after`
/// @param is_signed whether both keys signed the record of a rotation in `after`
std::vector<FactDifference> compare_facts(
    const DatabaseFacts& before, const DatabaseFacts& after,
    const std::function<std::optional<std::string>(std::string_view, std::int64_t)>& hash_at,
    const std::function<bool(const KeyRotation&)>& is_signed);

}  // namespace bt2c::chaindb
