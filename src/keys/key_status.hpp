#pragma once
// How each key of a home stands: where it came from, how old it is, where its copies are, when it is due.

#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "chaindb/validators.hpp"
#include "config/home.hpp"
#include "repository/manifest.hpp"

namespace bt2c::keys {

/// What is known beside the home's own files. Null or empty where it cannot be had.
struct KeySurroundings {
    chaindb::sqlite::Connection* database = nullptr;
    const std::vector<repository::Manifest>* backups = nullptr;  ///< in any order
};

struct KeyStatus {
    enum class Source {
        rotation,  ///< made by a rotation here
        phrase,    ///< a wallet of version 1.0, whose key follows from its phrase
        wallet,    ///< a wallet without a version: only the file and its password bring the key back
        token,     ///< in a token, without a wallet file
        unknown,   ///< a wallet file that cannot be read
    };

    std::string address;
    Source source = Source::unknown;
    std::string problem;  ///< of a wallet file that cannot be read
    std::vector<chaindb::ValidatorRow> validators;
    /// The rotation that made the key, else the earliest time that is known of it: the wallet's, the
    /// validator's, the oldest backup's.
    std::optional<base::UnixMs> since;
    std::optional<std::string> followed_by;  ///< the address that it was rotated to
    std::size_t copies = 0;                  ///< backups that hold its wallet file
    std::optional<base::UnixMs> newest_copy;
    /// When it has to be rotated; nothing for keys that are no validator's, or were given up or banned.
    std::optional<base::UnixMs> due;
};

std::string_view source_name(KeyStatus::Source source);

/// Of each wallet file and each key in a token, by address.
/// @param rotation_months from the key's first day to the day it is due
std::vector<KeyStatus> key_status(const config::Home& home, const KeySurroundings& surroundings,
                                  int rotation_months);

/// The same day so many months on; the month's last day where it has no such day.
base::UnixMs months_after(base::UnixMs time, int months);

}  // namespace bt2c::keys
