#pragma once
// What the agent does on this node: it puts delivery (src/agent), obedience (src/network) and the chain
// database together.

#include <cstdint>
#include <optional>
#include <string>

#include "cli/context.hpp"
#include "network/control_plane.hpp"
#include "network/obey.hpp"

namespace bt2c::cli {

/// Called by the agent's thread; which of these may throw, and what follows then, stands at agent::Hooks.
class AgentHooks {
 public:
    /// Throws Error(usage) when neither --network nor the database says which network it is.
    explicit AgentHooks(Context& context);

    const std::string& network() const { return network_; }
    network::NodeRecord record() const;
    std::int64_t last_sequence();
    network::Acknowledgement obey(const network::PublishedOrder& order, bool catching_up);
    std::optional<network::Acknowledgement> settled(const network::Acknowledgement& acknowledgement);
    std::string report();
    /// Once a second: ends a pause whose time is over.
    void lapse();

 private:
    network::Obedient obedient() const;

    Context& context_;
    std::string network_;
};

}  // namespace bt2c::cli
