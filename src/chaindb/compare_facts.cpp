// What is different after an upgrade, and what of it must not be.

#include <algorithm>
#include <map>
#include <set>

#include "base/text.hpp"
#include "chaindb/compare_validators.hpp"
#include "chaindb/database_facts.hpp"

namespace bt2c::chaindb {

using base::format;
using base::printable;

namespace {

/// Sums of floating-point amounts; far below the smallest unit times the number of payments.
constexpr double coins_tolerance = 1e-6;

constexpr std::string_view evidence_table = "slashing_evidence";

class Comparison {
 public:
    Comparison(const DatabaseFacts& before, const DatabaseFacts& after) : before_(before), after_(after) {}

    void networks(const std::function<std::optional<std::string>(std::string_view, std::int64_t)>& hash_at) {
        for (const NetworkTip& was : before_.networks) {
            const std::string name = printable(was.network);
            const auto is = std::ranges::find(after_.networks, was.network, &NetworkTip::network);
            if (is == after_.networks.end()) {
                add(true, format("network {} has no blocks any more", name));
                replaced_.insert(was.network);
                continue;
            }
            if (is->genesis_hash != was.genesis_hash)
                add(true, format("network {} begins with another block", name));
            const auto hash = hash_at(was.network, was.height);
            if (is->height < was.height) {
                replaced_.insert(was.network);
                add(true, format("network {} ends at height {}, it was {}", name, is->height, was.height));
            } else if (hash && hash != was.tip_hash && is->height > was.height &&
                       is_settled_part_there(was.network, hash_at)) {
                reorganised_.insert(was.network);
                grown_.insert(was.network);
                add(false, format("network {} went over to a better chain, which replaced some of its last "
                                  "{} blocks up to height {}, and has grown to {}",
                                  name, unsettled_blocks, was.height, is->height));
            } else if (hash != was.tip_hash) {
                replaced_.insert(was.network);
                add(true, format("network {} has another history: block {} is not the one that it was", name,
                                 was.height));
            } else if (is->height > was.height) {
                add(false, format("network {} has grown from height {} to {}", name, was.height, is->height));
                grown_.insert(was.network);
            }
        }
        for (const NetworkTip& is : after_.networks)
            if (std::ranges::find(before_.networks, is.network, &NetworkTip::network) ==
                before_.networks.end())
                add(false, format("network {} is new", printable(is.network)));
    }

    /// Hashes prove most of what blocks hold, and not all: no scheme is known for stakes and exits.
    void history() {
        for (const HistoryFacts& was : before_.history) {
            const auto is = std::ranges::find(after_.history, was.network, &HistoryFacts::network);
            if (is == after_.history.end() || replaced_.contains(was.network)) continue;
            const bool reorganised = reorganised_.contains(was.network);
            for (const auto& [what, digest] : {std::pair("blocks", &HistoryDigests::blocks),
                                               std::pair("transactions", &HistoryDigests::transactions)})
                if (is->settled.*digest != was.settled.*digest ||
                    (!reorganised && is->unsettled.*digest != was.unsettled.*digest))
                    add(true,
                        format("network {} has {} up to height {} that are not as they were",
                               printable(was.network), what, reorganised ? was.settled_height : was.height));
        }
    }

    void pauses() {
        for (const PauseFacts& is : after_.pauses) {
            if (is.paused == was_paused(is.network).paused) continue;
            add(false, format("network {} is {}", printable(is.network),
                              !is.paused  ? "not paused any more"
                              : !is.sound ? "paused, and the states that it saved were changed since"
                                          : "paused: its validators count as what they are when it goes on"));
        }
    }

    void tables() {
        for (const TableFacts& was : before_.tables) {
            const std::string name = printable(was.name);
            const auto is = std::ranges::find(after_.tables, was.name, &TableFacts::name);
            if (is == after_.tables.end()) {
                add(true, format("table {} is gone", name));
                continue;
            }
            columns(name, was, *is);
            // Blocks and their transactions are for ever, and so is who signed twice; in other tables rows
            // come and go.
            if (is->rows < was.rows)
                add(was.name == "blocks" || was.name == evidence_table,
                    format("table {} has {} rows, it had {}", name, is->rows, was.rows));
            else if (was.name == evidence_table && has_other_evidence())
                add(true,
                    format("table {} has rows that are not as they were: who signed twice may be forgotten",
                           name));
            contents(was, *is);
        }
        for (const TableFacts& is : after_.tables)
            if (std::ranges::find(before_.tables, is.name, &TableFacts::name) == before_.tables.end())
                add(false, format("table {} is new", printable(is.name)));
    }

    void columns(const std::string& table, const TableFacts& was, const TableFacts& is) {
        for (const ColumnFacts& column : was.columns) {
            const auto found = std::ranges::find(is.columns, column.name, &ColumnFacts::name);
            if (found == is.columns.end())
                add(true, format("table {} lost its column {}", table, declared(column)));
            else if (found->type != column.type)
                add(false, format("table {} declares its column {} as {}, it was {}", table,
                                  printable(column.name), printable(found->type), printable(column.type)));
        }
        for (const ColumnFacts& column : is.columns)
            if (std::ranges::find(was.columns, column.name, &ColumnFacts::name) == was.columns.end())
                add(false, format("table {} has a new column {}", table, declared(column)));
    }

