#include "chaindb/chain_schema.hpp"

namespace bt2c::chaindb {

namespace {

// One line for each statement: SQLite keeps the text, and a sample must have the nodes' own.
constexpr std::string_view orm_sql =
    "CREATE TABLE blocks (hash VARCHAR(64) NOT NULL, previous_hash VARCHAR(64), timestamp FLOAT, "
    "nonce INTEGER, difficulty INTEGER, merkle_root VARCHAR(64), height INTEGER, "
    "network_type VARCHAR NOT NULL, PRIMARY KEY (hash), UNIQUE (height));"
    "CREATE TABLE transactions (hash VARCHAR(64) NOT NULL, sender VARCHAR(40), recipient VARCHAR(40), "
    "amount FLOAT, timestamp DATETIME, signature VARCHAR, nonce INTEGER, block_hash VARCHAR(64), "
    "type VARCHAR(20), payload JSON, network_type VARCHAR NOT NULL, is_pending BOOLEAN, "
    "PRIMARY KEY (hash), FOREIGN KEY(block_hash) REFERENCES blocks (hash));"
    "CREATE TABLE validators (address VARCHAR(40) NOT NULL, stake FLOAT NOT NULL, last_validation FLOAT, "
    "reputation FLOAT, is_active BOOLEAN, joined_at DATETIME NOT NULL, last_block DATETIME, "
    "total_blocks INTEGER, commission_rate FLOAT, network_type VARCHAR NOT NULL, status VARCHAR(10), "
    "uptime FLOAT, response_time FLOAT, validation_accuracy FLOAT, unstake_requested_at DATETIME, "
    "unstake_amount FLOAT, unstake_position INTEGER, rewards_earned FLOAT, "
    "participation_duration INTEGER, throughput INTEGER, PRIMARY KEY (address));"
    "CREATE TABLE unstake_requests (id INTEGER NOT NULL, validator_address VARCHAR(40) NOT NULL, "
    "amount FLOAT NOT NULL, requested_at DATETIME NOT NULL, processed_at DATETIME, status VARCHAR(20), "
    "network_type VARCHAR NOT NULL, queue_position INTEGER, PRIMARY KEY (id), "
    "FOREIGN KEY(validator_address) REFERENCES validators (address));";

constexpr std::string_view fresh_sql =
    "CREATE TABLE blocks (hash VARCHAR(64) NOT NULL, previous_hash VARCHAR(64), timestamp FLOAT, "
    "nonce INTEGER, difficulty INTEGER, merkle_root VARCHAR(64), height INTEGER, "
    "network_type VARCHAR NOT NULL, PRIMARY KEY (hash), UNIQUE (height, network_type));"
    "CREATE TABLE transactions (hash VARCHAR(64) NOT NULL, sender VARCHAR(40), recipient VARCHAR(40), "
    "amount FLOAT, timestamp DATETIME, signature VARCHAR, nonce INTEGER, block_hash VARCHAR(64), "
    "type VARCHAR(20), payload JSON, network_type VARCHAR NOT NULL, is_pending BOOLEAN, "
    "PRIMARY KEY (hash), FOREIGN KEY(block_hash) REFERENCES blocks (hash));"
    "CREATE TABLE validators (address VARCHAR(40) NOT NULL, stake FLOAT NOT NULL, last_validation FLOAT, "
    "reputation FLOAT, is_active BOOLEAN, joined_at DATETIME NOT NULL, last_block DATETIME, "
    "total_blocks INTEGER, commission_rate FLOAT, network_type VARCHAR NOT NULL, "
    "status VARCHAR DEFAULT 'ACTIVE', uptime FLOAT DEFAULT 100.0, response_time FLOAT DEFAULT 0.0, "
    "validation_accuracy FLOAT DEFAULT 100.0, unstake_requested_at TIMESTAMP, unstake_amount FLOAT, "
    "unstake_position INTEGER, rewards_earned FLOAT DEFAULT 0.0, "
    "participation_duration INTEGER DEFAULT 0, throughput INTEGER DEFAULT 0, "
    "PRIMARY KEY (address, network_type));"
    "CREATE TABLE unstake_requests (id INTEGER NOT NULL, validator_address VARCHAR(40) NOT NULL, "
    "amount FLOAT NOT NULL, requested_at DATETIME NOT NULL, processed_at DATETIME, status VARCHAR(20), "
    "network_type VARCHAR NOT NULL, queue_position INTEGER, PRIMARY KEY (id), "
    "FOREIGN KEY(validator_address) REFERENCES validators (address));"
    "CREATE TABLE nonces (nonce TEXT PRIMARY KEY, sender TEXT NOT NULL, timestamp REAL NOT NULL, "
    "network_type TEXT NOT NULL);"
    "CREATE INDEX idx_nonces_sender ON nonces (sender);"
    "CREATE INDEX idx_nonces_timestamp ON nonces (timestamp);"
    "CREATE TABLE slashing_evidence (id INTEGER PRIMARY KEY AUTOINCREMENT, "
    "validator_address TEXT NOT NULL, evidence_type TEXT NOT NULL, block_hash1 TEXT, block_hash2 TEXT, "
    "height INTEGER, timestamp REAL NOT NULL, network_type TEXT NOT NULL, "
    "processed INTEGER NOT NULL DEFAULT 0);";

}  // namespace

std::string_view schema_sql(Layout layout) {
    return layout == Layout::orm ? orm_sql : fresh_sql;
}

}  // namespace bt2c::chaindb
