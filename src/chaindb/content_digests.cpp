#include "chaindb/content_digests.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <map>
#include <set>

#include "base/bytes.hpp"
#include "base/progress.hpp"
#include "base/text.hpp"
#include "chaindb/key_rotations.hpp"
#include "chaindb/validator_facts.hpp"
#include "crypto/hash.hpp"

namespace bt2c::chaindb {

using base::format;
using sqlite::Connection;
using sqlite::Row;
using sqlite::Statement;
using sqlite::ValueType;

namespace {

/// Read between two looks at whether somebody else wants the database.
constexpr std::int64_t piece_rows = 20'000;

void append_value(std::string& out, const Row& row, std::size_t column) {
    const ValueType type = row.type(column);
    if (type == ValueType::null) {
        out += "n;";
    } else if (type == ValueType::text || type == ValueType::blob) {
        const std::string_view bytes = row.text(column);
        out += format("{}{}:", type == ValueType::text ? 't' : 'b', bytes.size());
        out += bytes;
    } else {
        constexpr double exact_max =
            9'007'199'254'740'992;  // 2^53: whole numbers below are the same as reals
        const bool real = type == ValueType::real;
        const double value = real ? row.real(column) : static_cast<double>(row.integer(column));
        const bool whole = std::abs(value) < exact_max && std::trunc(value) == value;
        out += whole || !real ? format("i{};", real ? static_cast<std::int64_t>(value) : row.integer(column))
                              : format("r{};", value);
    }
}

/// Of rows in any order: their SHA-256 digests, added up in four lanes of 64 bits.
class RowsDigest {
 public:
    void add(const Row& row, std::size_t first_column) {
        text_.clear();
        for (std::size_t i = first_column; i < row.size(); ++i) append_value(text_, row, i);
        const crypto::Digest digest = crypto::sha256(base::as_bytes(text_));
        for (std::size_t i = 0; i < lanes_.size(); ++i)
            lanes_[i] += base::get_le<std::uint64_t>(digest.data() + 8 * i);
    }
    std::string hex() const {
        base::Bytes bytes;
        for (const std::uint64_t lane : lanes_) base::put_le(bytes, lane);
        return base::to_hex(bytes);
    }

 private:
    std::array<std::uint64_t, 4> lanes_{};
    std::string text_;
};

/// All columns that there were in `of`, NULL for those that are gone. New ones are told, and change no
/// history.
std::string selected(Connection& database, const char* table, const std::vector<TableFacts>& of) {
    const auto known = std::ranges::find(of, table, &TableFacts::name);
    std::string sql;
    if (known == of.end()) return sql;
    for (const std::string& column : known->digested)
        sql += database.has_column(table, column) ? ", rows." + quoted_name(column) : ", NULL";
    return sql;
}

/// The addresses that validators had before these rotations of their keys.
class FirstAddresses {
 public:
    explicit FirstAddresses(const std::vector<KeyRotation>& rotations) {
        for (const KeyRotation& rotation : rotations) {
            before_[{rotation.network, rotation.new_address}] = rotation.old_address;
            given_up_.emplace(rotation.network, rotation.old_address);
        }
    }
    std::string of(const std::string& network, std::string address) const {
        // A table made by hand may go round in circles.
        for (std::size_t step = 0; step < before_.size(); ++step) {
            const auto found = before_.find({network, address});
            if (found == before_.end()) break;
            address = found->second;
        }
        return address;
    }
    /// Nothing that a rotation moves has this address any more.
    bool is_given_up(const std::string& network, const std::string& address) const {
        return given_up_.contains({network, address});
    }

