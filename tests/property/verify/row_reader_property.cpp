// Whatever a database holds, rows come as SQLite alone reads them.

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <fstream>
#include <iterator>

#include "base/text.hpp"
#include "support/temporary_folder.hpp"
#include "verify/row_reader.hpp"

namespace bt2c::verify {
namespace {

using chaindb::sqlite::Connection;
using chaindb::sqlite::Row;
using chaindb::sqlite::Statement;
using chaindb::sqlite::Step;

constexpr std::uint32_t page_bytes = 512;

std::string words(const Row& row) {
    std::string text;
    for (std::size_t i = 0; i < row.size(); ++i)
        text += base::format("{}:{} ", static_cast<int>(row.type(i)), row.text(i));
    return text;
}

chaindb::PageImage image_of(const base::Bytes& bytes) {
    return {{page_bytes, static_cast<std::uint32_t>(bytes.size() / page_bytes)},
            [&bytes](std::uint32_t page, base::MutableBytes out) {
                std::copy_n(bytes.begin() + (page - 1) * page_bytes, out.size(), out.begin());
            }};
}

struct Rows {
    std::vector<std::string> rows;
    bool whole = false;  ///< no damage was met
};

Rows by_sql(const base::Bytes& bytes) {
    Connection connection = Connection::open_image(image_of(bytes));
    Statement statement =
        connection.prepare("SELECT _rowid_, a, b, c FROM t NOT INDEXED WHERE _rowid_ >= ?1 ORDER BY _rowid_");
    statement.bind(1, std::int64_t{INT64_MIN});
    Rows read;
    std::int64_t before = 0;
    for (;;) {
        const Step step = statement.step();
        read.whole = step == Step::done;
        if (step != Step::row || (!read.rows.empty() && statement.integer(0) <= before)) return read;
        before = statement.integer(0);
        read.rows.push_back(words(statement));
    }
}

Rows by_reader(const base::Bytes& bytes) {
    Connection connection = Connection::open_image(image_of(bytes));
    RowReader reader(connection, "t", {"a", "b", "c"});
    Rows read;
    for (bool more = reader.seek(INT64_MIN); more; more = reader.next()) {
        EXPECT_EQ(reader.row().integer(0), reader.rowid());
        read.rows.push_back(words(reader.row()));
    }
    read.whole = reader.damaged().empty();
    return read;
}

/// A table of some 600 rows, of every kind, with some missing and some of an older form.
base::Bytes sample() {
    const support::TemporaryFolder folder;
    const std::filesystem::path path = folder.path() / "t.db";
    {
        Connection connection = Connection::open(path, Connection::Mode::create);
        connection.execute(
            base::format("PRAGMA page_size = {}; CREATE TABLE t (a FLOAT, z, b TEXT)", page_bytes));
        connection.execute(base::format(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {}) INSERT INTO t "
            "SELECT i % 5, printf('%.*c', i % 40, 'z'), CASE WHEN i % {} = 0 THEN printf('%0900d', i) ELSE i "
            "END FROM n",
            *rc::gen::inRange(0, 400), *rc::gen::inRange(20, 300)));
        connection.execute("ALTER TABLE t ADD COLUMN c DEFAULT 'late'");
        connection.execute(base::format(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {}) INSERT INTO t "
            "SELECT i / 3.0, x'00', 'text ' || i, i FROM n",
            *rc::gen::inRange(0, 400)));
        connection.execute(base::format("DELETE FROM t WHERE rowid % {} = 0", *rc::gen::inRange(2, 30)));
    }
    std::ifstream file(path, std::ios::binary);
    return base::Bytes(std::istreambuf_iterator<char>(file), {});
}

TEST(RowReaderProperty, SoundTablesAreReadWholly) {
    EXPECT_TRUE(rc::check("as SQLite reads them", [] {
        const base::Bytes bytes = sample();
        const Rows read = by_reader(bytes);
        RC_ASSERT(read.rows == by_sql(bytes).rows);
        RC_ASSERT(read.whole);
    }));
}

TEST(RowReaderProperty, DamagedTablesLoseNoRowThatSqliteReads) {
    EXPECT_TRUE(rc::check("up to where SQLite gives up", [] {
        base::Bytes bytes = sample();
        const std::size_t pages = bytes.size() / page_bytes;
        RC_PRE(pages > 3);
        for (int i = *rc::gen::inRange(1, 6); i > 0; --i) {
            const std::size_t page = *rc::gen::inRange<std::size_t>(2, pages);
            // Most of what steers a reader is at the front of a page, and in the cells at its end.
            const auto at = *rc::gen::oneOf(rc::gen::inRange<std::size_t>(0, 40),
                                            rc::gen::inRange<std::size_t>(40, page_bytes));
            bytes[page * page_bytes + at] = *rc::gen::arbitrary<std::uint8_t>();
        }
        const Rows expected = by_sql(bytes);
        const Rows read = by_reader(bytes);
        RC_ASSERT(read.rows.size() >= expected.rows.size());
        for (std::size_t i = 0; i < expected.rows.size(); ++i) RC_ASSERT(read.rows[i] == expected.rows[i]);
        if (expected.whole) RC_ASSERT(read.rows.size() == expected.rows.size());
    }));
}

}  // namespace
}  // namespace bt2c::verify
