#include "chaindb/content_digests.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <map>

#include "base/bytes.hpp"
#include "base/progress.hpp"
#include "base/text.hpp"
#include "chaindb/key_rotations.hpp"
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

/// A view of such a name may be made to never end.
bool has_tables(Connection& database, std::initializer_list<std::string_view> names) {
    return std::ranges::all_of(names, [&](std::string_view name) {
        auto query = database.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?");
        return query.bind(1, name).next();
    });
}

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

/// The addresses that validators had before they rotated their keys.
class FirstAddresses {
 public:
    explicit FirstAddresses(Connection& database) {
        if (!has_tables(database, {"key_rotations"})) return;
        for (const KeyRotation& rotation : read_rotations(database))
            before_[{rotation.network, rotation.new_address}] = rotation.old_address;
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

 private:
    std::map<std::pair<std::string, std::string>, std::string> before_;
};

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

std::string quoted_name(std::string_view name) {
    std::string quoted = "\"";
    for (const char c : name) quoted += c == '"' ? "\"\"" : std::string(1, c);
    return quoted + "\"";
}

std::vector<HistoryFacts> digest_history(Connection& database, const std::vector<HistoryFacts>& until,
                                         const std::vector<TableFacts>& of) {
    if (!has_tables(database, {"blocks", "transactions"})) {
        std::vector<HistoryFacts> none;
        none.reserve(until.size());
        for (const HistoryFacts& one : until) none.push_back({one.network, one.height, "", ""});
        return none;
    }
    struct Digests {
        std::int64_t height = 0;
        RowsDigest blocks, transactions;
    };
    // Blocks are looked up by their hashes, all over their index: without room for them that takes twice as
    // long.
    database.execute("PRAGMA cache_size=-65536");
    std::map<std::string, Digests> networks;
    for (const HistoryFacts& one : until) networks[one.network].height = one.height;
    const auto into = [&](RowsDigest Digests::*digest) {
        return [&networks, digest](const std::string& network, std::int64_t height, const Row& row) {
            const auto found = networks.find(network);
            if (found != networks.end() && height <= found->second.height)
                (found->second.*digest).add(row, 1);
        };
    };
    read_in_pieces(database,
                   "SELECT rows.rowid, rows.network_type, rows.height" + selected(database, "blocks", of) +
                       " FROM blocks AS rows",
                   into(&Digests::blocks));
    // CROSS keeps the order of the tables: the rows of transactions, and the block of each by its hash.
    read_in_pieces(database,
                   "SELECT rows.rowid, b.network_type, b.height" + selected(database, "transactions", of) +
                       " FROM transactions AS rows CROSS JOIN blocks AS b ON b.hash = rows.block_hash",
                   into(&Digests::transactions));
    std::vector<HistoryFacts> facts;
    facts.reserve(until.size());
    for (const HistoryFacts& one : until)
        facts.push_back({one.network, one.height, networks[one.network].blocks.hex(),
                         networks[one.network].transactions.hex()});
    return facts;
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
    const auto place_of = [&](std::string_view column) {
        return 1 + static_cast<std::size_t>(std::ranges::find(columns, column) - columns.begin());
    };
    const std::size_t address = place_of("validator_address"), network = place_of("network_type");
    const FirstAddresses first_addresses(database);
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

}  // namespace bt2c::chaindb