 private:
    std::map<std::pair<std::string, std::string>, std::string> before_;
    std::set<std::pair<std::string, std::string>> given_up_;
};

/// Whether a request to leave still waits, so that the end of a pause moves its clock on.
bool is_waiting(std::string_view status) {
    const std::string lower = base::ascii_lower(status);
    return lower == "pending" || lower == "processing";
}

/// Of a column in rows that begin with one more.
std::size_t place_of(const std::vector<std::string>& columns, std::string_view column) {
    return 1 + static_cast<std::size_t>(std::ranges::find(columns, column) - columns.begin());
}

/// Calls add(network, height, row) for each row of a query over `rows.rowid`; its columns begin with rowid,
/// network and height.
void read_in_pieces(Connection& database, const std::string& select,
                    const std::function<void(const std::string&, std::int64_t, const Row&)>& add) {
    auto statement = database.try_prepare(
        format("{} WHERE rows.rowid > ?1 ORDER BY rows.rowid LIMIT {}", select, piece_rows));
    if (!statement) return;
    Row row(statement->columns());
    for (std::int64_t last = INT64_MIN, count = piece_rows; count == piece_rows;) {
        base::throw_if_interrupted();
        statement->bind(1, last);
        for (count = 0; statement->next(); ++count) {
            statement->read(row);
            last = row.integer(0);
            if (row.type(1) == ValueType::text && row.type(2) == ValueType::integer)
                add(row.string(1), row.integer(2), row);
        }
        statement->reset();
    }
}

}  // namespace

bool has_tables(Connection& database, std::initializer_list<std::string_view> names) {
    return std::ranges::all_of(names, [&](std::string_view name) {
        auto query = database.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?");
        return query.bind(1, name).next();
    });
}

std::string quoted_name(std::string_view name) {
    std::string quoted = "\"";
    for (const char c : name) quoted += c == '"' ? "\"\"" : std::string(1, c);
    return quoted + "\"";
}

std::vector<HistoryFacts> digest_history(Connection& database, std::vector<HistoryFacts> history,
                                         const std::vector<TableFacts>& of) {
    if (!has_tables(database, {"blocks", "transactions"})) {
        for (HistoryFacts& one : history) one.settled = one.unsettled = {};
        return history;
    }
    struct Rows {
        RowsDigest blocks, transactions;
    };
    struct Digests {
        std::int64_t height = 0, settled_height = 0;
        Rows settled, unsettled;
    };
    // Blocks are looked up by their hashes, all over their index: without room for them that takes twice as
    // long.
    database.execute("PRAGMA cache_size=-65536");
    std::map<std::string, Digests> networks;
    for (const HistoryFacts& one : history) {
        networks[one.network].height = one.height;
        networks[one.network].settled_height = one.settled_height;
    }
    const auto into = [&](RowsDigest Rows::*digest) {
        return [&networks, digest](const std::string& network, std::int64_t height, const Row& row) {
            const auto found = networks.find(network);
            if (found == networks.end() || height > found->second.height) return;
            Digests& of_network = found->second;
            Rows& rows = height <= of_network.settled_height ? of_network.settled : of_network.unsettled;
            (rows.*digest).add(row, 1);
        };
    };
    read_in_pieces(database,
                   "SELECT rows.rowid, rows.network_type, rows.height" + selected(database, "blocks", of) +
                       " FROM blocks AS rows",
                   into(&Rows::blocks));
    // CROSS keeps the order of the tables: the rows of transactions, and the block of each by its hash.
    read_in_pieces(database,
                   "SELECT rows.rowid, b.network_type, b.height" + selected(database, "transactions", of) +
                       " FROM transactions AS rows CROSS JOIN blocks AS b ON b.hash = rows.block_hash",
                   into(&Rows::transactions));
    const auto hex = [](const Rows& rows) {
        return HistoryDigests{rows.blocks.hex(), rows.transactions.hex()};
    };
    for (HistoryFacts& one : history) {
        one.settled = hex(networks[one.network].settled);
        one.unsettled = hex(networks[one.network].unsettled);
    }
    return history;
}

std::string digest_table(Connection& database, const std::string& table,
                         const std::vector<std::string>& columns) {
    std::string sql;
    for (const std::string& column : columns) sql += (sql.empty() ? "SELECT " : ", ") + quoted_name(column);
    auto statement = database.prepare(sql + " FROM " + quoted_name(table));
    Row row(columns.size());
    RowsDigest digest;
    while (statement.next()) {
        statement.read(row);
        digest.add(row, 0);
    }
    return digest.hex();
}

std::string digest_evidence(Connection& database, const std::vector<std::string>& columns,
                            std::int64_t last_rowid) {
    std::string sql = "SELECT rowid";
    for (const std::string& column : columns) {
        if (!database.has_column("slashing_evidence", column)) return {};
        sql += ", rows." + quoted_name(column);
    }
    auto statement = database.try_prepare(sql + " FROM slashing_evidence AS rows WHERE rowid <= ?");
    if (!statement) return {};
    const std::size_t address = place_of(columns, "validator_address"),
                      network = place_of(columns, "network_type");
    const FirstAddresses first_addresses(read_known_rotations(database));
    Row row(1 + columns.size());
    RowsDigest digest;
    statement->bind(1, last_rowid);
    while (statement->next()) {
        statement->read(row);
        std::string first;
        if (std::max(address, network) < row.size() && row.type(address) == ValueType::text) {
            first = first_addresses.of(row.string(network), row.string(address));
            row.cell(address).bytes = first;
        }
        digest.add(row, 1);
    }
    return digest.hex();
}

std::vector<QueueFacts> digest_queue(Connection& database, const std::vector<std::string>& columns,
                                     const std::vector<KeyRotation>& rotations) {
    std::string sql = "SELECT NULL";
    for (const std::string& column : columns) sql += ", " + quoted_name(column);
    const std::size_t address = place_of(columns, "validator_address"),
                      network = place_of(columns, "network_type"), status = place_of(columns, "status"),
                      requested_at = place_of(columns, "requested_at");
    const FirstAddresses first_addresses(rotations);
    struct Digests {
        RowsDigest all, timeless;
    };
    std::map<std::string, Digests> networks;
    auto statement = database.prepare(sql + " FROM unstake_requests");
    Row row(1 + columns.size());
    while (statement.next()) {
        statement.read(row);
        const std::string of_network = network < row.size() ? row.string(network) : "";
        std::string first;
        if (address < row.size() && row.type(address) == ValueType::text) {
            first = row.string(address);
            // Told apart from the validator's own, which had this address before.
            first = first_addresses.is_given_up(of_network, first)
                        ? "given up: " + first
                        : first_addresses.of(of_network, std::move(first));
            row.cell(address).bytes = first;
        }
        Digests& digests = networks[of_network];
        digests.all.add(row, 1);
        if (std::max(status, requested_at) < row.size() && is_waiting(row.text(status)))
            row.cell(requested_at) = {};
        digests.timeless.add(row, 1);
    }
    std::vector<QueueFacts> queue;
    queue.reserve(networks.size());
    for (const auto& [name, digests] : networks)
        queue.push_back({name, digests.all.hex(), digests.timeless.hex()});
    return queue;
}

}  // namespace bt2c::chaindb
