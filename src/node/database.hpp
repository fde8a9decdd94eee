#pragma once
// The chain database of a node: statements that are prepared once.

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "chaindb/sqlite/connection.hpp"

namespace bt2c::node {

class Database {
 public:
    explicit Database(const std::filesystem::path& file);

    /// A statement in use; ready for the next use when this goes.
    class Use {
     public:
        explicit Use(chaindb::sqlite::Statement& statement) : statement_(statement) {}
        ~Use() { statement_.reset(); }
        Use(const Use&) = delete;
        Use& operator=(const Use&) = delete;
        bool next() { return statement_.next(); }
        const chaindb::sqlite::Statement* operator->() const { return &statement_; }
        chaindb::sqlite::Statement& statement() { return statement_; }

     private:
        chaindb::sqlite::Statement& statement_;
    };

    /// The rows of a statement; `sql` is a literal, and no two uses of one overlap.
    template <typename... Values>
    Use ask(const char* sql, const Values&... values) {
        chaindb::sqlite::Statement& statement = prepared(sql);
        int parameter = 0;
        (bind(statement, ++parameter, values), ...);
        return Use(statement);
    }
    template <typename... Values>
    void run(const char* sql, const Values&... values) {
        ask(sql, values...).statement().run();
    }
    /// The first column of the first row; nothing where there is no row or it is null.
    template <typename... Values>
    std::optional<std::int64_t> integer(const char* sql, const Values&... values) {
        Use use = ask(sql, values...);
        if (!use.next() || use->is_null(0)) return std::nullopt;
        return use->integer(0);
    }

    std::int64_t changes() const { return connection_.changes(); }
    chaindb::sqlite::Connection& connection() { return connection_; }

 private:
    using Statement = chaindb::sqlite::Statement;
    Statement& prepared(const char* sql);
    static void bind(Statement& to, int at, std::int64_t value) { to.bind(at, value); }
    static void bind(Statement& to, int at, double value) { to.bind(at, value); }
    static void bind(Statement& to, int at, std::string_view text) { to.bind(at, text); }
    static void bind(Statement& to, int at, const std::string& text) { to.bind(at, std::string_view(text)); }
    static void bind(Statement& to, int at, const char* text) { to.bind(at, std::string_view(text)); }
    static void bind(Statement& to, int at, const base::Bytes& bytes) { to.bind_blob(at, bytes); }

    chaindb::sqlite::Connection connection_;
    std::map<const char*, Statement> statements_;
};

}  // namespace bt2c::node
