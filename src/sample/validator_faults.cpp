#include "base/text.hpp"
#include "sample/block_maker.hpp"
#include "sample/chain_edit.hpp"
#include "sample/fault_recipe.hpp"
#include "sample/random.hpp"

namespace bt2c::sample {

using chaindb::sqlite::Connection;

namespace {

/// Sets columns of one validator: of the first with `status`, or of the last when there is none.
void set(Connection& connection, const char* status, const char* assignments) {
    change(connection, base::format("UPDATE validators SET {} WHERE rowid = (SELECT rowid FROM validators "
                                    "ORDER BY status = '{}' DESC, rowid DESC LIMIT 1)",
                                    assignments, status));
}

void request_unstake(Connection& connection, const std::string& address, const std::string& network,
                     const char* status) {
    change(connection,
           "INSERT INTO unstake_requests (validator_address, amount, requested_at, status, network_type, "
           "queue_position) VALUES (?1, 1.0, ?2, ?3, ?4, 2)",
           address, timestamp_text(genesis_unix_s + 86400, ' '), std::string(status), network);
}

void queue_active(Connection& connection, const char* status) {
    const Block newest = newest_block(connection);
    request_unstake(connection, reward_of(newest).recipient, newest.network, status);
}

}  // namespace

std::vector<Recipe> validator_faults() {
    return {
        {{"negative-stake", "invalid_validators", "a validator's stake is negative", {}},
         [](Connection& c) { set(c, "JAILED", "stake = -5.0"); }},
        {{"missing-stake", "invalid_validators", "a validator has no stake", {}},
         [](Connection& c) {
             drop_constraints(c, "validators");
             set(c, "JAILED", "stake = NULL");
         }},
        {{"text-stake", "invalid_validators", "a validator's stake is no number", {}},
         [](Connection& c) { set(c, "JAILED", "stake = 'plenty'"); }},
        {{"low-stake-active",
          "invalid_validators",
          "an ACTIVE validator has less than the minimum stake",
          {}},
         [](Connection& c) { set(c, "ACTIVE", "stake = 0.5"); }},
        {{"unknown-status", "invalid_validators", "a validator's status is not one of the five", {}},
         [](Connection& c) { set(c, "JAILED", "status = 'BANISHED'"); }},
        {{"tombstoned-active", "invalid_validators", "a tombstoned validator is active", {}},
         [](Connection& c) { set(c, "TOMBSTONED", "status = 'TOMBSTONED', is_active = 1"); }},
        {{"unstaking-active", "invalid_validators", "a validator in the exit queue is flagged active", {}},
         [](Connection& c) { set(c, "UNSTAKING", "status = 'UNSTAKING', is_active = 1"); }},
        {{"active-in-exit-queue",
          "invalid_validators",
          "an ACTIVE validator's request to leave is pending",
          {}},
         [](Connection& c) { queue_active(c, "pending"); }},
        {{"active-in-exit-queue-processing",
          "invalid_validators",
          "an ACTIVE validator's request to leave is being processed",
          {}},
         [](Connection& c) { queue_active(c, "processing"); }},
        {{"active-with-exit-position",
          "invalid_validators",
          "an ACTIVE validator's row has a place in the queue",
          {}},
         [](Connection& c) {
             set(c, "ACTIVE",
                 "unstake_requested_at = '2025-04-06 00:00:00.000000', unstake_amount = 1.0, "
                 "unstake_position = 2");
         }},
        {{"unstake-request-for-nobody", "invalid_validators", "a request to leave names no validator", {}},
         [](Connection& c) { request_unstake(c, Random(7).address(), newest_block(c).network, "pending"); }},
    };
}

}  // namespace bt2c::sample
