#include "verify/validator_check.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "base/text.hpp"
#include "chain/canonical_json.hpp"
#include "chain/economics.hpp"
#include "chain/validator_status.hpp"
#include "verify/cells.hpp"

namespace bt2c::verify {

using base::format;
using chain::ValidatorStatus;
using chaindb::sqlite::Connection;

namespace {

/// Stands for (network, address): half a SHA-256, so that nobody can make two meet.
using Name = std::array<std::uint8_t, 16>;

Name name_of(NetworkId network, std::string_view address) {
    std::string text = format("{} ", network);
    text += address;
    const chain::Hash hash = crypto::sha256(base::as_bytes(text));
    Name name;
    std::copy_n(hash.begin(), name.size(), name.begin());
    return name;
}

/// A sorted list in place of a set: 16 bytes an entry.
class Names {
 public:
    void add(const Name& name) { names_.push_back(name); }
    void sort() { std::sort(names_.begin(), names_.end()); }
    bool contains(const Name& name) const { return std::binary_search(names_.begin(), names_.end(), name); }
    /// After sort(): those that are there more than once.
    Names repeated() const {
        Names found;
        for (std::size_t i = 1; i < names_.size(); ++i)
            if (names_[i] == names_[i - 1]) found.add(names_[i]);
        return found;
    }
    bool empty() const { return names_.empty(); }

 private:
    std::vector<Name> names_;
};

enum ValidatorColumn {
    address = 1,
    network_type,
    stake,
    status,
    is_active,
    joined_at,
    requested_at,
    position,
    leaving_amount,
    rewards,
    blocks_made
};
enum RequestColumn { request_id = 1, request_address, request_network, request_status, request_amount };

/// Whether a number says more than all coins, or less than none. What is no number is passed over.
bool is_beyond_coins(const Row& row, std::size_t column) {
    if (row.type(column) == ValueType::integer)
        return row.integer(column) < 0 || static_cast<double>(row.integer(column)) > chain::max_supply;
    return row.type(column) == ValueType::real &&
           !(row.real(column) >= 0 && row.real(column) <= chain::max_supply);
}

std::string bounds_of(const char* column) {
    return format("{}: a number from 0 to {}", column, chain::float_text(chain::max_supply));
}

/// The columns that the table has, NULL for the others.
std::vector<std::string> columns_there(Connection& connection, const char* table,
                                       std::initializer_list<const char*> names) {
    std::vector<std::string> columns;
    for (const char* name : names) columns.emplace_back(connection.has_column(table, name) ? name : "NULL");
    return columns;
}

class ValidatorCheck {
 public:
    explicit ValidatorCheck(Context& context)
        : context_(context),
          connection_(context.source.open()),
          names_(context.networks),
          book_(context.options.examples_max) {}

    KnownValidators run() {
        const std::vector<std::string> columns = columns_there(
            connection_, "validators",
            {"address", "network_type", "stake", "status", "is_active", "joined_at", "unstake_requested_at",
             "unstake_position", "unstake_amount", "rewards_earned", "total_blocks"});
        has_status_ = connection_.has_column("validators", "status");
        has_joined_at_ = connection_.has_column("validators", "joined_at");
        const bool has_requests =
            connection_.try_prepare("SELECT _rowid_ FROM unstake_requests NOT INDEXED").has_value();
        each("validators", columns, [&](const Row& row, std::int64_t) { remember(row); });
        validators_.sort();
        repeated_ = validators_.repeated();
        if (has_requests) {
            each("unstake_requests",
                 columns_there(connection_, "unstake_requests",
                               {"id", "validator_address", "network_type", "status", "amount"}),
                 [&](const Row& row, std::int64_t rowid) { judge_request(row, rowid); });
            open_.sort();
            closed_.sort();
        }
        each("validators", columns, [&](const Row& row, std::int64_t rowid) { judge(row, rowid); });
        judge_sums();
        context_.merge(std::move(book_));
        return std::move(known_);
    }

