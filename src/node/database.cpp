#include "node/database.hpp"

#include "base/error.hpp"

namespace bt2c::node {

using chaindb::sqlite::Connection;

Database::Database(const std::filesystem::path& file)
    : connection_(Connection::open(file, Connection::Mode::read_write)) {
    connection_.execute("PRAGMA synchronous = FULL");
}

Database::Statement& Database::prepared(const char* sql) {
    const auto found = statements_.find(sql);
    if (found != statements_.end()) return found->second;
    return statements_.emplace(sql, connection_.prepare(sql)).first->second;
}

WriteTransaction::WriteTransaction(Database& database) : database_(database) {
    database_.connection().execute("BEGIN IMMEDIATE");
}

WriteTransaction::~WriteTransaction() {
    if (!open_) return;
    try {
        database_.connection().execute("ROLLBACK");
    } catch (const base::Error&) {
        // SQLite has rolled back by itself; else the connection's end does.
    }
}

void WriteTransaction::commit() {
    database_.connection().execute("COMMIT");
    open_ = false;
}

}  // namespace bt2c::node
