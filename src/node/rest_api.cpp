#include "node/rest_api.hpp"

#include <algorithm>
#include <charconv>

#include "base/error.hpp"
#include "base/text.hpp"
#include "chain/economics.hpp"
#include "crypto/base64.hpp"

namespace bt2c::node {

using base::Error;
using base::ErrorKind;
using base::Json;

namespace {

HttpAnswer fault(unsigned status, const std::string& what) {
    return {status, Json::object({{"status", "error"}, {"error", what}}).dump()};
}

HttpAnswer not_allowed(const std::string& allow, const std::string& what) {
    HttpAnswer answer = fault(405, what);
    answer.allow = allow;
    return answer;
}

double coins(std::int64_t units) {
    return static_cast<double>(units) / static_cast<double>(chain::units_per_coin);
}

Json transaction_document(const Transaction& transaction) {
    return Json::object({{"hash", chain::hash_text(transaction.hash)},
                         {"sender", transaction.sender},
                         {"recipient", transaction.recipient},
                         {"amount", coins(transaction.units)},
                         {"timestamp", transaction.timestamp},
                         {"type", transaction.type}});
}

Json block_document(const Block& block) {
    Json transactions = Json::array();
    std::int64_t total = 0;
    for (const Transaction& transaction : block.transactions) {
        transactions.push(transaction_document(transaction));
        total += transaction.units;
    }
    const BlockHeader& header = block.header;
    return Json::object({{"hash", chain::hash_text(header.hash)},
                         {"index", header.height},
                         {"previous_hash", chain::hash_text(header.previous_hash)},
                         {"timestamp", header.timestamp},
                         {"transactions", std::move(transactions)},
                         {"validator", header.validator},
                         {"signature", crypto::to_base64(header.signature)},
                         {"difficulty", 1},
                         {"nonce", header.nonce},
                         {"size", to_json(block).size()},
                         {"transaction_count", block.transactions.size()},
                         {"total_amount", coins(total)}});
}

Json validator_document(const ValidatorInfo& validator) {
    const auto stored = [](const std::string& text) { return text.empty() ? Json() : Json(text); };
    return Json::object({{"address", validator.address},
                         {"stake", coins(validator.stake_units)},
                         {"status", validator.status},
                         {"joined_at", stored(validator.joined_at)},
                         {"last_block_time", stored(validator.last_block)},
                         {"total_blocks", validator.total_blocks}});
}

/// Thrown for what is not there; becomes an answer of status 404.
struct NotFound {
    std::string what;
};

}  // namespace

HttpAnswer RestApi::answer(const HttpRequest& request) {
    try {
        if (request.path == "/blockchain/transaction") {
            if (request.method != "POST") return not_allowed("POST", "transactions are posted");
            return post_transaction(request.body);
        }
        if (request.method != "GET") return not_allowed("GET, HEAD", "only GET and HEAD are known here");
        return get(request.path);
    } catch (const NotFound& missing) {
        return fault(404, missing.what);
    } catch (const Error& error) {
        // Monitors of this chain take an error with status 200 from here.
        if (request.path == "/blockchain/status") return fault(200, error.message());
        return fault(500, error.message());
    }
}

HttpAnswer RestApi::get(const std::string& path) {
    const auto after = [&](std::string_view prefix) {
        return path.starts_with(prefix) ? std::optional(path.substr(prefix.size())) : std::nullopt;
    };
    const auto document = [](const Json& json) { return HttpAnswer{200, json.dump()}; };
    if (path == "/blockchain/status") return document(status());
    if (path == "/blockchain/validators") return document(validators());
    if (path == "/network/peers") return document(peers());
    if (path == "/network/status") return document(network_status());
    if (path == "/health") return document(health());
    if (path == "/metrics")
        return {200, metrics_text(sources_.chain, sources_.facts()), "text/plain; version=0.0.4"};
    if (const auto which = after("/blockchain/blocks/")) return document(block(*which));
    if (const auto address = after("/blockchain/validator/")) return document(validator(*address));
    throw NotFound{"there is nothing at " + base::printable(path.substr(0, 100))};
}

HttpAnswer RestApi::post_transaction(const std::string& body) {
    Transaction transaction;
    try {
        transaction = parse_transaction(body);
    } catch (const Error& error) {
        return fault(400, base::format("{}: {}", error.message(), error.cause()));
    }
    const Taken taken = sources_.submit(transaction);
    if (taken.verdict != Verdict::accepted && taken.verdict != Verdict::known)
        return fault(taken.verdict == Verdict::paused ? 503 : 422, taken.reason);
    return {200, Json::object({{"status", taken.verdict == Verdict::known ? "known" : "accepted"},
                               {"hash", chain::hash_text(transaction.hash)}})
                     .dump()};
}

Json RestApi::status() {
    const Chain& chain = sources_.chain;
    const NodeFacts facts = sources_.facts();
    const ChainTip tip = chain.tip();
    const auto block = chain.block_of(tip.hash);
    return Json::object(
        {{"status", "online"},
         {"network", chain.options().network},
         {"height", tip.height},
         {"latest_block", Json::object({{"hash", chain::hash_text(tip.hash)},
                                        {"timestamp", tip.timestamp},
                                        {"transactions", block ? block->transactions.size() : 0}})},
         {"validators", chain.validators().size()},
         {"pending_transactions", chain.pending_count()},
         {"peers", facts.peers.size()},
         {"synced", facts.synced}});
}

Json RestApi::block(const std::string& which) {
    std::optional<Block> found;
    chain::Hash hash{};
    std::int64_t height = 0;
    const char* end = which.data() + which.size();
    if (chain::parse_hash(which, hash)) {
        found = sources_.chain.block_of(hash);
    } else {
        const auto [at, error] = std::from_chars(which.data(), end, height);
        if (error == std::errc() && at == end) found = sources_.chain.block_at(height);
    }
    if (!found) throw NotFound{"there is no such block"};
    return block_document(*found);
}

Json RestApi::validators() {
    const std::vector<ValidatorInfo> all = sources_.chain.validators();
    Json list = Json::array();
    std::int64_t stake = 0;
    for (const ValidatorInfo& validator : all) {
        list.push(validator_document(validator));
        stake += validator.stake_units;
    }
    return Json::object({{"validators", std::move(list)},
                         {"total_validators", all.size()},
                         {"total_stake", coins(stake)},
                         {"timestamp", sources_.now_s()}});
}

Json RestApi::validator(const std::string& address) {
    const auto found = sources_.chain.validator(address);
    if (!found) throw NotFound{"there is no such validator"};
    return validator_document(*found)
        .set("reputation", found->reputation)
        .set("balance", coins(sources_.chain.balance_units(address)))
        .set("last_nonce", sources_.chain.last_nonce(address))
        .set("next_nonce", sources_.chain.next_nonce(address));
}

Json RestApi::peers() {
    Json list = Json::array();
    const NodeFacts facts = sources_.facts();
    for (const PeerInfo& peer : facts.peers)
        list.push(Json::object({{"name", peer.name},
                                {"address", peer.address},
                                {"validator", peer.validator.empty() ? Json() : Json(peer.validator)},
                                {"height", peer.height},
                                {"paused", peer.paused},
                                {"twin", peer.twin}}));
    return Json::object({{"peers", std::move(list)}, {"total", facts.peers.size()}});
}

Json RestApi::network_status() {
    const Chain& chain = sources_.chain;
    const NodeFacts facts = sources_.facts();
    const ChainTip tip = chain.tip();
    const bool paused = chain.paused();
    return Json::object(
        {{"status", paused ? "PAUSED" : "ACTIVE"},
         {"network", chain.options().network},
         {"name", facts.name},
         {"version", facts.version},
         {"genesis_hash", chain::hash_text(chain.genesis())},
         {"height", tip.height},
         {"hash", chain::hash_text(tip.hash)},
         {"peers", facts.peers.size()},
         {"synced", facts.synced},
         {"paused", paused},
         {"pause_sequence", chain.pause_sequence()},
         {"validator", facts.validator.empty() ? Json() : Json(facts.validator)},
         {"signing_locked", facts.signing_locked},
         {"abstained", facts.abstained.empty() ? Json() : Json(facts.abstained)},
         {"abstained_detail", facts.abstained_detail.empty() ? Json() : Json(facts.abstained_detail)},
         {"active_stake", coins(chain.active_stake_units())},
         {"slashing_cases", chain.evidence_count()}});
}

Json RestApi::health() {
    const NodeFacts facts = sources_.facts();
    return Json::object({{"status", "ok"},
                         {"height", sources_.chain.tip().height},
                         {"synced", facts.synced},
                         {"paused", sources_.chain.paused()}});
}

}  // namespace bt2c::node
