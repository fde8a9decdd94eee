#pragma once
// The object `format`, by which a repository is known: its id stands there in the clear, and without the id
// no secret opens anything. The key slots name it too, so that a repository is not lost with one small file.

#include <string>

#include "base/bytes.hpp"
#include "base/time.hpp"
#include "repository/format.hpp"
#include "storage/location.hpp"

namespace bt2c::repository {

struct RepositoryFormat {
    ObjectId id;
    base::UnixMs created_at = 0;
    std::string damage = {};  ///< why the key slots had to tell this; empty where the object itself told it
};

std::string format_text(const ObjectId& id, base::UnixMs created_at);

/// The object at hand; `place` is what messages call where it is from. Throws Error(failed) when it is
/// damaged or of a version that this program does not know.
RepositoryFormat parse_format(base::ByteView contents, const std::string& place);

/// Whether a sound object would not be so by chance: those of earlier builds have no check.
bool has_check(base::ByteView contents);

/// Of a newer program, and whole: not to be replaced.
bool is_newer_format(base::ByteView contents);

/// Out of the nearest sound copy; where the object is damaged everywhere, or missing though there are
/// backups, what most key slots name. Throws Error: no_repository, or failed when nothing tells it.
RepositoryFormat read_format(storage::Location& location);

}  // namespace bt2c::repository