 private:
    template <typename OnRow>
    void each(const char* table, const std::vector<std::string>& columns, OnRow&& on_row) {
        RowReader reader(connection_, table, columns);
        for (bool more = reader.seek(std::numeric_limits<std::int64_t>::min()); more; more = reader.next())
            on_row(reader.row(), reader.rowid());
        if (noted_.insert(table).second) context_.note_damage(table, reader);
    }

    NetworkId network_of(const Row& row, std::size_t column) {
        return row.type(column) == ValueType::text ? names_.id(row.text(column)) : no_network;
    }

    void remember(const Row& row) {
        const NetworkId network = network_of(row, network_type);
        validators_.add(name_of(network, row.text(address)));
        static constexpr std::size_t known_max = 256;
        if (network == no_network) return;
        ++context_.networks[network].validators;
        std::vector<std::string>& known = known_[network];
        if (known.size() < known_max && row.type(address) == ValueType::text)
            known.push_back(row.string(address));
    }

    template <typename Fill>
    void report(const Row& row, std::int64_t rowid, Fill&& fill) {
        book_.add(Check::invalid_validators, {0, rowid}, [&] {
            Finding finding;
            finding.table = "validators";
            finding.key = row.is_null(address) ? format("rowid {}", rowid) : describe_cell(row, address);
            finding.network = context_.networks.name(network_of(row, network_type));
            fill(finding);
            return finding;
        });
    }
    void report(const Row& row, std::int64_t rowid, std::string expected, std::string found,
                const char* text) {
        report(row, rowid, [&](Finding& finding) {
            finding.expected = std::move(expected);
            finding.found = std::move(found);
            finding.text = text;
        });
    }

    void judge(const Row& row, std::int64_t rowid) {
        const NetworkId network = network_of(row, network_type);
        if (row.type(network_type) == ValueType::text && network == no_network) return;
        const auto cell = [&](std::size_t column) { return describe_cell(row, column); };
        const Name name = name_of(network, row.text(address));
        if (row.type(address) != ValueType::text || row.text(address).empty())
            report(row, rowid, "address: a text", cell(address), "the validator has no address");
        if (row.type(network_type) != ValueType::text)
            report(row, rowid, "network_type: the name of a network", cell(network_type),
                   "the validator belongs to no network");
        if (has_joined_at_ && row.is_null(joined_at))
            report(row, rowid, "joined_at: a time", "NULL", "the validator's time of joining is missing");
        if (!repeated_.empty() && repeated_.contains(name))
            report(row, rowid, "one row for each address of a network", "several rows",
                   "the validator is there twice");

        const auto state = row.type(status) == ValueType::text
                               ? chain::parse_validator_status(row.text(status))
                               : std::nullopt;
        if (has_status_ && !state)
            report(row, rowid, "status: ACTIVE, INACTIVE, JAILED, TOMBSTONED or UNSTAKING", cell(status),
                   "the validator's status is unknown");
        judge_stake(row, rowid, state);
        judge_counts(row, rowid);
        if (!is_boolean(row, is_active))
            report(row, rowid, "is_active: 0 or 1", cell(is_active),
                   "the validator's activity is no yes or no");
        if (state == ValidatorStatus::tombstoned && read_flag(row, is_active))
            report(row, rowid, "is_active: 0, since the status is TOMBSTONED", cell(is_active),
                   "a tombstoned validator is active");
        if (state == ValidatorStatus::unstaking && read_flag(row, is_active))
            report(row, rowid, "is_active: 0, since the status is UNSTAKING", cell(is_active),
                   "an active validator is in the exit queue");
        else if (state == ValidatorStatus::active || read_flag(row, is_active))
            judge_exit_queue(row, rowid, name);
    }

    void judge_stake(const Row& row, std::int64_t rowid, std::optional<ValidatorStatus> state) {
        const auto value = read_number(row, stake);
        if (!value)
            report(row, rowid, "stake: a number from 0 on", describe_cell(row, stake),
                   "the validator's stake is missing or no number");
        else if (*value < 0)
            report(row, rowid, "stake: a number from 0 on", describe_cell(row, stake),
                   "the validator's stake is negative");
        else if (*value > chain::max_supply)
            report(row, rowid, bounds_of("stake"), describe_cell(row, stake),
                   "the validator's stake is more than all coins there may ever be");
        else if (*value < chain::min_stake && state == ValidatorStatus::active)
            report(row, rowid, "stake: at least 1.0 while ACTIVE", describe_cell(row, stake),
                   "an active validator's stake is below the minimum");
        // One that is impossible by itself was told, and would make the sum so.
        if (const NetworkId network = network_of(row, network_type);
            network != no_network && value && *value >= 0 && *value <= chain::max_supply)
            stakes_[network] += *value;
    }