    /// What blocks change is not compared once there are more of them. Validators have a comparison of their
    /// own, for what must not change.
    void contents(const TableFacts& was, const TableFacts& is) {
        if (!grown_.empty() || was.digest.empty() || is.digest.empty()) return;
        if (was.name == "unstake_requests") return queue();
        if (was.digest == is.digest) return;
        if (was.name == "validators" && before_.validators_digest != after_.validators_digest) return;
        if (was.name == evidence_table && has_other_evidence()) return;
        add_contents(false, was.name);
    }

    /// Rotated keys and the end of a pause change it without a block, and no more than they must.
    void queue() {
        std::map<std::string, std::pair<const QueueFacts*, const QueueFacts*>> networks;
        for (const QueueFacts& was : before_.queue) networks[was.network].first = &was;
        for (const QueueFacts& is : after_.queue) networks[is.network].second = &is;
        for (const auto& [network, facts] : networks) {
            const auto& [was, is] = facts;
            if (was && is && was->digest == is->digest) continue;
            if (!was || !is || was->timeless != is->timeless || !has_resumed(network))
                return add_contents(true, "unstake_requests");
            add(false, format("requests to leave network {} wait from later on: a pause lies between",
                              printable(network)));
        }
    }

    void paid() {
        for (const PaidFacts& was : before_.paid) {
            const auto is = std::ranges::find(after_.paid, was.network, &PaidFacts::network);
            const double coins = is == after_.paid.end() ? 0 : is->coins;
            const std::string text = format("network {} has paid {:.8f} coins, it had {:.8f}",
                                            printable(was.network), coins, was.coins);
            if (coins < was.coins - coins_tolerance)
                add(true, text);
            else if (coins > was.coins + coins_tolerance)
                add(!grown_.contains(was.network), text);
        }
    }

    void validators(const std::function<bool(const KeyRotation&)>& is_signed) {
        for (FactDifference& one : compare_validators(before_, after_, grown_, is_signed))
            differences.push_back(std::move(one));
    }

    void schema_objects() {
        std::map<std::pair<std::string, std::string>, const SchemaObject*> now;
        for (const SchemaObject& is : after_.schema_objects) now[{is.type, is.name}] = &is;
        for (const SchemaObject& was : before_.schema_objects) {
            const auto found = now.find({was.type, was.name});
            if (found == now.end()) {
                add(false, format("{} {} is gone", printable(was.type), printable(was.name)));
                continue;
            }
            if (found->second->digest != was.digest) add_object(*found->second, "is another one than before");
            now.erase(found);
        }
        for (const auto& [key, is] : now) add_object(*is, "is new");
    }

    std::vector<FactDifference> differences;

 private:
    /// What a trigger does comes only with the next rows that are written, after all comparisons.
    void add_object(const SchemaObject& object, std::string_view what) {
        constexpr std::size_t shown_bytes_max = 400;
        if (object.type != "trigger")
            return add(false, format("{} {} {}", printable(object.type), printable(object.name), what));
        const std::string sql = base::cut_to(object.sql, shown_bytes_max);
        differences.push_back(
            {false,
             format("trigger {} of {} {}: {}{}", printable(object.name), printable(object.table), what,
                    printable(sql), sql.size() < object.sql.size() ? " …" : ""),
             true});
    }
    bool has_other_evidence() const {
        return !before_.evidence.digest.empty() && before_.evidence.digest != after_.evidence.digest;
    }
    void add(bool serious, std::string text) { differences.push_back({serious, std::move(text)}); }
    void add_contents(bool serious, const std::string& table) {
        add(serious, format("table {} holds something else than before, though there is no new block",
                            printable(table)));
    }
    static std::string declared(const ColumnFacts& column) {
        return printable(column.name) + " " + printable(column.type);
    }
    bool is_settled_part_there(
        const std::string& network,
        const std::function<std::optional<std::string>(std::string_view, std::int64_t)>& hash_at) const {
        const auto was = std::ranges::find(before_.history, network, &HistoryFacts::network);
        return was != before_.history.end() && hash_at(network, was->settled_height) == was->settled_hash;
    }
    PauseFacts was_paused(const std::string& network) const {
        const auto was = std::ranges::find(before_.pauses, network, &PauseFacts::network);
        return was == before_.pauses.end() ? PauseFacts() : *was;
    }
    /// A pause that was there, or came by an order since, has ended.
    bool has_resumed(const std::string& network) const {
        const auto is = std::ranges::find(after_.pauses, network, &PauseFacts::network);
        const PauseFacts was = was_paused(network);
        return is != after_.pauses.end() && is->resumes > was.resumes &&
               (was.paused || is->sequence > was.sequence);
    }

    const DatabaseFacts& before_;
    const DatabaseFacts& after_;
    std::set<std::string> grown_;
    std::set<std::string> reorganised_;  ///< networks that gave up blocks which were not settled
    std::set<std::string> replaced_;     ///< networks whose history is known to be another one
};

}  // namespace

std::vector<FactDifference> compare_facts(
    const DatabaseFacts& before, const DatabaseFacts& after,
    const std::function<std::optional<std::string>(std::string_view, std::int64_t)>& hash_at,
    const std::function<bool(const KeyRotation&)>& is_signed) {
    Comparison comparison(before, after);
    comparison.networks(hash_at);
    comparison.history();
    comparison.pauses();
    comparison.tables();
    comparison.paid();
    comparison.validators(is_signed);
    comparison.schema_objects();
    std::ranges::stable_sort(comparison.differences, std::greater<>(), [](const FactDifference& one) {
        return std::pair(one.serious, one.is_trigger);
    });
    return std::move(comparison.differences);
}

}  // namespace bt2c::chaindb
