#pragma once
// The two halves of 'upgrade-check', and what both do with the chain.

#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "chaindb/database_facts.hpp"
#include "cli/command.hpp"

namespace bt2c::cli {

Result upgrade_check_before(Context& context);
Result upgrade_check_after(Context& context);

/// The document of a command of this program, which may take long and ask for a password.
struct EndedCommand {
    int status;
    base::Json document;
};
EndedCommand call_self(Context& context, const std::vector<std::string>& command);
/// What is not the chain's fault stays what it was.
base::Error failure_of(std::string message, const EndedCommand& ended);

/// Whether the chain verifies; throws where that cannot be told.
bool chain_verifies(Context& context);
/// Waits this long for a writer of the database.
inline constexpr int upgrade_check_patience_ms = 5000;
std::vector<chaindb::FactDifference> compare_with_chain(Context& context,
                                                        const chaindb::DatabaseFacts& before);
base::Json differences_document(const std::vector<chaindb::FactDifference>& differences);
void print_differences(Output& out, const std::vector<chaindb::FactDifference>& differences);
/// Of a backup's id, for people.
std::string brief_id(const std::string& backup);

}  // namespace bt2c::cli
