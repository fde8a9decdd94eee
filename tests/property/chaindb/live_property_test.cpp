// [B1] Random sessions of a real writer, captured at random moments, against SQLite's own reading.

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "chaindb/sqlite/connection.hpp"
#include "chaindb/sqlite/live_database.hpp"
#include "support/temporary_folder.hpp"
#include "unit/chaindb/ledger.hpp"

namespace bt2c::chaindb::testing {
namespace {

using sqlite::Connection;
using sqlite::Hold;
using sqlite::LiveDatabase;

std::string dump(Connection& database) {
    auto rows = database.prepare(
        "SELECT id, tag, hex(payload) FROM log UNION ALL SELECT * FROM "
        "(SELECT id, balance, '' FROM account ORDER BY id)");
    std::string text;
    while (rows.next()) text += rows.string(0) + " " + rows.string(1) + " " + rows.string(2) + "\n";
    return text;
}

TEST(LiveProperty, ImageIsWhatSqliteReads) {
    const bool held = rc::check([] {
        LedgerPlan plan;
        plan.journal = *rc::gen::element<std::string>("delete", "truncate", "persist", "wal", "wal", "wal");
        plan.page_size = 512 << *rc::gen::inRange(0, 8);
        plan.rows = *rc::gen::inRange(20, 80);
        plan.incremental = *rc::gen::arbitrary<bool>();
        const support::TemporaryFolder folder;
        make_ledger(folder / "chain.db", plan);
        Connection writer = Connection::open(folder / "chain.db", Connection::Mode::read_write);
        writer.execute("PRAGMA synchronous=OFF; PRAGMA wal_autocheckpoint=0");
        const auto live = LiveDatabase::open(folder / "chain.db", {.reflink = false});
        unsigned random = *rc::gen::arbitrary<unsigned>();
        std::string expected;
        base::Bytes image;
        bool in_pass = false;
        const auto steps = *rc::gen::container<std::vector<int>>(12, rc::gen::inRange(0, 8));
        for (const int step : steps) {
            // In rollback mode a pass that is under way stops the writer.
            const bool may_write = !in_pass || live->is_wal();
            if (step <= 2 && may_write) commit_once(writer, plan, random);
            if (step == 3 && may_write && !in_pass) writer.execute("VACUUM");
            if (step == 4 && may_write) writer.execute("PRAGMA incremental_vacuum(3)");
            if (step == 5) writer.execute("PRAGMA wal_checkpoint(PASSIVE)");
            if (step == 6 && !in_pass) {
                live->begin_pass(Hold::whole);
                expected = dump(writer);
                in_pass = true;
            }
            if (step == 7 && in_pass) {
                image = read_image(*live, live->shape());
                RC_ASSERT(live->end_pass());
                in_pass = false;
                RC_ASSERT(faults_of_image(image, folder.path()) == "");
                Connection copy = Connection::open(folder / "image.db", Connection::Mode::immutable);
                RC_ASSERT(dump(copy) == expected);
            }
        }
    });
    EXPECT_TRUE(held);
}

}  // namespace
}  // namespace bt2c::chaindb::testing
