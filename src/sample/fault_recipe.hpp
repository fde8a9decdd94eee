#pragma once
// How the files of this folder hand their faults to faults.cpp.

#include <filesystem>
#include <functional>
#include <vector>

#include "chaindb/sqlite/connection.hpp"
#include "sample/faults.hpp"

namespace bt2c::sample {

struct Recipe {
    Fault fault;
    /// One of the two: rows are changed in a transaction, the file with nobody in it.
    std::function<void(chaindb::sqlite::Connection&)> edit_rows = {};
    std::function<void(const std::filesystem::path&)> edit_file = {};
};

std::vector<Recipe> continuity_faults();    // missing tables, discontinuities, duplicates, orphans
std::vector<Recipe> validator_faults();     // invalid validators
std::vector<Recipe> cryptography_faults();  // Merkle roots, block hashes, supply
std::vector<Recipe> page_faults();          // the database's own structure

}  // namespace bt2c::sample
