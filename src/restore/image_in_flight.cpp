#include "restore/image_in_flight.hpp"

#include <algorithm>
#include <limits>

#include "base/error.hpp"
#include "base/progress.hpp"

namespace bt2c::restore {
namespace {

using std::chrono::milliseconds;

/// Of readers that walk a table on two threads, one is some 10 MiB ahead of the other; units are of 1 MiB.
constexpr std::uint64_t units_behind = 32;
constexpr std::uint64_t units_ahead = 24;
/// Beyond these a reader is not on its way there, but looks something up.
constexpr std::uint64_t units_waited_for = 16;
constexpr std::size_t units_max = units_behind + units_ahead + units_waited_for;

/// How often a waiting thread looks whether it was interrupted.
constexpr milliseconds interrupt_interval{100};

}  // namespace

ImageInFlight::ImageInFlight(chaindb::ImageShape shape, std::uint64_t unit_bytes,
                             const platform::DurableFile& file, chaindb::ReadPages stored)
    : shape_(shape), unit_bytes_(unit_bytes), file_(file), stored_(std::move(stored)), limit_(units_ahead) {}

std::shared_ptr<platform::AlignedBuffer> ImageInFlight::begin_unit(std::uint64_t unit) {
    std::unique_lock lock(mutex_);
    while (unit >= limit_) {
        base::throw_if_interrupted();
        moved_.wait_for(lock, interrupt_interval);
    }
    if (spare_.empty()) return std::make_shared<platform::AlignedBuffer>(unit_bytes_);
    auto memory = std::move(spare_.back());
    spare_.pop_back();
    return memory;
}

void ImageInFlight::made(std::uint64_t unit, std::shared_ptr<platform::AlignedBuffer> bytes,
                         std::weak_ptr<const void> unwritten) {
    const std::lock_guard lock(mutex_);
    recent_.emplace(unit, Recent{std::move(bytes), std::move(unwritten)});
    // Units beyond next_ are never dropped, so those that follow without a gap are all there.
    for (auto it = recent_.find(next_); it != recent_.end() && it->first == next_; ++it) ++next_;
    drop_units_behind();
    moved_.notify_all();
}

void ImageInFlight::drop_units_behind() {
    while (
        !recent_.empty() && recent_.begin()->first < next_ && recent_.begin()->second.unwritten.expired() &&
        (reading_ended_ || recent_.size() > units_max || recent_.begin()->first + units_behind < furthest_))
        drop_first();
}

void ImageInFlight::drop_first() {
    auto memory = std::move(recent_.begin()->second.memory);
    recent_.erase(recent_.begin());
    // A reader may still be copying from it.
    if (memory.use_count() == 1) spare_.push_back(std::move(memory));
}

void ImageInFlight::abandon() {
    const std::lock_guard lock(mutex_);
    abandoned_ = true;
    moved_.notify_all();
}

void ImageInFlight::reading_ended() {
    const std::lock_guard lock(mutex_);
    reading_ended_ = true;
    limit_ = std::numeric_limits<std::uint64_t>::max();
    drop_units_behind();
    moved_.notify_all();
}

ImageInFlight::Unit ImageInFlight::unit_near(std::uint64_t unit, bool& stored) {
    std::unique_lock lock(mutex_);
    stored = unit >= next_ + units_waited_for;
    // Whoever looks something up is on no way of its own; but it must not be what writers wait for.
    const std::uint64_t limit = (stored ? next_ : unit) + units_ahead;
    if (limit > limit_) {
        limit_ = limit;
        moved_.notify_all();
    }
    if (stored) return nullptr;
    while (unit >= next_ && !abandoned_ && !recent_.contains(unit)) {
        base::throw_if_interrupted();
        moved_.wait_for(lock, interrupt_interval);
    }
    const auto found = recent_.find(unit);
    if (found == recent_.end()) {
        if (unit < next_) return nullptr;
        throw base::Error(base::ErrorKind::failed, "cannot read the database that is being restored")
            .cause("it was not written to its end");
    }
    furthest_ = std::max(furthest_, unit);
    return found->second.memory;
}

void ImageInFlight::give_back(Unit unit) {
    const std::lock_guard lock(mutex_);
    unit.reset();
}

void ImageInFlight::read(std::uint32_t first_page, base::MutableBytes out) {
    std::uint64_t offset = std::uint64_t{first_page - 1} * shape_.page_size;
    while (!out.empty()) {
        const std::uint64_t unit = offset / unit_bytes_;
        const std::uint64_t within = offset % unit_bytes_;
        const base::MutableBytes part = out.first(std::min<std::uint64_t>(out.size(), unit_bytes_ - within));
        bool stored = false;
        if (Unit bytes = unit_near(unit, stored)) {
            std::ranges::copy(bytes->bytes().subspan(within, part.size()), part.begin());
            give_back(std::move(bytes));
        } else if (stored) {
            stored_(static_cast<std::uint32_t>(offset / shape_.page_size) + 1, part);
        } else if (platform::read_at(file_.fd(), part, offset, file_.temporary()) != part.size()) {
            throw base::Error(base::ErrorKind::failed, "cannot read the database that is being restored")
                .cause("it became shorter meanwhile");
        }
        out = out.subspan(part.size());
        offset += part.size();
    }
}

chaindb::PageRun ImageInFlight::run_around(std::uint32_t page) {
    const std::uint64_t unit = std::uint64_t{page - 1} * shape_.page_size / unit_bytes_;
    bool stored = false;
    Unit bytes = unit_near(unit, stored);
    if (!bytes) return {};
    const auto first_page = static_cast<std::uint32_t>(unit * unit_bytes_ / shape_.page_size) + 1;
    const auto in_image = std::min<std::uint64_t>(unit_bytes_, shape_.bytes() - unit * unit_bytes_);
    const base::ByteView pages = bytes->bytes().first(in_image);
    std::shared_ptr<const void> owner(
        pages.data(), [this, bytes = std::move(bytes)](const void*) mutable { give_back(std::move(bytes)); });
    return {std::move(owner), first_page, pages};
}

chaindb::PageImage ImageInFlight::image() {
    return {shape_, [this](std::uint32_t page, base::MutableBytes out) { read(page, out); },
            [this](std::uint32_t page) { return run_around(page); }};
}

}  // namespace bt2c::restore
