#pragma once
// The REST interface of a node, as the chain's other software knows it, and its metrics.

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "node/chain.hpp"
#include "node/http_server.hpp"
#include "node/peers.hpp"

namespace bt2c::node {

/// What the chain does not know of its node.
struct NodeFacts {
    std::string name, version, validator;  ///< validator: our address; empty without a key
    std::vector<PeerInfo> peers;
    bool synced = false;
    std::string abstained, abstained_detail;  ///< why no block is made now
    bool signing_locked = false;
    std::int64_t blocks_made = 0;
    std::map<std::string, std::int64_t> abstained_total;  ///< by reason: how often it became the reason
    std::int64_t blocks_accepted = 0;
};

class RestApi {
 public:
    struct Sources {
        Chain& chain;
        std::function<NodeFacts()> facts;
        /// Gives a transaction to the chain, and to the peers when it is accepted.
        std::function<Taken(const Transaction&)> submit;
        std::function<double()> now_s;
    };
    explicit RestApi(Sources sources) : sources_(std::move(sources)) {}
    HttpAnswer answer(const HttpRequest& request);

 private:
    HttpAnswer get(const std::string& path);
    HttpAnswer post_transaction(const std::string& body);
    base::Json status();
    base::Json block(const std::string& which);
    base::Json validators();
    base::Json validator(const std::string& address);
    base::Json peers();
    base::Json network_status();
    base::Json health();

    Sources sources_;
};

/// Prometheus' text format, version 0.0.4.
std::string metrics_text(const Chain& chain, const NodeFacts& facts);

}  // namespace bt2c::node
