#pragma once
// verify-integrity: every check of a chain database, on an image that does not change meanwhile.

#include <cstddef>
#include <functional>
#include <optional>
#include <string>

#include "base/progress.hpp"
#include "chaindb/sqlite/connection.hpp"
#include "verify/report.hpp"

namespace bt2c::verify {

struct Source {
    /// Opens one more read-only connection to the same immutable image. Called for each thread,
    /// and from these threads.
    std::function<chaindb::sqlite::Connection()> open;
};

struct Options {
    std::size_t examples_max = 10;       ///< findings kept for each check; SIZE_MAX for all
    std::optional<std::string> network;  ///< check this one only
    bool check_pages = true;             ///< SQLite's own check of the page structure
    unsigned threads = 2;
    std::size_t rowids_per_range = 16'384;  ///< of a table, that a thread takes at a time
    /// Bounds of the memory used; smaller ones make more passes over the database.
    std::size_t blocks_max = 800'000;  ///< blocks held at a time, about 150 bytes each
    std::size_t leaves_max = 200'000;  ///< transactions of unfinished blocks held, about 90 bytes each
};

/// Checks the whole chain. What is wrong with the database is in the report; damaged pages are
/// stepped over as far as can be. Throws Error only when the database cannot be opened or read at
/// all (input/output errors), when it is sound but has no block of the network asked for (usage), or when
/// interrupted.
Report verify_chain(const Source& source, const Options& options, base::Progress& progress);

}  // namespace bt2c::verify
