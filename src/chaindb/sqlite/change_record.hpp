#pragma once
// What statements change in some tables, as a blob that can be undone later: SQLite's session extension.

#include <memory>
#include <span>
#include <string_view>

#include "chaindb/sqlite/connection.hpp"

struct sqlite3_session;

namespace bt2c::chaindb::sqlite {

/// Records from construction on. Rows are known by their primary keys; row numbers are not kept.
class ChangeRecord {
 public:
    /// Tables that are not there yet count once they are made.
    ChangeRecord(Connection& database, std::span<const std::string_view> tables);

    /// All that changed so far. Throws Error when memory runs out.
    base::Bytes changes() const;

 private:
    struct Delete {
        void operator()(sqlite3_session* session) const noexcept;
    };
    std::unique_ptr<sqlite3_session, Delete> session_;
};

/// Undoes recorded changes within the caller's transaction. Columns that were changed again since get the
/// value from before the record too. False, and nothing undone, when a row is gone or in the way.
bool undo_changes(Connection& database, base::ByteView changes);

}  // namespace bt2c::chaindb::sqlite
