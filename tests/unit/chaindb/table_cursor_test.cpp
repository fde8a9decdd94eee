// Rows that are read from pages directly: the same ones that SQLite reads, or none.

#include "chaindb/sqlite/table_cursor.hpp"

#include <gtest/gtest.h>

#include "base/text.hpp"
#include "chaindb/sqlite/file_image.hpp"
#include "support/temporary_folder.hpp"

namespace bt2c::chaindb::sqlite {
namespace {

using Move = TableCursor::Move;

std::string words(const Row& row) {
    std::string text;
    for (std::size_t i = 0; i < row.size(); ++i)
        text += base::format("{}:{} ", static_cast<int>(row.type(i)), row.text(i));
    return text;
}

class TableCursorTest : public testing::Test {
 protected:
    /// A new database; `sql` makes the table t.
    void make(const std::string& sql) {
        std::filesystem::remove(path_);
        Connection connection = Connection::open(path_, Connection::Mode::create);
        connection.execute(sql);
    }
    Connection connect() { return Connection::open_image(image_of_file(path_)); }

    std::vector<std::string> by_sql(const std::string& columns) {
        Connection connection = connect();
        Statement statement =
            connection.prepare("SELECT _rowid_, " + columns + " FROM t NOT INDEXED ORDER BY _rowid_");
        std::vector<std::string> rows;
        while (statement.next()) rows.push_back(words(statement));
        return rows;
    }
    /// All rows; `last` is how it ended.
    std::vector<std::string> by_cursor(const std::vector<std::string>& columns, Move& last) {
        Connection connection = connect();
        auto cursor = TableCursor::open(connection, "t", columns);
        if (!cursor) throw std::runtime_error("no cursor");
        std::vector<std::string> rows;
        for (last = cursor->seek(INT64_MIN); last == Move::row; last = cursor->next())
            rows.push_back(words(cursor->row()));
        return rows;
    }
    void expect_all(const std::string& list, const std::vector<std::string>& columns) {
        Move last{};
        EXPECT_EQ(by_cursor(columns, last), by_sql(list));
        EXPECT_EQ(last, Move::end);
    }
    bool opens(const std::vector<std::string>& columns) {
        Connection connection = connect();
        return TableCursor::open(connection, "t", columns).has_value();
    }

    support::TemporaryFolder folder_;
    std::filesystem::path path_ = folder_.path() / "rows.db";
};

constexpr const char* many =
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) INSERT INTO t ";

TEST_F(TableCursorTest, ReadsEveryTypeAsSqliteDoes) {
    make(
        "CREATE TABLE t (a, b FLOAT, c TEXT, d DOUBLE PRECISION, e INTEGER, f REAL_TEXT, g FLOATING POINT);"
        "INSERT INTO t VALUES (NULL, 1, 1, 2, 3, 4, 5), (0, -1, '', 1e300, 1, 0.5, 7), (1, 0, 'x', 0, 0, -3, "
        "7),"
        "(127, 128, -128, -129, 32767, 32768, 1), (-32769, 8388607, 8388608, -8388609, 2147483647, "
        "2147483648, 1),"
        "(140737488355327, 140737488355328, -140737488355329, 9223372036854775807, -9223372036854775808, 1, "
        "2),"
        "(x'', x'00ff', x'31', x'', x'7a', zeroblob(200), 'a'), (2.5, 2.5, 2.5, 2.5, 2.5, 2.5, 2.5),"
        "('tür', 'a' || char(0) || 'b', x'ff', 'nan', ' 1 ', '7', '8'), (9e999, -9e999, 9e999, 9e999, 0, 0, "
        "0)");
    expect_all("a, b, c, d, e, f, g", {"a", "b", "c", "d", "e", "f", "g"});
    expect_all("g, NULL, B", {"g", "NULL", "B"});
}

TEST_F(TableCursorTest, WalksTreesOfAnyDepth) {
    for (const char* pages : {"512", "1024", "4096", "65536"}) {
        make(base::format("PRAGMA page_size = {}; CREATE TABLE t (x TEXT, y);", pages) + many +
             "SELECT printf('%0*d', i % 90, i), i FROM n");
        expect_all("x, y", {"x", "y"});
    }
    make("CREATE TABLE t (x)");
    expect_all("x", {"x"});
    make(
        "CREATE TABLE t (x); INSERT INTO t (rowid, x) VALUES (-9223372036854775808, 1), (-5, 2), (0, 3),"
        "(9223372036854775807, 4)");
    expect_all("x", {"x"});
}

TEST_F(TableCursorTest, FindsTheFirstRowFromAnywhere) {
    make(std::string("PRAGMA page_size = 512; CREATE TABLE t (x TEXT);") + many +
         "SELECT printf('%020d', i) FROM n;" +
         "DELETE FROM t WHERE rowid % 7 < 3 OR rowid BETWEEN 1000 AND 1500");
    Connection connection = connect();
    auto cursor = TableCursor::open(connection, "t", {"x"});
    ASSERT_TRUE(cursor);
    Statement first = connection.prepare("SELECT min(rowid) FROM t WHERE rowid >= ?1");
    for (std::int64_t from = -1; from <= 3002; ++from) {
        first.reset();
        ASSERT_TRUE(first.bind(1, from).next());
        const Move move = cursor->seek(from);
        ASSERT_EQ(move, first.is_null(0) ? Move::end : Move::row) << from;
        if (move == Move::row) {
            ASSERT_EQ(cursor->rowid(), first.integer(0));
        }
    }
}

TEST_F(TableCursorTest, LeavesRowsToSqliteThatItDoesNotKnow) {
    make(std::string("PRAGMA page_size = 512; CREATE TABLE t (x TEXT);") + many +
         "SELECT printf('%020d', i) FROM n;" + "UPDATE t SET x = zeroblob(600) WHERE rowid = 1234");
    Move last{};
    EXPECT_EQ(by_cursor({"x"}, last).size(), 1233U);
    EXPECT_EQ(last, Move::unsure);

    make(
        "CREATE TABLE t (x); INSERT INTO t VALUES (1), (2); ALTER TABLE t ADD COLUMN y DEFAULT 5;"
        "INSERT INTO t VALUES (3, 4)");
    EXPECT_TRUE(by_cursor({"x", "y"}, last).empty());
    EXPECT_EQ(last, Move::unsure);
    expect_all("x", {"x"});
}

TEST_F(TableCursorTest, KnowsWhichTablesItCannotRead) {
    const std::pair<const char*, bool> cases[] = {
        {"CREATE TABLE t (x, y)", true},
        {"CREATE TABLE \"T\" (X integer, y PRIMARY KEY)", true},
        {"CREATE TABLE t (x INTEGER PRIMARY KEY, y)", false},
        {"CREATE TABLE t (x, y INTEGER, z, PRIMARY KEY (y))", false},
        {"CREATE TABLE t (x, y AS (x + 1))", false},
        {"CREATE TABLE t (x, z AS (x + 1) STORED, y)", false},
        {"CREATE TABLE t (x)", false},
        {"CREATE TABLE u (x, y); CREATE VIEW t AS SELECT * FROM u", false},
        {"PRAGMA encoding = 'UTF-16'; CREATE TABLE t (x, y)", false},
    };
    for (const auto& [sql, readable] : cases) {
        make(sql);
        EXPECT_EQ(opens({"x", "y"}), readable) << sql;
    }
    Connection connection = Connection::open(path_, Connection::Mode::immutable);
    EXPECT_FALSE(TableCursor::open(connection, "t", {"x", "y"})) << "not over an image";
}

}  // namespace
}  // namespace bt2c::chaindb::sqlite
