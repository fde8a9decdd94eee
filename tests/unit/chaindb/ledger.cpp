#include "ledger.hpp"

#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <new>
#include <thread>

#include "base/error.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "platform/file.hpp"

namespace bt2c::chaindb::testing {

using base::format;
using sqlite::Connection;
using sqlite::LiveDatabase;

namespace {

constexpr int accounts = 50;
constexpr int total = accounts * 1000;

unsigned next(unsigned& random) {
    random = random * 1664525U + 1013904223U;
    return random >> 8;
}

void set_up(Connection& database, const LedgerPlan& plan) {
    database.execute(
        format("PRAGMA cache_size={}; PRAGMA cache_spill={}; PRAGMA synchronous=OFF; "
               "PRAGMA journal_mode={}; PRAGMA wal_autocheckpoint={}",
               plan.cache_pages, plan.cache_pages, plan.journal, plan.autocheckpoint));
}

}  // namespace

void make_ledger(const std::filesystem::path& path, const LedgerPlan& plan) {
    Connection database = Connection::open(path, Connection::Mode::create);
    database.execute(format("PRAGMA page_size={}; PRAGMA auto_vacuum={}", plan.page_size,
                            plan.incremental ? "INCREMENTAL" : "NONE"));
    set_up(database, plan);
    database.execute(
        format("BEGIN; CREATE TABLE account(id INTEGER PRIMARY KEY, balance INTEGER);"
               "CREATE TABLE log(id INTEGER PRIMARY KEY, tag INTEGER, payload BLOB); CREATE INDEX log_tag ON "
               "log(tag);"
               "CREATE TABLE counter(rows INTEGER); INSERT INTO counter VALUES({1});"
               "WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i+1 FROM n WHERE i<{0})"
               " INSERT INTO account SELECT i, 1000 FROM n;"
               "WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i+1 FROM n WHERE i<{1})"
               " INSERT INTO log SELECT i, random(), randomblob(1000) FROM n; COMMIT",
               accounts, plan.rows));
}

void commit_once(Connection& database, const LedgerPlan& plan, unsigned& random) {
    const unsigned from = next(random) % accounts + 1, to = next(random) % accounts + 1;
    // The log grows in half of the commits and shrinks in the others, around its first size.
    const std::int64_t rows = *database.query_integer("SELECT rows FROM counter");
    const bool grow = rows < plan.rows / 2 || (rows < plan.rows * 2 && next(random) % 2);
    std::string sql = format(
        "BEGIN IMMEDIATE; UPDATE account SET balance=balance-7 WHERE id={};"
        "UPDATE account SET balance=balance+7 WHERE id={};",
        from, to);
    if (grow)
        for (int i = 0; i < plan.rows_per_commit; ++i)
            sql += format("INSERT INTO log(tag, payload) VALUES(random(), randomblob({}));",
                          next(random) % 2000);
    else
        sql += format("DELETE FROM log WHERE id IN (SELECT id FROM log ORDER BY tag LIMIT {});",
                      plan.rows_per_commit);
    sql += "UPDATE log SET tag=random() WHERE id%37=" + std::to_string(next(random) % 37) +
           "; UPDATE counter SET rows=(SELECT COUNT(*) FROM log); COMMIT";
    database.execute(sql);
}

std::string faults_of(Connection& database) {
    const std::string pages = database.query_text("PRAGMA integrity_check").value_or("nothing");
    if (pages != "ok") return pages;
    const auto sum = database.query_integer("SELECT SUM(balance) FROM account").value_or(-1);
    const auto counted = database.query_integer("SELECT COUNT(*) FROM log").value_or(-1);
    const auto counter = database.query_integer("SELECT rows FROM counter").value_or(-2);
    if (sum != total) return format("the accounts hold {}", sum);
    if (counted != counter) return format("{} rows where the counter says {}", counted, counter);
    return {};
}

std::string faults_of_image(base::ByteView image, const std::filesystem::path& folder) {
    const std::filesystem::path path = folder / "image.db";
    std::filesystem::remove(path);
    platform::write_durably(path, image, 0600);
    Connection database = Connection::open(path, Connection::Mode::immutable);
    return faults_of(database);
}

base::Bytes read_image(const LiveDatabase& live, ImageShape shape) {
    base::Bytes image(shape.bytes());
    constexpr std::uint32_t pages_at_once = 37;
    std::atomic<std::uint32_t> next_page{1};
    const auto work = [&] {
        for (std::uint32_t page; (page = next_page.fetch_add(pages_at_once)) <= shape.page_count;) {
            const std::uint32_t count = std::min(pages_at_once, shape.page_count - page + 1);
            live.read(page, base::MutableBytes(image).subspan(std::size_t{page - 1} * shape.page_size,
                                                              std::size_t{count} * shape.page_size));
        }
    };
    std::thread other(work);
    work();
    other.join();
    return image;
}

base::Bytes capture(LiveDatabase& live, bool* disturbed) {
    ImageShape shape = live.begin_pass(sqlite::Hold::slices);
    base::Bytes image = read_image(live, shape);
    const bool whole = live.end_pass();
    if (disturbed) *disturbed = !whole;
    if (whole) return image;
    shape = live.begin_pass(sqlite::Hold::whole);
    image = read_image(live, shape);
    if (!live.end_pass()) throw base::Error(base::ErrorKind::failed, "a whole pass was disturbed");
    return image;
}

Child::Child(const std::function<void(Report&)>& body) {
    void* memory = ::mmap(nullptr, sizeof(Report), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    BT2C_ASSERT(memory != MAP_FAILED);
    report_ = new (memory) Report;
    std::fflush(nullptr);  // or the child writes what waits in the buffers once more
    pid_ = ::fork();
    BT2C_ASSERT(pid_ >= 0);
    if (pid_ > 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    try {
        body(*report_);
    } catch (const base::Error& error) {
        std::snprintf(report_->failure, sizeof report_->failure, "%s: %s", error.what(),
                      error.cause().c_str());
        ++report_->failures;
    }
    ::_exit(0);
}

Child::~Child() {
    if (pid_ > 0) kill();
    ::munmap(report_, sizeof(Report));
}

void Child::wait_for_commits(int count) {
    for (int waited = 0; report_->commits < count && report_->failures == 0 && waited < 20'000; ++waited)
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

void Child::stop() {
    report_->stop = true;
    reap();
}

void Child::kill() {
    ::kill(pid_, SIGKILL);
    reap();
}

void Child::reap() {
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
}

std::function<void(Child::Report&)> ledger_writer(std::filesystem::path path, LedgerPlan plan) {
    return [path = std::move(path), plan = std::move(plan)](Child::Report& report) {
        Connection database = Connection::open(path, Connection::Mode::read_write, 5000);
        set_up(database, plan);
        unsigned random = 4711;
        while (!report.stop) {
            const base::Stopwatch watch;
            if (plan.vacuum_every && report.commits % plan.vacuum_every == plan.vacuum_every - 1)
                database.execute(plan.incremental && next(random) % 2 ? "PRAGMA incremental_vacuum(20)"
                                                                      : "VACUUM");
            else
                commit_once(database, plan, random);
            report.longest_us =
                std::max<std::int64_t>(report.longest_us, static_cast<std::int64_t>(watch.seconds() * 1e6));
            ++report.commits;
            std::this_thread::sleep_for(std::chrono::microseconds(plan.pause_us));
        }
    };
}

}  // namespace bt2c::chaindb::testing
