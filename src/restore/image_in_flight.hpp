#pragma once
// A database that is read while it is being written.

#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "chaindb/page_image.hpp"
#include "platform/aligned_buffer.hpp"
#include "platform/file.hpp"

namespace bt2c::restore {

/// Between threads that write a database front to back, in units, and others that read it at about the same
/// place: what was written lately is still in memory, and what comes next is waited for. So a chain is proved
/// without being read back from the disk. Writers wait for readers that fall behind; a reader that is far
/// ahead reads from the source instead. Bounded memory: the units near the readers, some 72 MiB.
class ImageInFlight {
 public:
    /// `file` is what is being written, in units of `unit_bytes` (whole pages); `stored` reads pages from
    /// where they come. Both must outlive this.
    ImageInFlight(chaindb::ImageShape shape, std::uint64_t unit_bytes, const platform::DurableFile& file,
                  chaindb::ReadPages stored);

    using Unit = std::shared_ptr<const platform::AlignedBuffer>;
    /// Writers, for each unit: memory to make it in, once readers are near enough.
    std::shared_ptr<platform::AlignedBuffer> begin_unit(std::uint64_t unit);
    /// Writers, after each unit was made, in any order. It is in the file when `unwritten` has expired, and
    /// stays in memory until then.
    void made(std::uint64_t unit, std::shared_ptr<platform::AlignedBuffer> bytes,
              std::weak_ptr<const void> unwritten = {});
    /// Writers, when they give up: who waits for pages gets an Error.
    void abandon();

    /// For readers, as long as this lives.
    chaindb::PageImage image();
    /// When nobody reads any more, or nobody ever will: writers need not wait.
    void reading_ended();

 private:
    void read(std::uint32_t first_page, base::MutableBytes out);
    chaindb::PageRun run_around(std::uint32_t page);
    /// The unit where it is in memory; waits for it where it is to be written soon. Null: it is in the file,
    /// or (`stored`) only where it comes from.
    Unit unit_near(std::uint64_t unit, bool& stored);
    /// Under the lock: only so does its count of owners tell that reading has ended.
    void give_back(Unit unit);
    void drop_units_behind();
    void drop_first();

    chaindb::ImageShape shape_;
    std::uint64_t unit_bytes_;
    const platform::DurableFile& file_;
    chaindb::ReadPages stored_;

    std::mutex mutex_;  ///< guards what follows
    std::condition_variable moved_;
    struct Recent {
        std::shared_ptr<platform::AlignedBuffer> memory;
        std::weak_ptr<const void> unwritten;
    };
    std::map<std::uint64_t, Recent> recent_;
    std::vector<std::shared_ptr<platform::AlignedBuffer>> spare_;  ///< memory of units that were dropped
    std::uint64_t next_ = 0;                                       ///< all units before this one are made
    std::uint64_t furthest_ = 0;  ///< the furthest unit that was read from memory
    std::uint64_t limit_;         ///< writers may write units before this one
    bool abandoned_ = false;
    bool reading_ended_ = false;
};

}  // namespace bt2c::restore
