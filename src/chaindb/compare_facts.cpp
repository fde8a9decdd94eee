// What is different after an upgrade, and what of it must not be.

#include <algorithm>
#include <map>
#include <set>

#include "base/text.hpp"
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
            if (is->height < was.height) {
                replaced_.insert(was.network);
                add(true, format("network {} ends at height {}, it was {}", name, is->height, was.height));
            } else if (hash_at(was.network, was.height) != was.tip_hash) {
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
            for (const auto& [what, same] : {std::pair("blocks", is->blocks == was.blocks),
                                             std::pair("transactions", is->transactions == was.transactions)})
                if (!same)
                    add(true, format("network {} has {} up to height {} that are not as they were",
                                     printable(was.network), what, was.height));
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
            for (const std::string& column : was.columns)
                if (!has(is->columns, column))
                    add(true, format("table {} lost its column {}", name, printable(column)));
            for (const std::string& column : is->columns)
                if (!has(was.columns, column))
                    add(false, format("table {} has a new column {}", name, printable(column)));
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

    /// What blocks change is not compared once there are more of them. Validators have a comparison of their
    /// own, for what must not change.
    void contents(const TableFacts& was, const TableFacts& is) {
        if (!grown_.empty() || was.digest.empty() || is.digest.empty() || was.digest == is.digest) return;
        if (was.name == "validators" && before_.validators_digest != after_.validators_digest) return;
        if (was.name == evidence_table && has_other_evidence()) return;
        add(was.name == "unstake_requests",
            format("table {} holds something else than before, though there is no new block",
                   printable(was.name)));
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

    void validators() {
        if (before_.validators_digest == after_.validators_digest) return;
        if (before_.validators.empty() || after_.validators.empty())
            return add(before_.validators_count > after_.validators_count,
                       format("the validators are not as they were: {}, {} before", after_.validators_count,
                              before_.validators_count));
        std::map<std::pair<std::string, std::string>, const ValidatorFacts*> now;
        for (const ValidatorFacts& is : after_.validators) now[{is.network, is.address}] = &is;
        for (const ValidatorFacts& was : before_.validators) {
            const std::string name =
                format("validator {} of {}", printable(was.address), printable(was.network));
            const auto found = now.find({was.network, was.address});
            if (found == now.end()) {
                add(true, name + " is gone");
                continue;
            }
            const ValidatorFacts& is = *found->second;
            if (is.status != was.status || is.stake != was.stake)
                // Blocks change validators; nothing else should.
                add(!grown_.contains(was.network),
                    format("{} is {} with a stake of {}, it was {} with {}", name, printable(is.status),
                           is.stake, printable(was.status), was.stake));
            now.erase(found);
        }
        for (const auto& [key, is] : now)
            add(!grown_.contains(key.first),
                format("validator {} of {} is new", printable(key.second), printable(key.first)));
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
    static bool has(const std::vector<std::string>& columns, const std::string& column) {
        return std::ranges::find(columns, column) != columns.end();
    }

    const DatabaseFacts& before_;
    const DatabaseFacts& after_;
    std::set<std::string> grown_;
    std::set<std::string> replaced_;  ///< networks whose history is known to be another one
};

}  // namespace

std::vector<FactDifference> compare_facts(
    const DatabaseFacts& before, const DatabaseFacts& after,
    const std::function<std::optional<std::string>(std::string_view, std::int64_t)>& hash_at) {
    Comparison comparison(before, after);
    comparison.networks(hash_at);
    comparison.history();
    comparison.tables();
    comparison.paid();
    comparison.validators();
    comparison.schema_objects();
    std::ranges::stable_sort(comparison.differences, std::greater<>(), [](const FactDifference& one) {
        return std::pair(one.serious, one.is_trigger);
    });
    return std::move(comparison.differences);
}

}  // namespace bt2c::chaindb
