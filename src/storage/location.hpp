#pragma once
// Where sealed, write-once objects rest. A location never sees plaintext.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/time.hpp"

namespace bt2c::storage {

struct ObjectInfo {
    std::string name;
    std::uint64_t bytes = 0;
};

/// Objects have names such as "packs/3fa4…"; see object_name.hpp.
/// All functions are thread-safe, may be called any number of times, and throw base::Error when
/// the location cannot be reached or refuses; absence is a value, never an error.
class Location {
 public:
    virtual ~Location() = default;

    /// For messages, such as a path.
    virtual std::string describe() const = 0;
    /// Whether a reading may fail though what is stored is sound.
    virtual bool behind_network() const { return false; }
    /// Stores an object durably: once this returns, it outlives a power cut. Never replaces:
    /// false, and nothing changed, when the name is taken. Interrupted, no part is ever seen
    /// under the name.
    [[nodiscard]] virtual bool put(const std::string& name, base::ByteView contents) = 0;
    /// How many puts side by side make it faster: more than one where each waits for a network.
    virtual unsigned puts_at_once() const { return 1; }
    /// The whole object; nullopt when there is none.
    virtual std::optional<base::Bytes> get(const std::string& name) = 0;
    /// `size` bytes from `offset`, fewer at the object's end; nullopt when there is none.
    virtual std::optional<base::Bytes> get_range(const std::string& name, std::uint64_t offset,
                                                 std::uint64_t size) = 0;
    /// nullopt when there is no such object.
    virtual std::optional<std::uint64_t> size_of(const std::string& name) = 0;
    /// All objects whose names begin with `folder` and '/', or all there are when it is empty, sorted by
    /// name. What is no object of ours but lies there is listed too, whatever its name.
    virtual std::vector<ObjectInfo> list(const std::string& folder) = 0;
    /// False when there was none.
    virtual bool remove(const std::string& name) = 0;
    /// Asks the place itself to refuse removal of an object until `until`, at least; never shortens what
    /// holds already. False where this location has no such thing or was not told to use it; throws where the
    /// object is not there.
    virtual bool keep_until(const std::string& /*name*/, base::UnixMs /*until*/) { return false; }
    /// For how long the place is asked to refuse the removal of an object when it is stored; 0: not at all.
    virtual base::UnixMs keeps_for() const { return 0; }
    /// Until when the place refuses to remove an object; nullopt where it is not locked or not there.
    virtual std::optional<base::UnixMs> kept_until(const std::string& /*name*/) { return std::nullopt; }
    /// How many milliseconds the place's own clock is ahead of this machine's, less than 0 where it is
    /// behind, by its last answer and to about a second; nullopt where it told no time.
    virtual std::optional<base::UnixMs> clock_ahead() const { return std::nullopt; }

    /// For a hint where nothing is here: what may have emptied this place, a question, and what to do then.
    virtual std::string if_emptied() const { return "was a disk not mounted?"; }

    /// Of a location that stands for several: those that can be read, the nearest first. Readers that find
    /// an object damaged try the others. Empty for all others.
    virtual std::vector<std::shared_ptr<Location>> copies() { return {}; }
    /// The same one: why an object that is sound in none of copies() may be sound all the same, since a place
    /// that may have it cannot be read. nullopt where none is left to be asked, and for all others.
    virtual std::optional<base::Error> unread(const std::string& /*name*/) const { return std::nullopt; }
    /// Why an object is not what was once stored, where the place knows that without a key to its seals;
    /// nullopt where it is, and for all places that cannot tell.
    virtual std::optional<base::Error> known_damage(const std::string& /*name*/) { return std::nullopt; }
    /// A reader tells that the object cannot be used as `copy`, one of copies(), has it.
    virtual void note_fault(const Location& /*copy*/, const std::string& /*name*/,
                            const std::string& /*what*/) {}
};

}  // namespace bt2c::storage
