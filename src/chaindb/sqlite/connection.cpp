#include "chaindb/sqlite/connection.hpp"

#include <sqlite3.h>

#include <utility>

#include "base/error.hpp"
#include "base/text.hpp"
#include "chaindb/sqlite/image_vfs.hpp"
#include "chaindb/sqlite/side_files.hpp"
#include "chaindb/sqlite/uri.hpp"

namespace bt2c::chaindb::sqlite {

using base::Error;
using base::ErrorKind;
using base::format;
using base::printable;

namespace {

[[noreturn]] void fail(sqlite3* db, std::string_view what) {
    const int code = sqlite3_extended_errcode(db);
    if (db && (code & 0xFF) == SQLITE_IOERR)
        if (const std::exception_ptr failure = take_read_failure(db)) std::rethrow_exception(failure);
    const bool busy = (code & 0xFF) == SQLITE_BUSY || (code & 0xFF) == SQLITE_LOCKED;
    Error error(busy ? ErrorKind::busy : ErrorKind::failed, format("cannot {}", what));
    error.cause(format("SQLite: {} ({})", printable(sqlite3_errmsg(db)), code));
    if (busy) error.hint("another program holds the database; try again, or stop it first");
    if (is_full_disk(code))
        error.cause(format("the disk is full (SQLite: {})", code))
            .hint("make room on that disk, then run the same command again");
    throw error;
}

/// The schema comes from outside: its views and triggers may call harmless functions only.
void distrust(sqlite3* db) {
    sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
}

bool is_damage(int code) {
    return (code & 0xFF) == SQLITE_CORRUPT || (code & 0xFF) == SQLITE_NOTADB;
}

}  // namespace

bool is_full_disk(int code) noexcept {
    // The second is what a log's shared memory without room ends with.
    return code == SQLITE_FULL || code == SQLITE_IOERR_SHMSIZE;
}

struct Connection::State {
    std::unique_ptr<ImageFile> image;  // outlives the handle below
    sqlite3* db = nullptr;
    ~State() { sqlite3_close_v2(db); }
};

void Statement::Finalize::operator()(sqlite3_stmt* statement) const noexcept {
    sqlite3_finalize(statement);
}

Statement& Statement::bind(int parameter, std::int64_t value) {
    BT2C_ASSERT(sqlite3_bind_int64(statement_.get(), parameter, value) == SQLITE_OK);
    return *this;
}
Statement& Statement::bind(int parameter, double value) {
    BT2C_ASSERT(sqlite3_bind_double(statement_.get(), parameter, value) == SQLITE_OK);
    return *this;
}
Statement& Statement::bind(int parameter, std::string_view text) {
    BT2C_ASSERT(sqlite3_bind_text64(statement_.get(), parameter, text.data(), text.size(), SQLITE_TRANSIENT,
                                    SQLITE_UTF8) == SQLITE_OK);
    return *this;
}
Statement& Statement::bind_blob(int parameter, base::ByteView bytes) {
    BT2C_ASSERT(sqlite3_bind_blob64(statement_.get(), parameter, bytes.data(), bytes.size(),
                                    SQLITE_TRANSIENT) == SQLITE_OK);
    return *this;
}
Statement& Statement::bind_null(int parameter) {
    BT2C_ASSERT(sqlite3_bind_null(statement_.get(), parameter) == SQLITE_OK);
    return *this;
}

Step Statement::step() {
    const int code = sqlite3_step(statement_.get());
    if (code == SQLITE_ROW) return Step::row;
    if (code == SQLITE_DONE) return Step::done;
    if (is_damage(code)) return Step::damaged;
    fail(sqlite3_db_handle(statement_.get()), "run a statement on the database");
}

bool Statement::next() {
    const Step step = this->step();
    if (step == Step::damaged) fail(sqlite3_db_handle(statement_.get()), "read the database");
    return step == Step::row;
}

void Statement::run() {
    while (next()) {
    }
}

void Statement::reset() {
    sqlite3_reset(statement_.get());
}

ValueType Statement::type(int column) const {
    switch (sqlite3_column_type(statement_.get(), column)) {
        case SQLITE_INTEGER: return ValueType::integer;
        case SQLITE_FLOAT: return ValueType::real;
        case SQLITE_TEXT: return ValueType::text;
        case SQLITE_BLOB: return ValueType::blob;
        default: return ValueType::null;
    }
}

std::int64_t Statement::integer(int column) const {
    return sqlite3_column_int64(statement_.get(), column);
}
double Statement::real(int column) const {
    return sqlite3_column_double(statement_.get(), column);
}
std::string_view Statement::text(int column) const {
    // Each call into SQLite counts here: millions of values are read this way. Values of a connection without
    // mutexes need no protection: https://www.sqlite.org/c3ref/value.html
    sqlite3_value* const value = sqlite3_column_value(statement_.get(), column);
    const int type = sqlite3_value_type(value);
    if (type == SQLITE_NULL) return {};
    const void* const data = type == SQLITE_BLOB ? sqlite3_value_blob(value) : sqlite3_value_text(value);
    const int size = sqlite3_value_bytes(value);
    return data ? std::string_view(static_cast<const char*>(data), static_cast<std::size_t>(size))
                : std::string_view();
}

std::size_t Statement::columns() const {
    return static_cast<std::size_t>(sqlite3_column_count(statement_.get()));
}
void Statement::read(Row& row) const {
    for (int column = 0; column < static_cast<int>(row.size()); ++column) {
        Cell& cell = row.cell(static_cast<std::size_t>(column));
        cell.type = type(column);
        if (cell.type == ValueType::integer)
            cell.integer = integer(column);
        else if (cell.type == ValueType::real)
            cell.real = real(column);
        else
            cell.bytes = text(column);
    }
}

Connection::Connection(std::unique_ptr<State> state) : state_(std::move(state)) {}
Connection::Connection(Connection&&) noexcept = default;
Connection& Connection::operator=(Connection&&) noexcept = default;
Connection::~Connection() = default;

Connection Connection::open(const std::filesystem::path& path, Mode mode, int busy_timeout_ms) {
    const std::string what = format("open database {}", printable(path.native()));
    if (mode != Mode::immutable) require_plain_side_files(path, "cannot " + what);
    auto state = std::make_unique<State>();
    const int flags = mode == Mode::immutable ? SQLITE_OPEN_READONLY
                      : mode == Mode::create  ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
                                              : SQLITE_OPEN_READWRITE;
    const std::string uri = uri_of(path, mode == Mode::immutable ? "?immutable=1" : "");
    const int code =
        sqlite3_open_v2(uri.c_str(), &state->db, flags | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, nullptr);
    if (code != SQLITE_OK) fail(state->db, what);
    distrust(state->db);
    sqlite3_busy_timeout(state->db, busy_timeout_ms);
    return Connection(std::move(state));
}

Connection Connection::open_image(PageImage image, int cache_kib) {
    auto state = std::make_unique<State>();
    state->image = std::make_unique<ImageFile>(std::move(image));
    const std::string uri = "file:" + state->image->name() + "?immutable=1";
    const int code =
        sqlite3_open_v2(uri.c_str(), &state->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX,
                        image_vfs_name());
    if (code != SQLITE_OK) {
        if (const std::exception_ptr failure = state->image->take_failure()) std::rethrow_exception(failure);
        fail(state->db, "open a database image");
    }
    distrust(state->db);
    // Fails where the schema is damaged, as the first statement will, with the right words. Only with a size
    // of what may be mapped does SQLite ask the VFS for pages in place; which size does not matter.
    const std::string sql =
        format("PRAGMA temp_store=MEMORY; PRAGMA mmap_size=1073741824; PRAGMA cache_size=-{}", cache_kib);
    sqlite3_exec(state->db, sql.c_str(), nullptr, nullptr, nullptr);
    return Connection(std::move(state));
}

Statement Connection::prepare(std::string_view sql) {
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v2(state_->db, sql.data(), static_cast<int>(sql.size()), &statement, nullptr) !=
        SQLITE_OK)
        fail(state_->db, "read the database's tables");
    return Statement(statement);
}

