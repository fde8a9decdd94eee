#include "network/peer_inquiry.hpp"

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "chain/timestamp.hpp"

namespace bt2c::network {

using base::Error;
using base::ErrorKind;
using base::Json;

namespace {

constexpr int timeout_ms = 5000;
constexpr int status_ok = 200;

/// A document of that node; nothing where it has none, or none that can be read.
std::optional<Json> get(platform::HttpClient& client, const std::string& url) {
    const platform::HttpResponse response = client.send({.url = url, .timeout_ms = timeout_ms});
    if (response.status != status_ok) return std::nullopt;
    try {
        return Json::parse(response.body);
    } catch (const Error&) {
        return std::nullopt;
    }
}

std::string text_at(const Json& document, const char* key) {
    const Json* value = document.find(key);
    return value && value->is_string() ? value->string() : "";
}

std::optional<double> seconds_at(const Json& document, const char* key) {
    const Json* value = document.find(key);
    if (!value) return std::nullopt;
    if (value->is_string()) return chain::parse_timestamp(value->string());
    try {
        return document.number_at(key);
    } catch (const Error&) {
        return std::nullopt;
    }
}

bool lists_validator(const Json& document, const std::string& address) {
    const Json* peers = document.find("peers");
    if (!peers || !peers->is_array()) return false;
    for (const Json& peer : peers->elements())
        if (text_at(peer, "validator") == address) return true;
    return false;
}

void fill_in(platform::HttpClient& client, const std::string& url, const PeerQuestion& question,
             PeerAnswer& answer) {
    const auto status = get(client, url + "/blockchain/status");
    if (!status || text_at(*status, "status") != "online") {
        answer.error = "it is no node that works";
        return;
    }
    if (text_at(*status, "network") != question.network) {
        answer.error =
            base::format("it is a node of network '{}'", base::printable(text_at(*status, "network")));
        return;
    }
    answer.height = status->integer_at("height");
    if (const auto block = get(client, base::format("{}/blockchain/blocks/{}", url, question.height)))
        answer.hash_at_our_height = text_at(*block, "hash");
    if (const auto validator = get(client, base::format("{}/blockchain/validator/{}", url, question.address)))
        answer.last_block_at = seconds_at(*validator, "last_block_time");
    if (const auto peers = get(client, url + "/network/peers"))
        answer.has_our_validator = lists_validator(*peers, question.address);
}

}  // namespace

PeerAnswer ask_peer(platform::HttpClient& client, const std::string& url, const PeerQuestion& question) {
    PeerAnswer answer;
    answer.name = base::printable(url);
    try {
        fill_in(client, url, question, answer);
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::interrupted) throw;
        answer.error = error.cause().empty() ? error.message() : error.cause();
    }
    return answer;
}

}  // namespace bt2c::network
