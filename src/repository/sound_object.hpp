#pragma once
// Whether bytes are the sound object that a name promises.

#include <optional>
#include <string>

#include "repository/repository.hpp"

namespace bt2c::repository {

/// Checks every seal of a pack, index, manifest, proof, pin, mark or sweep, the tag of a key slot, and that
/// it belongs to its name; of other objects nothing that is not in the clear. Throws Error that says what is
/// wrong.
void require_sound(const Repository& repository, const std::string& name, base::ByteView contents);

/// The most that an object of this name takes, bytes; a reader asks for no more, whoever put it there.
std::uint64_t object_bytes_max(const std::string& name);

/// The object out of the nearest copy that is sound; a pack that is whole nowhere is put together, part by
/// sealed part, out of what is sound of its copies, those with the contents `but` left out, since they are
/// about to be removed. Throws Error, what is wrong with the nearest copy, when there is not enough. Memory:
/// one copy, and of such a pack all.
base::Bytes read_sound(const Repository& repository, const std::string& name,
                       const std::optional<base::Bytes>& but = {});

}  // namespace bt2c::repository
