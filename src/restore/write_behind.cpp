#include "restore/write_behind.hpp"

#include <chrono>
#include <utility>

#include "base/progress.hpp"

namespace bt2c::restore {
namespace {

constexpr std::size_t pieces_max = 8;

/// How often a waiting thread looks whether it was interrupted.
constexpr std::chrono::milliseconds interrupt_interval{100};

}  // namespace

WriteBehind::WriteBehind(platform::DurableFile& file) : file_(file), thread_([this] { run(); }) {}

WriteBehind::~WriteBehind() {
    {
        const std::lock_guard lock(mutex_);
        ending_ = true;
        if (pieces_.size() > 1) pieces_.erase(pieces_.begin() + 1, pieces_.end());
    }
    moved_.notify_all();
    thread_.join();
}

void WriteBehind::wait_while_longer_than(std::size_t pieces, std::unique_lock<std::mutex>& lock) {
    while (pieces_.size() > pieces && !failure_) {
        base::throw_if_interrupted();
        moved_.wait_for(lock, interrupt_interval);
    }
    if (failure_) std::rethrow_exception(failure_);
}

std::weak_ptr<const void> WriteBehind::write(std::shared_ptr<const platform::AlignedBuffer> memory,
                                             std::size_t size, std::uint64_t offset) {
    auto piece = std::make_shared<const Piece>(Piece{std::move(memory), size, offset});
    std::weak_ptr<const void> unwritten = piece;
    std::unique_lock lock(mutex_);
    wait_while_longer_than(pieces_max - 1, lock);
    pieces_.push_back(std::move(piece));
    moved_.notify_all();
    return unwritten;
}

void WriteBehind::finish() {
    std::unique_lock lock(mutex_);
    wait_while_longer_than(0, lock);
}

void WriteBehind::run() {
    std::unique_lock lock(mutex_);
    for (;;) {
        moved_.wait(lock, [&] { return ending_ || !pieces_.empty(); });
        if (pieces_.empty()) return;
        const Piece& piece = *pieces_.front();
        lock.unlock();
        std::exception_ptr failure;
        try {
            file_.write_at(piece.memory->bytes().first(piece.size), piece.offset);
            file_.start_writeback(piece.offset, piece.size);
        } catch (...) {
            failure = std::current_exception();
        }
        lock.lock();
        pieces_.pop_front();
        if (failure) {
            failure_ = failure;
            pieces_.clear();
        }
        moved_.notify_all();
        if (failure_) return;
    }
}

}  // namespace bt2c::restore