std::optional<Statement> Connection::try_prepare(std::string_view sql) {
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v2(state_->db, sql.data(), static_cast<int>(sql.size()), &statement, nullptr) !=
        SQLITE_OK)
        return std::nullopt;
    return Statement(statement);
}

void Connection::execute(const std::string& sql) {
    if (sqlite3_exec(state_->db, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
        fail(state_->db, "run a statement on the database");
}

std::optional<std::int64_t> Connection::query_integer(std::string_view sql) {
    Statement statement = prepare(sql);
    if (!statement.next() || statement.is_null(0)) return std::nullopt;
    return statement.integer(0);
}

std::optional<std::string> Connection::query_text(std::string_view sql) {
    Statement statement = prepare(sql);
    if (!statement.next() || statement.is_null(0)) return std::nullopt;
    return statement.string(0);
}

bool Connection::has_table(std::string_view name) {
    Statement statement =
        prepare("SELECT 1 FROM sqlite_master WHERE type='table' AND name=?1 COLLATE NOCASE");
    return statement.bind(1, name).next();
}

bool Connection::has_column(std::string_view table, std::string_view column) {
    Statement statement = prepare("SELECT 1 FROM pragma_table_info(?1) WHERE name=?2 COLLATE NOCASE");
    return statement.bind(1, table).bind(2, column).next();
}

std::int64_t Connection::changes() const {
    return sqlite3_changes64(state_->db);
}
void Connection::disable_triggers() {
    BT2C_ASSERT(sqlite3_db_config(state_->db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, nullptr) == SQLITE_OK);
}
sqlite3* Connection::handle() const noexcept {
    return state_->db;
}

}  // namespace bt2c::chaindb::sqlite
