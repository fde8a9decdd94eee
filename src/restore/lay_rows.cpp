#include "restore/lay_rows.hpp"

#include <algorithm>
#include <vector>

#include "base/error.hpp"
#include "base/text.hpp"

namespace bt2c::restore {

using base::format;
using chaindb::sqlite::Connection;
using chaindb::sqlite::Statement;
using chaindb::sqlite::ValueType;

namespace {

/// Columns in the index that finds rows again; the others are compared.
constexpr std::size_t indexed_columns_max = 8;
constexpr int rows_between_checks = 1000;

std::string identifier(const std::string& name) {
    std::string out = "\"";
    for (const char c : name) out += c == '"' ? std::string("\"\"") : std::string(1, c);
    return out + "\"";
}

/// part(0), part(1), … joined by `separator`.
template <typename Part>
std::string joined(std::size_t count, const char* separator, Part part) {
    std::string out;
    for (std::size_t i = 0; i < count; ++i) out += (i > 0 ? separator : "") + part(i);
    return out;
}

struct Column {
    std::string name;
    bool in_primary_key;
};

/// Without generated columns, which follow from the others.
std::vector<Column> columns_of(Connection& database, const std::string& table) {
    std::vector<Column> columns;
    Statement statement = database.prepare("SELECT name, pk FROM pragma_table_info(?1)");
    statement.bind(1, table);
    while (statement.next()) columns.push_back({statement.string(0), statement.integer(1) > 0});
    return columns;
}

std::vector<std::string> tables_of(Connection& database) {
    std::vector<std::string> tables;
    Statement statement = database.prepare(
        "SELECT name FROM sqlite_master WHERE type='table' AND substr(name,1,7)<>'sqlite_' COLLATE NOCASE "
        "AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY name");
    while (statement.next()) tables.push_back(statement.string(0));
    return tables;
}

void copy_value(Statement& to, int parameter, const Statement& from, int column) {
    switch (from.type(column)) {
        case ValueType::null: to.bind_null(parameter); break;
        case ValueType::integer: to.bind(parameter, from.integer(column)); break;
        case ValueType::real: to.bind(parameter, from.real(column)); break;
        case ValueType::text: to.bind(parameter, from.text(column)); break;
        case ValueType::blob: to.bind_blob(parameter, base::as_bytes(from.text(column))); break;
    }
}

/// One table of both.
class TableLayer {
 public:
    TableLayer(Connection& target, Connection& layer, std::string table)
        : target_(target), layer_(layer), table_(identifier(table)) {
        const std::vector<Column> there = columns_of(layer, table);
        bool has_key = false;
        bool whole_key = true;
        for (const Column& column : columns_of(target, table)) {
            const bool common = std::any_of(there.begin(), there.end(), [&](const Column& other) {
                return same_name(other.name, column.name);
            });
            if (common) columns_.push_back(identifier(column.name));
            has_key = has_key || column.in_primary_key;
            whole_key = whole_key && (common || !column.in_primary_key);
        }
        keyed_ = has_key && whole_key;
    }

    void lay() {
        if (columns_.empty()) return;
        if (keyed_)
            insert_rows(
                format("INSERT OR REPLACE INTO main.{} ({}) VALUES ({})", table_, names(), parameters()));
        else
            insert_absent_rows();
    }

 private:
    /// SQLite compares names by their ASCII letters.
    static bool same_name(const std::string& a, const std::string& b) {
        const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
        return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                          [&](char x, char y) { return lower(x) == lower(y); });
    }
    std::string names() const {
        return joined(columns_.size(), ", ", [&](std::size_t i) { return columns_[i]; });
    }
    std::string parameters() const {
        return joined(columns_.size(), ", ", [](std::size_t i) { return format("?{}", i + 1); });
    }
    static std::string column(std::size_t i) { return format("c{}", i); }

    void insert_rows(const std::string& sql) {
        Statement insert = target_.prepare(sql);
        const std::string select = format("SELECT {} FROM {}", names(), table_);
        // The order of rows is a part of the data: transactions of one time stand in it.
        auto ordered = layer_.try_prepare(select + " ORDER BY rowid");
        Statement rows = ordered ? std::move(*ordered) : layer_.prepare(select);
        for (int row = 1; rows.next(); ++row) {
            if (row % rows_between_checks == 0) base::throw_if_interrupted();
            for (std::size_t i = 0; i < columns_.size(); ++i)
                copy_value(insert, static_cast<int>(i) + 1, rows, static_cast<int>(i));
            insert.run();
            insert.reset();
        }
    }

    /// By way of a table in memory, so that the rows that are there are read once, however many come.
    void insert_absent_rows() {
        const std::size_t count = columns_.size();
        const auto both = [](std::size_t i) { return format("i.c{} IS b.", i); };
        target_.execute(format(
            "CREATE TEMP TABLE bt2c_incoming AS SELECT {} FROM main.{} WHERE 0",
            joined(count, ", ", [&](std::size_t i) { return columns_[i] + " AS " + column(i); }), table_));
        insert_rows(format("INSERT INTO temp.bt2c_incoming VALUES ({})", parameters()));
        target_.execute(format(
            "CREATE INDEX temp.bt2c_incoming_index ON bt2c_incoming ({});"
            "DELETE FROM temp.bt2c_incoming WHERE rowid IN (SELECT i.rowid FROM main.{} AS b "
            "CROSS JOIN temp.bt2c_incoming AS i WHERE {});"
            "INSERT INTO main.{} ({}) SELECT * FROM temp.bt2c_incoming ORDER BY rowid;"
            "DROP TABLE temp.bt2c_incoming",
            joined(std::min(count, indexed_columns_max), ", ", column), table_,
            joined(count, " AND ", [&](std::size_t i) { return both(i) + columns_[i]; }), table_, names()));
    }

    Connection& target_;
    Connection& layer_;
    std::string table_;
    std::vector<std::string> columns_;
    bool keyed_ = false;
};

}  // namespace

void lay_rows(Connection& target, Connection& layer) {
    target.disable_triggers();
    const std::vector<std::string> tables = tables_of(layer);
    const std::vector<std::string> present = tables_of(target);
    target.execute("BEGIN IMMEDIATE");
    try {
        for (const std::string& table : tables)
            if (std::find(present.begin(), present.end(), table) != present.end())
                TableLayer(target, layer, table).lay();
        target.execute("COMMIT");
    } catch (...) {
        // The first error counts; SQLite may have rolled back by itself.
        try {
            target.execute("ROLLBACK");
        } catch (const base::Error&) {
        }
        throw;
    }
}

}  // namespace bt2c::restore
