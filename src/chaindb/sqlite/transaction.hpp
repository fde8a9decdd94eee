#pragma once
// A write transaction that is rolled back unless it is committed.

#include "base/error.hpp"
#include "chaindb/sqlite/connection.hpp"

namespace bt2c::chaindb::sqlite {

class Transaction {
 public:
    /// Takes the write lock at once. Throws Error(busy) when it is not to be had.
    explicit Transaction(Connection& database) : database_(database) { database_.execute("BEGIN IMMEDIATE"); }
    ~Transaction() {
        if (!open_) return;
        try {
            database_.execute("ROLLBACK");
        } catch (const base::Error&) {
            // SQLite has rolled back by itself; else the connection's end does.
        }
    }
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;
    void commit() {
        database_.execute("COMMIT");
        open_ = false;
    }

 private:
    Connection& database_;
    bool open_ = true;
};

}  // namespace bt2c::chaindb::sqlite
