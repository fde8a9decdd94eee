#include "cli/named_network.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"
#include "chaindb/chain_tables.hpp"
#include "chaindb/sqlite/connection.hpp"
#include "chaindb/sqlite/live_database.hpp"

namespace bt2c::cli {

using base::Error;
using base::ErrorKind;

namespace {

/// For a writer that holds the database.
constexpr int writer_patience_ms = 5000;

void require_among(const std::string& named, const std::vector<std::string>& there, std::string_view what,
                   std::string_view where) {
    if (there.empty() || std::ranges::find(there, named) != there.end()) return;
    std::string others;
    for (const std::string& one : there) others += (others.empty() ? "" : ", ") + base::printable(one);
    throw Error(ErrorKind::usage, base::format("cannot {} network {}: {} has no blocks of it", what,
                                               base::printable(named), where))
        .cause("it has those of " + others)
        .state("nothing was changed")
        .hint("name another network with --network, or leave it out: then it is all of them");
}

}  // namespace

void require_network_in_database(const Context& context, std::string_view what) {
    const auto named = context.network();
    if (!named) return;
    std::vector<std::string> there;
    try {
        const auto live = chaindb::sqlite::LiveDatabase::open(context.home().database(),
                                                              {.patience_ms = writer_patience_ms});
        live->begin_pass(chaindb::sqlite::Hold::whole);
        auto database = chaindb::sqlite::Connection::open_image(live->image());
        for (const chaindb::NetworkTip& tip : chaindb::network_tips(database)) there.push_back(tip.network);
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::interrupted) throw;
        return;  // what is wrong with it the job itself tells, or doctor
    }
    require_among(*named, there, what, "the database");
}

void require_network_among(const Context& context, const std::vector<repository::NetworkState>& held,
                           std::string_view what) {
    const auto named = context.network();
    if (!named) return;
    std::vector<std::string> there(held.size());
    std::ranges::transform(held, there.begin(), &repository::NetworkState::network);
    require_among(*named, there, what, "the backup");
}

}  // namespace bt2c::cli
