#pragma once
// Reading an object where several locations have copies of it.

#include <optional>
#include <string>

#include "base/error.hpp"
#include "storage/location.hpp"

namespace bt2c::repository {

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
