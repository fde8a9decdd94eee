#include "chaindb/sqlite/wal_release.hpp"

#include <sqlite3.h>
#include <unistd.h>

#include <chrono>
#include <functional>
#include <memory>
#include <thread>
#include <utility>

#include "chaindb/sqlite/observed_vfs.hpp"
#include "chaindb/sqlite/uri.hpp"

namespace bt2c::chaindb::sqlite {
namespace {

/// SQLite's default for wal_autocheckpoint: writers are used to bringing home so much.
constexpr std::uint32_t usual_frames = 1000;
/// Each round leaves what was written during the one before, a fraction of that.
constexpr int rounds_max = 6;
constexpr int attempts_max = 200;
constexpr int patience_ms = 100;

class Checkpointer {
 public:
    explicit Checkpointer(const std::filesystem::path& path) {
        const int code = sqlite3_open_v2(uri_of(path).c_str(), &db_,
                                         SQLITE_OPEN_READWRITE | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX,
                                         observed_vfs_name());
        ready_ = code == SQLITE_OK &&
                 sqlite3_db_config(db_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr) == SQLITE_OK &&
                 sqlite3_exec(db_, "PRAGMA wal_autocheckpoint = 0; PRAGMA user_version", nullptr, nullptr,
                              nullptr) == SQLITE_OK;
        int persist = 1;
        if (ready_) sqlite3_file_control(db_, "main", SQLITE_FCNTL_PERSIST_WAL, &persist);
    }
    ~Checkpointer() { sqlite3_close(db_); }
    Checkpointer(const Checkpointer&) = delete;
    Checkpointer& operator=(const Checkpointer&) = delete;

    /// Calls `holding` with the lock on checkpoints held, then brings home what no mark forbids. False when
    /// another checkpoint never let go of the lock.
    bool run(const std::function<void()>& holding, int main_file) {
        if (!ready_) return false;
        bool held = false;
        on_checkpoint_lock(db_, [&] {
            held = true;
            holding();
        });
        for (int attempt = 0; attempt < attempts_max && !held; ++attempt) {
            sqlite3_wal_checkpoint_v2(db_, "main", SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
            if (!held) std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
        on_checkpoint_lock(db_, nullptr);
        // SQLite syncs only what a checkpoint of the whole log wrote; the rest would be left to a writer.
        if (held) ::fdatasync(main_file);
        return held;
    }

 private:
    sqlite3* db_ = nullptr;
    bool ready_ = false;
};

std::uint32_t frames_now(const ReadTransaction& transaction) {
    PublishedWal published;
    return transaction.published(published) ? published.frame : 0;
}

}  // namespace

void end_beside_writers(ReadTransaction& held, std::uint32_t marked_frame, int main_file) noexcept try {
    if (!held.wal() || frames_now(held) < marked_frame + usual_frames) return held.end();
    Checkpointer checkpointer(held.file());
    // A newer mark is taken before the older one is let go. So no writer's checkpoint has much to do at once,
    // and no writer can begin the log anew under a checkpoint of ours, which SQLite before 3.51.3 may not
    // notice (https://sqlite.org/wal.html#walresetbug). What comes after the last mark is left to the
    // writers.
    ReadTransaction guards[2]{ReadTransaction(held.file()), ReadTransaction(held.file())};
    ReadTransaction* older = &held;
    for (int round = 0; round < rounds_max && frames_now(*older) >= marked_frame + usual_frames; ++round) {
        ReadTransaction& newer = guards[round % 2];
        newer.begin(patience_ms);
        if (newer.read_mark() <= 0) break;
        marked_frame = frames_now(newer);
        if (!checkpointer.run([&] { older->end(); }, main_file)) break;
        older = &newer;
    }
    held.end();
} catch (...) {
    held.end();
}

}  // namespace bt2c::chaindb::sqlite
