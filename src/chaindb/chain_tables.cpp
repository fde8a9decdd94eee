#include "chaindb/chain_tables.hpp"

#include <algorithm>
#include <optional>

#include "base/text.hpp"
#include "crypto/hash.hpp"

namespace bt2c::chaindb {
namespace {

using sqlite::Connection;
using sqlite::Statement;
using sqlite::Step;

/// Far more than any node follows; a database with more is made to slow the reader down.
constexpr std::size_t networks_max = 64;

/// One that is not in `known`: a search that ends at the first hit is much quicker than DISTINCT.
std::optional<std::string> another_network(Connection& database, const std::vector<std::string>& known) {
    // The type is asked last: that alone costs more than the rest, and is asked of strangers only.
    std::string sql = "SELECT network_type FROM blocks WHERE ";
    for (std::size_t i = 1; i <= known.size(); ++i) sql += base::format("network_type<>?{} AND ", i);
    std::optional<Statement> search = database.try_prepare(sql + "typeof(network_type)='text' LIMIT 1");
    if (!search) return std::nullopt;
    for (std::size_t i = 0; i < known.size(); ++i) search->bind(static_cast<int>(i) + 1, known[i]);
    if (search->step() != Step::row) return std::nullopt;
    return search->string(0);
}

struct Block {
    std::int64_t height;
    std::string hash;
};

std::optional<Block> outermost(Connection& database, const std::string& network, std::string_view order) {
    std::optional<Statement> search = database.try_prepare(
        base::format("SELECT height, hash FROM blocks WHERE network_type=?1 AND typeof(height)='integer' "
                     "ORDER BY height {} LIMIT 1",
                     order));
    if (!search || search->bind(1, network).step() != Step::row) return std::nullopt;
    return Block{search->integer(0), crypto::bounded_text(search->text(1))};
}

std::int64_t count(Connection& database, const std::string& network, bool is_only_network) {
    // Without a condition SQLite counts the entries of the smallest index.
    std::optional<Statement> counting =
        database.try_prepare(is_only_network ? "SELECT COUNT(*) FROM blocks"
                                             : "SELECT COUNT(*) FROM blocks WHERE network_type=?1");
    if (!counting) return 0;
    if (!is_only_network) counting->bind(1, network);
    return counting->step() == Step::row ? counting->integer(0) : 0;
}

}  // namespace

std::vector<NetworkTip> network_tips(Connection& database) {
    std::vector<std::string> networks;
    // A view of that name may be made to never end.
    if (auto search = database.try_prepare("SELECT 1 FROM sqlite_master WHERE type='table' AND "
                                           "name='blocks' COLLATE NOCASE");
        !search || search->step() != Step::row)
        return {};
    while (networks.size() < networks_max) {
        std::optional<std::string> network = another_network(database, networks);
        if (!network) break;
        networks.push_back(std::move(*network));
    }
    std::sort(networks.begin(), networks.end());
    std::vector<NetworkTip> tips;
    for (const std::string& network : networks) {
        const std::optional<Block> last = outermost(database, network, "DESC");
        const std::optional<Block> first = outermost(database, network, "ASC");
        if (!last || !first) continue;
        tips.push_back({network, last->height, last->hash, count(database, network, networks.size() == 1),
                        first->height, first->hash});
    }
    return tips;
}

}  // namespace bt2c::chaindb