    void judge_counts(const Row& row, std::int64_t rowid) {
        if (is_beyond_coins(row, leaving_amount))
            report(row, rowid, bounds_of("unstake_amount"), describe_cell(row, leaving_amount),
                   "the amount that the validator takes out is impossible");
        if (is_beyond_coins(row, rewards))
            report(row, rowid, bounds_of("rewards_earned"), describe_cell(row, rewards),
                   "the validator's rewards are impossible");
        if (read_number(row, blocks_made).value_or(0) < 0)
            report(row, rowid, "total_blocks: a number from 0 on", describe_cell(row, blocks_made),
                   "the validator's count of blocks is negative");
    }

    /// What is staked was paid before. Each stake is rounded as it is stored, so that the sum may be off by
    /// little.
    void judge_sums() {
        static constexpr double rounding = 0.01;
        for (const auto& [network, sum] : stakes_) {
            if (sum <= chain::max_supply + rounding) continue;
            book_.add(Check::invalid_validators, {}, [&] {
                return Finding{"validators",
                               "",
                               context_.networks.name(network),
                               std::nullopt,
                               format("at most {} staked in all", chain::float_text(chain::max_supply)),
                               chain::float_text(sum),
                               "more coins are staked than there may ever be"};
            });
        }
    }

    void judge_exit_queue(const Row& row, std::int64_t rowid, const Name& name) {
        const char* const text = "an active validator is in the exit queue";
        // A request that was finished or taken back may leave its time behind.
        const bool left_behind = closed_.contains(name) && row.is_null(position);
        if (open_.contains(name))
            report(row, rowid, "no open unstake request while active", "one in unstake_requests", text);
        else if (!row.is_null(position))
            report(row, rowid, "unstake_position: NULL while active", describe_cell(row, position), text);
        else if (!row.is_null(requested_at) && !left_behind)
            report(row, rowid, "unstake_requested_at: NULL while active", describe_cell(row, requested_at),
                   text);
    }

    void judge_request(const Row& row, std::int64_t rowid) {
        const NetworkId network = network_of(row, request_network);
        if (row.type(request_network) == ValueType::text && network == no_network) return;
        const Name name = name_of(network, row.text(request_address));
        (chain::is_open_unstake_request(row.text(request_status)) ? open_ : closed_).add(name);
        const auto report_request = [&](const std::string& expected, const std::string& found,
                                        const char* text) {
            book_.add(Check::invalid_validators, {1, rowid}, [&] {
                Finding finding;
                finding.table = "unstake_requests";
                finding.key =
                    row.is_null(request_id) ? format("rowid {}", rowid) : describe_cell(row, request_id);
                finding.network = context_.networks.name(network);
                finding.expected = expected;
                finding.found = found;
                finding.text = text;
                return finding;
            });
        };
        if (is_beyond_coins(row, request_amount))
            report_request(bounds_of("amount"), describe_cell(row, request_amount),
                           "the amount of an unstake request is impossible");
        if (!validators_.contains(name))
            report_request(format("a validator {}", describe_cell(row, request_address)),
                           "no such validator on this network", "an unstake request is for nobody");
    }

    Context& context_;
    Connection connection_;
    NetworkNames names_;
    FindingBook book_;
    KnownValidators known_;
    Names validators_, repeated_, open_, closed_;
    std::map<NetworkId, double> stakes_;  ///< the sum of each network's
    std::set<std::string> noted_;
    bool has_status_ = false;
    bool has_joined_at_ = false;
};

}  // namespace

KnownValidators check_validators(Context& context) {
    return ValidatorCheck(context).run();
}

}  // namespace bt2c::verify
