// What nodes tell each other of a network before it goes on.

#include <algorithm>

#include "chaindb/network_pause.hpp"
#include "crypto/hash.hpp"

namespace bt2c::chaindb {

using sqlite::Connection;

ActiveStake read_active_stake(Connection& database, const std::string& network,
                              const std::vector<std::string>& addresses) {
    ActiveStake stake;
    const char* sql =
        read_pause_state(database, network).recorded
            ? "SELECT v.address, v.stake FROM network_pause_state s JOIN validators v ON v.address = "
              "s.address AND v.network_type = s.network_type WHERE s.network_type = ? AND "
              "upper(s.status) = 'ACTIVE'"
            : "SELECT address, stake FROM validators WHERE network_type = ? AND upper(status) = 'ACTIVE'";
    auto query = database.prepare(sql);
    query.bind(1, network);
    while (query.next()) {
        const double here = std::max(0.0, query.real(1));
        stake.total += here;
        if (std::ranges::find(addresses, query.text(0)) != addresses.end()) stake.own += here;
    }
    return stake;
}

std::vector<std::pair<std::int64_t, std::string>> newest_blocks(Connection& database,
                                                                const std::string& network,
                                                                std::int64_t count) {
    std::vector<std::pair<std::int64_t, std::string>> blocks;
    auto query = database.prepare(
        "SELECT height, hash FROM blocks WHERE network_type = ? AND typeof(height) = 'integer' ORDER BY "
        "height DESC "
        "LIMIT ?");
    query.bind(1, network).bind(2, count);
    while (query.next()) blocks.emplace_back(query.integer(0), crypto::bounded_text(query.text(1)));
    return blocks;
}

double usual_block_time_s(Connection& database, const std::string& network) {
    constexpr std::int64_t blocks = 21;
    auto query =
        database.prepare("SELECT timestamp FROM blocks WHERE network_type = ? ORDER BY height DESC LIMIT ?");
    query.bind(1, network).bind(2, blocks);
    std::vector<double> gaps;
    std::optional<double> later;
    while (query.next()) {
        if (later) gaps.push_back(*later - query.real(0));
        later = query.real(0);
    }
    if (gaps.empty()) return 0;
    // The first block of a chain is often much older than the second.
    constexpr std::size_t few = 5;
    if (gaps.size() < few) return std::max(0.0, *std::ranges::min_element(gaps));
    const auto middle = gaps.begin() + static_cast<std::ptrdiff_t>(gaps.size() / 2);
    std::nth_element(gaps.begin(), middle, gaps.end());
    return std::max(0.0, *middle);
}

double newest_block_time_s(Connection& database, const std::string& network) {
    auto query =
        database.prepare("SELECT timestamp FROM blocks WHERE network_type = ? ORDER BY height DESC LIMIT 1");
    query.bind(1, network);
    return query.next() ? query.real(0) : 0;
}

}  // namespace bt2c::chaindb
