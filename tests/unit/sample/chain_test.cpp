#include <gtest/gtest.h>

#include <set>

#include "base/error.hpp"
#include "base/text.hpp"
#include "chain/block_hash.hpp"
#include "chain/merkle.hpp"
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
using chaindb::sqlite::Statement;
using test::Scratch;

Connection open(const std::filesystem::path& path, int busy_timeout_ms = 0) {
    return Connection::open(path, Connection::Mode::read_write, busy_timeout_ms);
}

chain::Hash hash_of(std::string_view text) {
    chain::Hash hash{};
    EXPECT_TRUE(chain::parse_hash(text, hash)) << text;
    return hash;
}

/// How many blocks of the database are of each scheme, each linked to the one below it.
/// The order of the leaves is SQLite's own here.
struct Counts {
    int scheduled = 0, direct = 0, unproved = 0;
};
Counts prove(Connection& connection) {
    Counts counts;
    Statement blocks = connection.prepare(
        "SELECT b.hash, b.previous_hash, b.timestamp, b.nonce, b.merkle_root, b.height, b.network_type, "
        "(SELECT recipient FROM transactions WHERE block_hash = b.hash AND type = 'reward'), "
        "(SELECT p.hash FROM blocks p WHERE p.height = b.height - 1 AND p.network_type = b.network_type) "
        "FROM blocks b");
    while (blocks.next()) {
        const std::string zeros(64, '0');
        EXPECT_EQ(blocks.text(1), blocks.is_null(8) ? std::string_view(zeros) : blocks.text(8));
        std::vector<chain::Hash> leaves;
        Statement transactions = connection.prepare(
            "SELECT hash FROM transactions WHERE block_hash = ?1 ORDER BY timestamp, rowid");
        transactions.bind(1, blocks.text(0));
        while (transactions.next()) leaves.push_back(hash_of(transactions.text(0)));
        const chain::BlockContent content{blocks.integer(5), hash_of(blocks.text(4)), blocks.text(6),
                                          blocks.integer(3), hash_of(blocks.text(1)), blocks.real(2),
                                          blocks.text(7)};
        const chain::Hash hash = hash_of(blocks.text(0));
        if (hash == chain::direct_block_hash(content)) {
            counts.direct += chain::direct_merkle_root(leaves) == content.merkle_root;
        } else if (hash == chain::scheduled_block_hash(content)) {
            counts.scheduled += chain::merkle_root(leaves) == content.merkle_root;
        } else {
            ++counts.unproved;
        }
    }
    return counts;
}

TEST(Chain, EveryBlockOfBothLayoutsIsProvedAndLinked) {
    for (const Layout layout : {Layout::orm, Layout::fresh}) {
        const Scratch scratch;
        ChainOptions options;
        options.layout = layout;
        options.varied = true;
        options.transactions_per_block = 9;
        options.first_height = 1;
        options.networks = {"mainnet", "testnet", "devnet"};
        create_chain(scratch / "c.db", options);
        Connection connection = open(scratch / "c.db");
        EXPECT_EQ(prove(connection).scheduled, 3 * 40);
        EXPECT_EQ(connection.query_integer("SELECT min(height) FROM blocks"), 1);
        EXPECT_EQ(connection.query_integer("SELECT count(DISTINCT network_type) FROM blocks"), 3);
        EXPECT_EQ(connection.query_text("PRAGMA integrity_check"), "ok");
        EXPECT_EQ(connection.query_integer("SELECT count(*) FROM blocks WHERE previous_hash = '" +
                                           std::string(64, '0') + "'"),
                  3);
    }
}

TEST(Chain, LegacyBlocksAreOneUnprovedAndTheRestDirect) {
    const Scratch scratch;
    ChainOptions options;
    options.legacy_blocks = 7;
    create_chain(scratch / "c.db", options);
    Connection connection = open(scratch / "c.db");
    const Counts counts = prove(connection);
    EXPECT_EQ(counts.unproved, 1);
    EXPECT_EQ(counts.direct, 6);
    EXPECT_EQ(counts.scheduled, 33);
    EXPECT_EQ(connection.query_integer("SELECT count(*) FROM validators WHERE status = 'active'"), 1);
}

TEST(Chain, IsTheSameForASeedAndAnotherForAnother) {
    const Scratch scratch;
    ChainOptions options;
    create_chain(scratch / "a.db", options);
    create_chain(scratch / "b.db", options);
    options.seed = 2;
    create_chain(scratch / "c.db", options);
    const auto contents = [&](const char* name) { return platform::read_file(scratch / name, 1 << 24); };
    EXPECT_EQ(contents("a.db"), contents("b.db"));
    EXPECT_NE(contents("a.db"), contents("c.db"));
}

