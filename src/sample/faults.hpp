#pragma once
// Every fault that verify-integrity must find, to be put into a database by name.

#include <filesystem>
#include <string_view>
#include <vector>

namespace bt2c::sample {

struct Fault {
    std::string_view name;  ///< "height-gap"
    /// The check of verify-integrity that must name it; empty where the database as a whole must
    /// be refused, with an error.
    std::string_view check;
    std::string_view description;  ///< one clause
    /// Checks that the fault may fail as well, since it cannot be had without; "*" stands for any.
    std::vector<std::string_view> also;
};

/// All of them, those of one check together.
const std::vector<Fault>& faults();

/// Damages the database at `path`. Faults in rows are one transaction, which waits for a writer;
/// for faults in pages and in the file nobody may have the database open.
/// Throws Error(usage) for an unknown name, Error(failed) when the chain has not what the fault
/// needs (five blocks in the newest chain, the last two of the scheduled scheme and with three
/// transactions each, are enough for all but those in interior pages).
void inject_fault(const std::filesystem::path& path, std::string_view name);

}  // namespace bt2c::sample
