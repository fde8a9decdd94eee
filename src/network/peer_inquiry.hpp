#pragma once
// Asks nodes of the network, through their REST interfaces, how the chain stands and whether a key is in use.

#include <string>

#include "network/unlock.hpp"
#include "platform/http.hpp"

namespace bt2c::network {

struct PeerQuestion {
    std::string network;
    std::int64_t height = 0;  ///< of our tip
    std::string address;      ///< our validator's
};

/// Asks one node. What it does not know, or what cannot be read of its answer, stays open; a node that cannot
/// be asked, or is of another network, is an answer with an error.
/// @param url of its REST interface, "http://host:8335"
PeerAnswer ask_peer(platform::HttpClient& client, const std::string& url, const PeerQuestion& question);

}  // namespace bt2c::network
