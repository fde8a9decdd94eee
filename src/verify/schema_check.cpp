#include "verify/schema_check.hpp"

#include <initializer_list>

#include "base/error.hpp"
#include "base/text.hpp"

namespace bt2c::verify {

using base::format;
using chaindb::sqlite::Connection;

namespace {

/// Why `table` cannot be checked; the finding goes into `book`.
std::string missing_in(Connection& connection, const char* table, std::initializer_list<const char*> columns,
                       FindingBook& book, std::int64_t place) {
    const auto report = [&](const std::string& expected, const std::string& found = "none") {
        book.add(Check::missing_tables, {0, place}, [&] {
            return Finding{table, "", "", std::nullopt, expected, found, "the database lacks " + expected};
        });
    };
    if (!connection.has_table(table)) {
        report(format("table {}", table));
        return format("table {} is missing", table);
    }
    std::string reason;
    for (const char* column : columns) {
        if (connection.has_column(table, column)) continue;
        report(format("column {} of table {}", column, table));
        reason = format("column {} of table {} is missing", column, table);
    }
    // A table without rowids, or one of another kind that only looks like a table.
    if (reason.empty() && !connection.try_prepare(format("SELECT _rowid_ FROM {} NOT INDEXED", table))) {
        report(format("table {} with row numbers", table), "one that cannot be read row by row");
        reason = format("table {} cannot be read row by row", table);
    }
    return reason;
}

}  // namespace

Schema check_schema(Context& context, Connection& connection) {
    Schema schema;
    FindingBook book(context.options.examples_max);
    try {
        schema.blocks_missing = missing_in(
            connection, "blocks",
            {"hash", "previous_hash", "height", "network_type", "timestamp", "nonce", "merkle_root"}, book,
            1);
        schema.transactions_missing = missing_in(
            connection, "transactions",
            {"hash", "block_hash", "timestamp", "type", "amount", "recipient", "network_type"}, book, 2);
        schema.validators_missing =
            missing_in(connection, "validators", {"address", "stake", "network_type"}, book, 3);
    } catch (const base::Error& error) {
        book = FindingBook(context.options.examples_max);
        book.add(Check::database_pages, {-1, 0}, [&] {
            return Finding{"sqlite_master",
                           "",
                           "",
                           std::nullopt,
                           "a list of tables that can be read",
                           error.cause(),
                           "the database's list of tables is damaged"};
        });
        schema.unreadable = true;
        schema.blocks_missing = schema.transactions_missing = schema.validators_missing =
            "the database's list of tables cannot be read";
    }
    context.merge(std::move(book));
    return schema;
}

}  // namespace bt2c::verify
