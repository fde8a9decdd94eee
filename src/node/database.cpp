#include "node/database.hpp"

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

}  // namespace bt2c::node
