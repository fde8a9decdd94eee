#include "sample/faults.hpp"

#include <string>

#include "base/error.hpp"
#include "base/text.hpp"
#include "sample/fault_recipe.hpp"

namespace bt2c::sample {

using base::Error;
using base::ErrorKind;
using base::format;
using chaindb::sqlite::Connection;

namespace {

const std::vector<Recipe>& recipes() {
    static const std::vector<Recipe> all = [] {
        std::vector<Recipe> recipes;
        for (auto part : {continuity_faults, validator_faults, cryptography_faults, page_faults})
            for (Recipe& recipe : part()) recipes.push_back(std::move(recipe));
        return recipes;
    }();
    return all;
}

const Recipe& find(std::string_view name) {
    std::vector<std::string> names;
    for (const Recipe& recipe : recipes()) {
        if (recipe.fault.name == name) return recipe;
        names.emplace_back(recipe.fault.name);
    }
    Error error(ErrorKind::usage,
                format("cannot inject fault {}: there is none of that name", base::printable(name)));
    const std::string nearest = base::nearest_word(name, names);
    error.hint(nearest.empty() ? "--list-faults names them all" : format("did you mean {}?", nearest));
    throw error;
}

}  // namespace

const std::vector<Fault>& faults() {
    static const std::vector<Fault> all = [] {
        std::vector<Fault> faults;
        for (const Recipe& recipe : recipes()) faults.push_back(recipe.fault);
        return faults;
    }();
    return all;
}

void inject_fault(const std::filesystem::path& path, std::string_view name) {
    const Recipe& recipe = find(name);
    {
        Connection connection = Connection::open(path, Connection::Mode::read_write);
        if (recipe.edit_rows) {
            connection.execute("BEGIN IMMEDIATE");
            recipe.edit_rows(connection);
            connection.execute("COMMIT");
            return;
        }
        // Else pages could come back out of the WAL over those damaged in the file.
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)");
    }
    recipe.edit_file(path);
}

}  // namespace bt2c::sample
