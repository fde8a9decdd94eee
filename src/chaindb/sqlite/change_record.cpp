#include "chaindb/sqlite/change_record.hpp"

// Without these the library's header leaves out what the library has.
#define SQLITE_ENABLE_SESSION
#define SQLITE_ENABLE_PREUPDATE_HOOK
#include <sqlite3.h>

#include "base/error.hpp"
#include "base/text.hpp"

namespace bt2c::chaindb::sqlite {

namespace {

struct Free {
    void operator()(void* memory) const noexcept { sqlite3_free(memory); }
};

void check(int code, std::string_view what) {
    if (code == SQLITE_OK) return;
    throw base::Error(base::ErrorKind::failed, base::format("cannot {}", what))
        .cause(base::format("SQLite: {} ({})", sqlite3_errstr(code), code));
}

int on_conflict(void*, int conflict, sqlite3_changeset_iter*) {
    return conflict == SQLITE_CHANGESET_DATA ? SQLITE_CHANGESET_REPLACE : SQLITE_CHANGESET_ABORT;
}

}  // namespace

void ChangeRecord::Delete::operator()(sqlite3_session* session) const noexcept {
    sqlite3session_delete(session);
}

ChangeRecord::ChangeRecord(Connection& database, std::span<const std::string_view> tables) {
    sqlite3_session* session = nullptr;
    check(sqlite3session_create(database.handle(), "main", &session), "record changes of the database");
    session_.reset(session);
    for (const std::string_view table : tables)
        check(sqlite3session_attach(session, std::string(table).c_str()), "record changes of a table");
}

base::Bytes ChangeRecord::changes() const {
    int size = 0;
    void* data = nullptr;
    check(sqlite3session_changeset(session_.get(), &size, &data), "keep what changed in the database");
    const std::unique_ptr<void, Free> owner(data);
    const auto* bytes = static_cast<const std::uint8_t*>(data);
    return base::Bytes(bytes, bytes + size);
}

bool undo_changes(Connection& database, base::ByteView changes) {
    int size = 0;
    void* data = nullptr;
    check(sqlite3changeset_invert(static_cast<int>(changes.size()), changes.data(), &size, &data),
          "read recorded changes");
    const std::unique_ptr<void, Free> owner(data);
    const int code = sqlite3changeset_apply(database.handle(), size, data, nullptr, on_conflict, nullptr);
    if (code == SQLITE_ABORT) return false;
    check(code, "undo changes of the database");
    return true;
}

}  // namespace bt2c::chaindb::sqlite
