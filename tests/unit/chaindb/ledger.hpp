#pragma once
// A small database whose every commit keeps an invariant, and a process that goes on writing it.

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "base/bytes.hpp"
#include "chaindb/page_image.hpp"
#include "chaindb/sqlite/connection.hpp"
#include "chaindb/sqlite/live_database.hpp"

namespace bt2c::chaindb::testing {

struct LedgerPlan {
    std::string journal = "delete";  ///< of PRAGMA journal_mode
    int page_size = 4096;
    int autocheckpoint = 20;  ///< pages; small, so that the log is restarted often
    int cache_pages = 200;    ///< small ones spill uncommitted pages into the file
    int rows = 400;           ///< of about 1 KiB, before the writer begins
    int rows_per_commit = 8;
    int vacuum_every = 0;      ///< commits; 0 for never
    bool incremental = false;  ///< auto_vacuum=INCREMENTAL, each second vacuum_every is partial
    int pause_us = 500;        ///< between commits
};

/// Makes the file; no connection is left open.
void make_ledger(const std::filesystem::path& path, const LedgerPlan& plan);
/// One transaction: moves money between accounts, adds and removes rows, keeps the row counter.
void commit_once(sqlite::Connection& database, const LedgerPlan& plan, unsigned& random);
/// Empty when the pages are sound and every invariant holds; else what is wrong.
std::string faults_of(sqlite::Connection& database);
/// The same of an image, which is written to a file in `folder` first.
std::string faults_of_image(base::ByteView image, const std::filesystem::path& folder);
/// All pages of the running pass, read in pieces by two threads.
base::Bytes read_image(const sqlite::LiveDatabase& live, ImageShape shape);
/// As the backup job reads: in slices, then whole if that was disturbed.
base::Bytes capture(sqlite::LiveDatabase& live, bool* disturbed = nullptr);

/// A child process. Made only while this process has no connection to the file, since the child
/// would inherit SQLite's idea of the locks that it holds.
class Child {
 public:
    struct Report {
        std::atomic<bool> stop{false};
        std::atomic<int> commits{0};
        std::atomic<std::int64_t> longest_us{0};  ///< of one transaction, its waits included
        std::atomic<int> failures{0};
        char failure[200] = {};
    };
    explicit Child(const std::function<void(Report&)>& body);
    ~Child();
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    Report& report() { return *report_; }
    void wait_for_commits(int count);
    /// Asks it to stop and waits for its end.
    void stop();
    void kill();
    pid_t pid() const { return pid_; }

 private:
    void reap();
    Report* report_;
    pid_t pid_ = -1;
};

/// What a commit may take beside a capture on a machine that is busy with other things; some ms
/// is what it takes on an idle one, and 5 s is where the writer would see an error.
constexpr std::int64_t longest_commit_us = 3'000'000;

/// Commits until it is told to stop; a busy timeout of 5 s.
std::function<void(Child::Report&)> ledger_writer(std::filesystem::path path, LedgerPlan plan);

}  // namespace bt2c::chaindb::testing
