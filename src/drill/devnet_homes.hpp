#pragma once
// What the homes of a network's nodes say; for make_devnet() and its tests.

#include <string>

#include "drill/devnet.hpp"

namespace bt2c::drill {

/// HOME/config/node.toml of that node.
std::string node_settings(const Devnet& devnet, const DevnetNode& node);
/// HOME/config/dr.toml of that node.
std::string dr_settings(const Devnet& devnet, const DevnetNode& node, const DevnetPlan& plan);

/// A policy by which one member, operator, may do all.
std::string policy_text(const std::string& network, base::ByteView public_key);
/// The password of that member's key.
std::filesystem::path operator_password_file(const Devnet& devnet);

/// Ports of loopback that nobody uses at this moment, below those that the kernel gives out by itself: a
/// stopped node finds its own free again.
/// Throws Error(failed) when there are not enough.
std::vector<std::uint16_t> free_ports(std::size_t count);

}  // namespace bt2c::drill
