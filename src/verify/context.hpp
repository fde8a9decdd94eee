#pragma once
// What the parts of one verification share.

#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "verify/finding_book.hpp"
#include "verify/networks.hpp"
#include "verify/row_reader.hpp"
#include "verify/verify.hpp"

namespace bt2c::verify {

struct Context {
    Context(const Source& source_, const Options& options_, base::Progress& progress_)
        : source(source_),
          options(options_),
          progress(progress_),
          networks(options_.network),
          book(options_.examples_max) {}

    /// Takes over what one thread found.
    void merge(FindingBook&& findings) {
        const std::lock_guard lock(mutex);
        book.merge(std::move(findings));
    }
    /// Notes what a reader had to step over.
    void note_damage(const std::string& table, const RowReader& reader);

    const Source& source;
    const Options& options;
    base::Progress& progress;
    Networks networks;

    std::mutex mutex;  ///< guards what follows
    FindingBook book;
    struct Damage {
        std::string table;
        DamagedRange range;
    };
    std::vector<Damage> damage;
};

/// Runs work(0) to work(threads - 1) at the same time; rethrows the first exception when all ended.
void run_workers(unsigned threads, const std::function<void(unsigned)>& work);

}  // namespace bt2c::verify
