#pragma once
// What the faults do to a chain, in steps.

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "chaindb/sqlite/connection.hpp"
#include "sample/block.hpp"

namespace bt2c::sample {

/// The newest block of the highest chain, with its transactions.
Block newest_block(chaindb::sqlite::Connection& connection);
/// A block of that chain, well inside it, near enough to the tip to be of the scheduled scheme.
Block inner_block(chaindb::sqlite::Connection& connection);
/// The hash of the block of `network` at `height`; throws Error when there is none.
std::string hash_at(chaindb::sqlite::Connection& connection, const std::string& network, std::int64_t height);

const Transaction& reward_of(const Block& block);
/// The `index`th that is no reward; throws Error when there are too few.
const Transaction& transfer_of(const Block& block, std::size_t index);

/// Takes the newest block out, lets `change` alter it, and puts it back with sound hashes, so that
/// only the alteration is wrong.
void remake_newest_block(chaindb::sqlite::Connection& connection, const std::function<void(Block&)>& change);
/// Hashes the rewards of `block` anew, for its present height.
void redo_rewards(Block& block);

/// Makes the table anew without keys, uniqueness and NOT NULL, the rows as they were.
void drop_constraints(chaindb::sqlite::Connection& connection, std::string_view table);
/// The same text with another last digit.
std::string other_digit(std::string hex);

/// Runs a bound statement; throws Error when it changes no row.
void run_change(chaindb::sqlite::Connection& connection, chaindb::sqlite::Statement statement);
template <typename... Values>
void change(chaindb::sqlite::Connection& connection, std::string_view sql, const Values&... values) {
    chaindb::sqlite::Statement statement = connection.prepare(sql);
    int parameter = 0;
    (statement.bind(++parameter, values), ...);
    run_change(connection, std::move(statement));
}

}  // namespace bt2c::sample
