#include "chaindb/validator_facts.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <string_view>
#include <tuple>
#include <utility>

#include "base/text.hpp"
#include "chaindb/content_digests.hpp"
#include "chaindb/network_pause.hpp"
#include "chaindb/pause_tables.hpp"
#include "crypto/hash.hpp"

namespace bt2c::chaindb {

using sqlite::Connection;

namespace {

constexpr std::size_t validators_kept_max = 20'000;

/// By network and address: what a resume gives back. Several rows of one address are for people.
std::map<std::pair<std::string, std::string>, std::string> saved_states(
    Connection& database, const std::vector<PauseFacts>& pauses) {
    std::map<std::pair<std::string, std::string>, std::string> states;
    for (const PauseFacts& pause : pauses) {
        if (!pause.sound) continue;
        auto rows = database.prepare(
            "SELECT address, upper(coalesce(status, '')) FROM network_pause_state WHERE network_type = ? "
            "GROUP BY address HAVING count(*) = 1");
        rows.bind(1, pause.network);
        while (rows.next()) states[{pause.network, rows.string(0)}] = rows.string(1);
    }
    return states;
}

}  // namespace

std::vector<PauseFacts> read_pauses(Connection& database, const std::vector<NetworkTip>& networks) {
    std::vector<PauseFacts> pauses;
    if (!has_tables(database, {"network_status", "network_pauses", "network_pause_state", "network_orders"}))
        return pauses;
    for (const NetworkTip& tip : networks) {
        const PauseState state = read_pause_state(database, tip.network);
        PauseFacts& facts = pauses.emplace_back();
        facts.network = tip.network;
        facts.sequence = state.sequence;
        facts.paused = state.recorded;
        facts.sound = state.sound;
        auto resumes = database.try_prepare(
            "SELECT count(*) FROM network_status WHERE network_type = ? AND status = 'ACTIVE'");
        if (resumes && resumes->bind(1, tip.network).next()) facts.resumes = resumes->integer(0);
    }
    return pauses;
}

std::vector<KeyRotation> read_known_rotations(Connection& database) {
    // A view of such a name may be made to never end.
    return has_tables(database, {"key_rotations"}) ? read_rotations(database) : std::vector<KeyRotation>();
}

std::vector<KeyRotation> rotations_beyond(const std::vector<KeyRotation>& known,
                                          const std::vector<KeyRotation>& all) {
    const auto key = [](const KeyRotation& one) {
        return std::tuple<std::string_view, std::string_view, std::string_view>(one.network, one.old_address,
                                                                                one.new_address);
    };
    std::set<std::tuple<std::string_view, std::string_view, std::string_view>> keys;
    for (const KeyRotation& one : known) keys.insert(key(one));
    std::vector<KeyRotation> beyond;
    std::ranges::copy_if(all, std::back_inserter(beyond),
                         [&](const KeyRotation& one) { return !keys.contains(key(one)); });
    return beyond;
}

void read_validators(Connection& database, DatabaseFacts& facts) {
    const auto saved = saved_states(database, facts.pauses);
    crypto::Sha256 digest;
    // The last column: the row is as the pause left it, so that a resume gives its state back.
    auto rows = database.try_prepare(base::format(
        "SELECT address, network_type, upper(coalesce(status, '')), stake, status IS 'INACTIVE' AND {} AND "
        "count(*) OVER (PARTITION BY network_type, address) = 1 FROM validators ORDER BY address, "
        "network_type",
        SavedColumns::of(database).is_active ? "is_active IS 0" : "1"));
    while (rows && rows->next()) {
        ValidatorFacts validator{rows->string(0), rows->string(1), rows->string(2), rows->real(3)};
        if (rows->integer(4) != 0)
            if (const auto state = saved.find({validator.network, validator.address}); state != saved.end())
                validator.status = state->second;
        digest.update(base::as_bytes(base::format("{}\n{}\n{}\n{}\n", validator.address, validator.network,
                                                  validator.status, validator.stake)));
        if (++facts.validators_count <= static_cast<std::int64_t>(validators_kept_max))
            facts.validators.push_back(std::move(validator));
    }
    if (facts.validators_count > static_cast<std::int64_t>(validators_kept_max)) facts.validators.clear();
    facts.validators_digest = base::to_hex(digest.finish());
}

}  // namespace bt2c::chaindb
