#pragma once
// Chains, keys and blocks for the tests of the node; time is what a test says it is.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "base/text.hpp"
#include "chain/economics.hpp"
#include "keys/derive_key.hpp"
#include "node/chain.hpp"
#include "node/signing.hpp"
#include "support/temporary_folder.hpp"
#include "verify/verify.hpp"

namespace bt2c::node {

using chaindb::sqlite::Connection;

inline constexpr double genesis_s = 1743811200.0;
inline constexpr double block_time_s = 10;
inline constexpr std::int64_t coin = chain::units_per_coin;

/// The same keys in each run, so that what a seed shows can be shown again. Made once in a process; making
/// one takes long.
inline const keys::Signer& signer(std::size_t index) {
    static std::deque<keys::Signer> made;
    while (made.size() <= index) {
        const std::string phrase = base::format("validator {} of the tests", made.size());
        made.push_back(
            keys::signer_of(keys::derive_key(keys::seed_of_phrase(base::as_bytes(phrase)).view()).key));
    }
    return made[index];
}
inline std::string address(std::size_t index) {
    return keys::address_of(signer(index).public_key);
}

inline std::string failures(const std::filesystem::path& database) {
    base::SilentProgress progress;
    const auto report = verify::verify_chain(
        {[=] { return Connection::open(database, Connection::Mode::read_write); }}, {}, progress);
    std::string text;
    for (const verify::CheckResult& result : report.checks)
        if (result.status == verify::CheckStatus::fail)
            for (const verify::Finding& finding : result.examples)
                text += std::string(verify::check_name(result.check)) + ": " + finding.table + " " +
                        finding.key + " " + finding.text + ", " + finding.expected + ", " + finding.found +
                        "\n";
    if (report.total.unproved_blocks != 0)
        text += std::to_string(report.total.unproved_blocks) + " unproved blocks\n";
    return text;
}

/// Every row of the tables that make up the chain's state, sorted. What was only seen of others' double
/// signing is no part of it.
inline std::string dump(const std::filesystem::path& database) {
    Connection connection = Connection::open(database, Connection::Mode::read_write);
    std::string text;
    for (const char* table :
         {"blocks", "transactions", "validators", "nonces", "key_rotations", "unstake_requests",
          "node_accounts", "node_blocks", "node_unstaking", "node_state"}) {
        if (!connection.has_table(table)) continue;
        std::string columns;
        auto info = connection.prepare("SELECT name FROM pragma_table_info(?1)");
        info.bind(1, std::string_view(table));
        while (info.next())
            columns += (columns.empty() ? "quote(" : " || ',' || quote(") + info.string(0) + ")";
        auto rows = connection.prepare("SELECT " + columns + " FROM " + table + " ORDER BY 1");
        while (rows.next()) text += std::string(table) + ": " + rows.string(0) + "\n";
    }
    return text;
}

inline Genesis genesis_of(std::size_t validators, double balance = 500) {
    Genesis genesis;
    genesis.network = "devnet";
    genesis.timestamp = genesis_s;
    for (std::size_t i = 0; i < validators; ++i) genesis.validators.push_back({address(i), 100, balance});
    return genesis;
}

/// The first lines that differ, or nothing.
inline std::string difference(const std::string& one, const std::string& other) {
    std::istringstream left(one), right(other);
    std::string a, b;
    for (;;) {
        const bool more_left = static_cast<bool>(std::getline(left, a));
        const bool more_right = static_cast<bool>(std::getline(right, b));
        if (!more_left && !more_right) return {};
        if (more_left != more_right || a != b) return a.substr(0, 300) + "\n" + b.substr(0, 300);
    }
}

/// One node's chain, and means to go on with it.
struct TestChain {
    explicit TestChain(std::size_t validators = 1, double balance = 500) {
        create_chain(path, genesis_of(validators, balance));
        open();
    }
    /// A copy of a chain that other software made.
    TestChain(const std::filesystem::path& made, const std::string& network) : name(network) {
        std::filesystem::copy_file(made, path);
        open();
    }
    void open() {
        chain.reset();
        chain.emplace(Chain::open(path, {name, block_time_s}));
    }
    Chain* operator->() { return &*chain; }

    static const keys::Signer& signer_for(const std::string& address_of) {
        for (std::size_t i = 0; i < 32; ++i)
            if (address(i) == address_of) return signer(i);
        throw std::logic_error("nobody has that key");
    }
    /// A sound signed block of that round.
    Block block(std::int64_t round = 0) {
        const std::string maker = chain->proposers().at(static_cast<std::size_t>(round));
        Block made = chain->build(maker, round, chain->earliest_s(round));
        sign_header(made.header, chain->genesis(), signer_for(maker));
        return made;
    }
    /// The block with its hashes and signature made to fit again.
    Block resealed(Block made) const {
        made.header.merkle_root = merkle_root_of(made.transactions);
        made.header.hash = made.header.own_hash();
        sign_header(made.header, chain->genesis(), signer_for(made.header.validator));
        return made;
    }
    Taken accept(const Block& made) { return chain->accept(made, made.header.timestamp); }
    Block grow(std::int64_t round = 0) {
        const Block made = block(round);
        const Taken taken = accept(made);
        EXPECT_EQ(taken.verdict, Verdict::accepted) << taken.reason;
        return made;
    }
    double now() const { return chain->tip().timestamp; }

    Transaction transaction(std::size_t from, std::string type, std::int64_t units,
                            std::string recipient = {}, std::string payload = {}) const {
        Transaction made;
        made.type = std::move(type);
        made.recipient = std::move(recipient);
        made.units = units;
        made.timestamp = std::floor(now());
        made.nonce = chain->last_nonce(address(from)) + 1;
        made.payload = std::move(payload);
        sign_transaction(made, chain->options().network, chain->genesis(), signer(from));
        return made;
    }
    Taken add(const Transaction& made) { return chain->add_transaction(made, now()); }

    support::TemporaryFolder folder;
    std::filesystem::path path = folder / "chain.db";
    std::string name = "devnet";
    std::optional<Chain> chain;
};

}  // namespace bt2c::node
