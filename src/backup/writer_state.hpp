#pragma once
// What a write-only node remembers of its backups, since it cannot read them. docs/repository-format.md, "The
// writer's state".

#include <filesystem>
#include <functional>
#include <optional>
#include <vector>

#include "config/home.hpp"
#include "platform/file.hpp"
#include "repository/manifest.hpp"
#include "repository/page_table.hpp"

namespace bt2c::backup {

/// All of it but the content ids of the full backup's pages.
struct WriterRecord {
    repository::ObjectId repository;
    std::uint64_t sequence = 0;
    repository::Manifest full;                    ///< the latest full backup
    repository::Manifest latest;                  ///< the newest that is no safety backup
    std::optional<repository::Manifest> sibling;  ///< the newest that was made against `full`
    std::vector<repository::PageEntry> entries;   ///< the differences of `sibling`

    base::Bytes encode() const;
    /// Throws Error(failed) when the bytes are not what encode() makes of a sound record.
    static WriterRecord decode(base::ByteView bytes);
};

/// Gives the content ids of `count` pages from `first_page`, as many as there are.
using ContentIds =
    std::function<std::vector<repository::ContentId>(std::uint32_t first_page, std::uint32_t count)>;

/// A state that was read from its file, which stays open. Thread-safe.
class WriterState {
 public:
    static std::filesystem::path file(const config::Home& home, const repository::ObjectId& repository);
    /// nullopt when there is no file. Throws Error(failed) when it cannot be used.
    static std::optional<WriterState> load(const std::filesystem::path& file,
                                           const repository::ObjectId& repository);
    /// Replaces the file, durably.
    static void save(const std::filesystem::path& file, const WriterRecord& record,
                     const ContentIds& content);

    WriterRecord record;
    /// Of the full backup.
    std::vector<repository::ContentId> content(std::uint32_t first_page, std::uint32_t count) const;

 private:
    std::filesystem::path name_;
    platform::Descriptor fd_;
    std::uint64_t content_offset_ = 0;
};

}  // namespace bt2c::backup
