#pragma once
// SQLite behind types of our own: a connection, a statement, and how a step can end.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "chaindb/page_image.hpp"
#include "chaindb/sqlite/row.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace bt2c::chaindb::sqlite {

/// Whether SQLite's extended result code says that the disk has no room.
bool is_full_disk(int code) noexcept;

/// How a step of a statement ended, as far as callers branch on it.
enum class Step {
    row,
    done,
    damaged,  ///< SQLITE_CORRUPT or SQLITE_NOTADB: the database is not sound where it was read
};

/// One prepared statement. Column views stay valid until the next step. Not thread-safe.
class Statement {
 public:
    /// Parameters are numbered from 1.
    Statement& bind(int parameter, std::int64_t value);
    Statement& bind(int parameter, double value);
    Statement& bind(int parameter, std::string_view text);
    Statement& bind_blob(int parameter, base::ByteView bytes);
    Statement& bind_null(int parameter);

    /// Throws Error for anything but a row, the end, or damage (busy: kind busy).
    Step step();
    /// step() that takes damage for an error too; true for a row.
    bool next();
    /// Runs to the end; throws on damage.
    void run();
    /// Ready to run again; the bindings stay.
    void reset();

    // Columns are numbered from 0.
    ValueType type(int column) const;
    std::int64_t integer(int column) const;
    double real(int column) const;
    /// Text as stored; of a blob its bytes; empty for null. SQLite converts numbers to text.
    std::string_view text(int column) const;
    std::string string(int column) const { return std::string(text(column)); }
    bool is_null(int column) const { return type(column) == ValueType::null; }
    std::size_t columns() const;
    /// All columns at once. Texts stay valid until the next step.
    void read(Row& row) const;

 private:
    friend class Connection;
    struct Finalize {
        void operator()(sqlite3_stmt* statement) const noexcept;
    };
    explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}
    std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

/// One connection; used by one thread at a time.
class Connection {
 public:
    enum class Mode {
        read_write,  ///< must exist
        create,      ///< made when absent
        immutable,   ///< a file that nobody changes: no locks, no journal is looked at
    };
    /// Throws Error: absent, not a database, or no permission. `busy_timeout_ms` as SQLite's.
    static Connection open(const std::filesystem::path& path, Mode mode, int busy_timeout_ms = 5000);
    /// Read-only, over an image in any place; every connection registers a file of its own in a
    /// private VFS. The image is kept until the connection goes. What the image throws when a page
    /// cannot be had is thrown on by the statement that wanted it.
    /// @param cache_kib SQLite's page cache for this connection.
    static Connection open_image(PageImage image, int cache_kib = 8192);

    Connection(Connection&&) noexcept;
    Connection& operator=(Connection&&) noexcept;
    ~Connection();

    /// Throws Error when the SQL cannot be prepared (a table or column is not there, damage).
    Statement prepare(std::string_view sql);
    /// nullopt instead of an error when it cannot be prepared for any reason; for optional tables.
    std::optional<Statement> try_prepare(std::string_view sql);
    /// Runs SQL text without results.
    void execute(const std::string& sql);
    /// First column of the first row; nullopt when there is no row or it is null.
    std::optional<std::int64_t> query_integer(std::string_view sql);
    std::optional<std::string> query_text(std::string_view sql);
    bool has_table(std::string_view name);
    bool has_column(std::string_view table, std::string_view column);
    std::int64_t changes() const;
    /// Triggers of the schema do not run on this connection: for rows that are put back as they were.
    void disable_triggers();

    /// The library's own handle; for chaindb only.
    sqlite3* handle() const noexcept;

 private:
    struct State;
    explicit Connection(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace bt2c::chaindb::sqlite
