#include <algorithm>
#include <map>
#include <optional>
#include <tuple>
#include <unordered_map>

#include "base/error.hpp"
#include "chain/economics.hpp"
#include "node/ledger.hpp"

namespace bt2c::node {

namespace {

struct Account {
    std::int64_t balance = 0;
    std::int64_t nonce = 0;
};
using Accounts = std::unordered_map<std::string, Account>;

/// Rows of other software may hold any amount.
void add(Account& account, std::int64_t units) {
    constexpr std::int64_t most = 20 * static_cast<std::int64_t>(chain::max_supply) * chain::units_per_coin;
    account.balance = std::clamp(account.balance + units, -most, most);
}

/// A transaction whose effect depends on what came before it.
struct Event {
    std::int64_t height = 0;
    std::string time;
    std::int64_t nonce = 0;
    std::string hash, sender;
    std::int64_t units = 0;  ///< of unstake
    std::string payload;     ///< of the others
    auto order() const { return std::tie(height, time, nonce, hash); }
};

/// Follows unstaked stakes through rotations and bans to where they go.
class Replay {
 public:
    Replay(Accounts& accounts, std::string network, const chain::Hash& genesis)
        : accounts_(accounts), network_(std::move(network)), genesis_(genesis) {}

    void take(const Event& event) {
        release_below(event.height);
        if (event.payload.empty()) {
            waiting_[event.sender] = {event.height + unstaking_blocks, event.units};
            return;
        }
        ValidatorPayload payload;
        try {
            payload = parse_payload(event.payload, network_, genesis_);
        } catch (const base::Error&) {
            return;  // of other software
        }
        if (payload.rotation) {
            rotated_[payload.rotation->old_address()] = {payload.rotation->new_address(),
                                                         payload.rotation->compromised};
        } else {
            const auto banned = current(payload.evidence->first.validator, true);
            std::erase_if(waiting_, [&](const auto& entry) { return current(entry.first, false) == banned; });
        }
    }
    void release_below(std::int64_t height) {
        std::erase_if(waiting_, [&](const auto& entry) {
            if (entry.second.height >= height) return false;
            accounts_[current(entry.first, false)].balance += entry.second.units;
            return true;
        });
    }
    struct Waiting {
        std::int64_t height = 0, units = 0;
    };
    const std::map<std::string, Waiting>& waiting() const { return waiting_; }

 private:
    /// A stolen key's own address stays where it is, as the one that is banned.
    std::string current(std::string address, bool stop_at_stolen) const {
        for (auto next = rotated_.find(address); next != rotated_.end(); next = rotated_.find(address)) {
            if (stop_at_stolen && next->second.second) break;
            address = next->second.first;
        }
        return address;
    }

    Accounts& accounts_;
    std::string network_;
    chain::Hash genesis_;
    std::map<std::string, Waiting> waiting_;
    std::map<std::string, std::pair<std::string, bool>> rotated_;
};

}  // namespace

std::int64_t Ledger::rebuild(std::int64_t tip_height) {
    Accounts accounts;
    Account paid;
    std::vector<Event> events;
    {
        auto query = database_.ask(
            "SELECT t.type, t.sender, t.recipient, t.amount, t.nonce, b.height, t.timestamp, t.hash, "
            "t.payload, EXISTS (SELECT 1 FROM node_blocks n WHERE n.hash = b.hash) "
            "FROM transactions t JOIN blocks b ON b.hash = t.block_hash WHERE b.network_type = ?1",
            network_);
        while (query.next()) {
            const std::string_view type = query->text(0);
            const std::int64_t units = chain::to_units(query->real(3));
            if (type == "reward" || type == "developer") {
                add(accounts[query->string(2)], units);
                add(paid, units);
                continue;
            }
            Account& sender = accounts[query->string(1)];
            sender.nonce = std::max(sender.nonce, query->integer(4));
            if (type != "validator") add(sender, -fee_units);
            if (type == "transfer" || type == "stake") add(sender, -units);
            if (type == "transfer") add(accounts[query->string(2)], units);
            // Other software's say nothing that is known here.
            const bool ours = query->integer(9) != 0;
            if (ours && (type == "unstake" || type == "validator"))
                events.push_back({query->integer(5), query->string(6), query->integer(4), query->string(7),
                                  query->string(1), units,
                                  type == "validator" ? query->string(8) : std::string()});
        }
    }
    std::ranges::sort(events, {}, &Event::order);
    Replay replay(accounts, network_, genesis_);
    for (const Event& event : events) replay.take(event);
    replay.release_below(tip_height + 1);
    database_.run("DELETE FROM node_accounts WHERE network = ?1", network_);
    for (const auto& [address, account] : accounts)
        database_.run("INSERT INTO node_accounts (network, address, balance, nonce) VALUES (?1, ?2, ?3, ?4)",
                      network_, address, account.balance, account.nonce);
    database_.run("DELETE FROM node_unstaking WHERE network = ?1", network_);
    for (const auto& [address, waiting] : replay.waiting())
        database_.run(
            "INSERT INTO node_unstaking (network, address, release_height, units) VALUES (?1, ?2, ?3, ?4)",
            network_, address, waiting.height, waiting.units);
    return paid.balance;
}

}  // namespace bt2c::node