TEST(Chain, HasWhatItsOptionsSay) {
    const Scratch scratch;
    ChainOptions options;
    options.wal = true;
    options.page_size = 1024;
    options.pending = 3;
    options.blocks = 12;
    options.transactions_per_block = 5;
    options.validators = 9;
    create_chain(scratch / "c.db", options);
    Connection connection = open(scratch / "c.db");
    EXPECT_EQ(connection.query_text("PRAGMA journal_mode"), "wal");
    EXPECT_EQ(connection.query_integer("PRAGMA page_size"), 1024);
    EXPECT_EQ(connection.query_integer(
                  "SELECT count(*) FROM transactions WHERE is_pending = 1 AND block_hash IS NULL"),
              3);
    EXPECT_EQ(connection.query_integer("SELECT count(*) FROM transactions WHERE is_pending = 0"), 60);
    EXPECT_EQ(connection.query_integer("SELECT count(*) FROM nonces"), 48);
    EXPECT_EQ(connection.query_integer("SELECT count(*) FROM validators"), 9);
    EXPECT_EQ(connection.query_integer("SELECT count(DISTINCT status) FROM validators"), 5);
    EXPECT_EQ(connection.query_integer("SELECT sum(total_blocks) FROM validators"), 12);
    EXPECT_EQ(connection.query_integer("SELECT count(*) FROM slashing_evidence"), 1);
}

TEST(Chain, RefusesWhatMakesNoSense) {
    const Scratch scratch;
    const auto kind_with = [&](auto change) -> std::optional<ErrorKind> {
        ChainOptions options;
        change(options);
        try {
            create_chain(scratch / "c.db", options);
        } catch (const Error& error) {
            return error.kind();
        }
        return std::nullopt;
    };
    EXPECT_EQ(kind_with([](ChainOptions& o) { o.page_size = 1000; }), ErrorKind::usage);
    EXPECT_EQ(kind_with([](ChainOptions& o) { o.blocks = -1; }), ErrorKind::usage);
    EXPECT_EQ(kind_with([](ChainOptions& o) { o.transactions_per_block = 0; }), ErrorKind::usage);
    EXPECT_EQ(kind_with([](ChainOptions& o) { o.networks = {"devnet", "devnet"}; }), ErrorKind::usage);
    EXPECT_FALSE(std::filesystem::exists(scratch / "c.db"));
    EXPECT_EQ(kind_with([](ChainOptions&) {}), std::nullopt);
    EXPECT_EQ(kind_with([](ChainOptions&) {}), ErrorKind::failed);  // it exists now
}

TEST(Append, AddsValidSuccessors) {
    for (const Layout layout : {Layout::orm, Layout::fresh}) {
        const Scratch scratch;
        ChainOptions options;
        options.layout = layout;
        options.networks = {"mainnet", "testnet"};
        create_chain(scratch / "c.db", options);
        Connection connection = open(scratch / "c.db");
        append_blocks(connection, 5, 3);
        EXPECT_EQ(prove(connection).scheduled, 85);
        EXPECT_EQ(connection.query_integer("SELECT count(*) FROM transactions"), 80 * 4 + 5 * 3);
        EXPECT_EQ(connection.query_integer("SELECT sum(total_blocks) FROM validators"), 85);
        append_blocks(connection, 1);
        EXPECT_EQ(prove(connection).scheduled, 86);
    }
}

TEST(Append, TriesTheSameBlockAgainAfterALock) {
    const Scratch scratch;
    create_chain(scratch / "c.db", {});
    Connection connection = open(scratch / "c.db");
    Appender appender(connection, 4);
    Connection other = open(scratch / "c.db");
    other.execute("BEGIN IMMEDIATE");
    try {
        appender.append();
        FAIL() << "the database is locked";
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::busy);
    }
    other.execute("ROLLBACK");
    appender.append();
    appender.append();
    EXPECT_EQ(prove(connection).scheduled, 42);
}

TEST(Append, NeedsAChain) {
    const Scratch scratch;
    ChainOptions options;
    options.blocks = 0;
    create_chain(scratch / "c.db", options);
    Connection connection = open(scratch / "c.db");
    EXPECT_THROW(append_blocks(connection, 1), Error);
}

}  // namespace
}  // namespace bt2c::sample
