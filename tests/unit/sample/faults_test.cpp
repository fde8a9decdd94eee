// Every fault can be had on its own, in both layouts and journal modes. That the named check finds
// it is shown by the tests of verify.
#include "sample/faults.hpp"

#include <gtest/gtest.h>

#include <set>

#include "base/error.hpp"
#include "chaindb/sqlite/connection.hpp"
#include "platform/file.hpp"
#include "sample/append_blocks.hpp"
#include "sample/create_chain.hpp"
#include "unit/sample/scratch.hpp"

namespace bt2c::sample {
namespace {

using base::Error;
using base::ErrorKind;
using chaindb::sqlite::Connection;
using test::Scratch;
namespace fs = std::filesystem;

/// SQLite's word on the pages: "ok", its first finding, or why it could not look.
std::string quick_check(const fs::path& path) {
    try {
        Connection connection = Connection::open(path, Connection::Mode::read_write);
        return connection.query_text("PRAGMA quick_check").value_or("");
    } catch (const Error& error) {
        return error.cause();
    }
}

TEST(Faults, HaveNamesOfTheirOwnAndChecksThatExist) {
    const std::set<std::string_view> checks{
        "missing_tables",     "discontinuities", "duplicate_blocks", "orphaned_transactions",
        "invalid_validators", "merkle_roots",    "block_hashes",     "supply",
        "database_pages"};
    std::set<std::string_view> names, found;
    for (const Fault& fault : faults()) {
        EXPECT_TRUE(names.insert(fault.name).second) << fault.name;
        EXPECT_TRUE(fault.check.empty() || checks.contains(fault.check)) << fault.name;
        if (!fault.check.empty()) found.insert(fault.check);
        for (const std::string_view other : fault.also)
            EXPECT_TRUE(other == "*" || checks.contains(other)) << fault.name;
    }
    EXPECT_EQ(found, checks);
}

TEST(Faults, EachChangesTheChainAndOnlyThoseOfPagesItsStructure) {
    const Scratch scratch;
    ChainOptions options;
    options.layout = Layout::orm;
    options.blocks = 120;
    create_chain(scratch / "orm.db", options);
    options.layout = Layout::fresh;
    options.wal = true;
    create_chain(scratch / "fresh.db", options);
    for (const char* base : {"orm.db", "fresh.db"}) {
        const auto before = platform::read_file(scratch / base, 1 << 24);
        for (const Fault& fault : faults()) {
            SCOPED_TRACE(fault.name);
            fs::copy_file(scratch / base, scratch / "faulty.db", fs::copy_options::overwrite_existing);
            ASSERT_NO_THROW(inject_fault(scratch / "faulty.db", fault.name));
            EXPECT_NE(platform::read_file(scratch / "faulty.db", 1 << 24), before);
            EXPECT_EQ(quick_check(scratch / "faulty.db") == "ok",
                      !fault.check.empty() && fault.check != "database_pages");
        }
    }
}

TEST(Faults, InRowsCanBeHadWhileANodeHasTheDatabaseOpen) {
    const Scratch scratch;
    ChainOptions options;
    options.wal = true;
    create_chain(scratch / "c.db", options);
    Connection node = Connection::open(scratch / "c.db", Connection::Mode::read_write);
    append_blocks(node, 1);
    inject_fault(scratch / "c.db", "block-deleted");
    append_blocks(node, 1);
    EXPECT_EQ(node.query_integer("SELECT count(*) FROM blocks"), 41);
}

TEST(Faults, OfAnUnknownNameSuggestTheNearest) {
    const Scratch scratch;
    create_chain(scratch / "c.db", {});
    try {
        inject_fault(scratch / "c.db", "height-gab");
        FAIL() << "there is no such fault";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::usage);
        EXPECT_NE(error.hint().find("height-gap"), std::string::npos) << error.hint();
    }
}

TEST(Faults, SayWhenAChainIsTooSmall) {
    const Scratch scratch;
    ChainOptions options;
    options.blocks = 2;
    options.transactions_per_block = 2;
    create_chain(scratch / "c.db", options);
    const auto before = platform::read_file(scratch / "c.db", 1 << 24);
    EXPECT_THROW(inject_fault(scratch / "c.db", "block-deleted"), Error);
    EXPECT_THROW(inject_fault(scratch / "c.db", "noise-in-table-interior"), Error);
    EXPECT_EQ(platform::read_file(scratch / "c.db", 1 << 24), before);
}

}  // namespace
}  // namespace bt2c::sample
