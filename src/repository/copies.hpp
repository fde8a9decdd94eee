#pragma once
// Reading an object where several locations have copies of it, and what is damaged and what was not read.

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "base/error.hpp"
#include "base/parallel.hpp"
#include "storage/location.hpp"

namespace bt2c::repository {

/// Whether an object that the place fails to give is damaged there: only where something else than a file
/// stands in its place. Whatever else keeps it from being read (a service that refuses, a lost line, rights,
/// a shortage of this machine, a disk) says nothing of its contents: it is unread.
inline bool is_failure_damage(const storage::Location& copy, const base::Error& error) {
    return !copy.behind_network() && error.system_code() == EISDIR;
}

/// Whether a disk, or the file system on it, says that it cannot give what was stored. It may yet: a cable or
/// a share gives the same. So that is unread too; but a repair may put a sound copy in its place.
inline bool is_disk_failure(const base::Error& error) {
    constexpr int of_disks[] = {EIO, EBADMSG, EUCLEAN, ENODATA};
    return std::ranges::find(of_disks, error.system_code()) != std::end(of_disks);
}

/// An object from the front, at most `most` bytes, and hardly more than the copy itself says that it has:
/// what a service sends behind that only costs memory and time, and is seen by the seal. Most objects come
/// whole with the first question. `before_large` is locked before more than that is read.
inline std::optional<base::Bytes> get_sized(storage::Location& copy, const std::string& name,
                                            std::uint64_t most,
                                            std::unique_lock<std::mutex>* before_large = nullptr) {
    constexpr std::uint64_t usual = std::uint64_t{2} << 20;
    auto contents = copy.get_range(name, 0, std::min(usual + 1, most));
    if (!contents || contents->size() <= usual) return contents;
    // Not from a list: that of several places tells the size that one of them has.
    const auto size = copy.size_of(name);
    if (!size || *size <= usual || *size > most) return contents;
    contents.reset();
    if (before_large) before_large->lock();
    return copy.get_range(name, 0, *size + 1);
}

/// Notes, while one object is read through read_any_copy(), whether that it was sound nowhere says that it is
/// damaged.
class ObjectReading {
 public:
    explicit ObjectReading(std::string name) : name_(std::move(name)) {}

    /// As the copy's get_range() from the front.
    std::optional<base::Bytes> get(storage::Location& copy, std::uint64_t size) {
        return noted(copy, [&] { return copy.get_range(name_, 0, size); });
    }
    /// As get_sized().
    std::optional<base::Bytes> get_sized(storage::Location& copy, std::uint64_t most,
                                         std::unique_lock<std::mutex>& before_large) {
        return noted(copy, [&] { return repository::get_sized(copy, name_, most, &before_large); });
    }
    /// Why the object may be sound though no copy could be used; nullopt where it is damaged, or absent.
    std::optional<base::Error> unread(const storage::Location& location) const {
        if (!failures_.empty()) return failures_.begin()->second;
        return location.unread(name_);
    }

 private:
    template <typename Get>
    std::optional<base::Bytes> noted(const storage::Location& copy, Get get) {
        try {
            auto contents = get();
            failures_.erase(&copy);  // it was only slow before
            return contents;
        } catch (const base::Error& error) {
            if (!is_failure_damage(copy, error)) failures_.insert_or_assign(&copy, error);
            throw;
        }
    }

    std::string name_;
    std::map<const storage::Location*, base::Error> failures_;
};

/// How many threads read side by side: more than there are processors where each waits for a network.
inline unsigned readers_at_once(const storage::Location& location) {
    return std::max(base::worker_count(), location.puts_at_once());
}

/// Whether a place says that it has no such object. It may be about to get it: that is no fault of it, and
/// whoever asks what each place lacks is told.
inline bool lacks(storage::Location& copy, const std::string& name) {
    try {
        return !copy.size_of(name);
    } catch (const base::Error& error) {
        if (error.kind() == base::ErrorKind::interrupted) throw;
        return false;
    }
}

/// Calls read(copy) for the nearest copy, and for the next ones as long as it throws Error because the object
/// is damaged or missing there or cannot be read, or too slow. What is wrong with a copy is told to the
/// location, once another one could be read. Throws what the nearest one said when none can be used.
template <typename Read>
auto read_any_copy(storage::Location& location, const std::string& name, Read read) {
    auto copies = location.copies();
    if (copies.empty()) return read(location);
    while (true) {
        std::optional<base::Error> first;
        std::vector<std::pair<storage::Location*, std::string>> faults;
        for (const auto& copy : copies) try {
                auto result = read(*copy);
                for (const auto& [faulty, what] : faults) location.note_fault(*faulty, name, what);
                return result;
            } catch (const base::Error& error) {
                if (error.kind() == base::ErrorKind::interrupted) throw;
                if (!lacks(*copy, name))
                    faults.emplace_back(copy.get(), error.cause().empty() ? error.message() : error.cause());
                if (!first) first = error;
            }
        // Who proved slow meanwhile comes last now, and is given all the time it needs.
        auto now = location.copies();
        if (now.empty() || now == copies) throw base::Error(*first);
        copies = std::move(now);
    }
}

/// Whether a copy of just this size is anywhere. The others are not blamed: they may be about to get theirs.
/// Throws what the nearest that cannot be asked said when none has it.
inline bool any_copy_has(storage::Location& location, const std::string& name, std::uint64_t bytes) {
    const auto copies = location.copies();
    if (copies.empty()) return location.size_of(name) == bytes;
    std::optional<base::Error> first;
    for (const auto& copy : copies) try {
            if (copy->size_of(name) == bytes) return true;
        } catch (const base::Error& error) {
            if (error.kind() == base::ErrorKind::interrupted) throw;
            if (!first) first = error;
        }
    if (first) throw base::Error(*first);
    return false;
}

}  // namespace bt2c::repository
