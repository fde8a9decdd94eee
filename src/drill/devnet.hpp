#pragma once
// A network of real processes on this machine, in one folder: FOLDER/node-1, FOLDER/node-2, … are whole
// homes, FOLDER/devnet.json is what this says.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/progress.hpp"
#include "config/home.hpp"
#include "drill/processes.hpp"
#include "platform/file.hpp"

namespace bt2c::drill {

inline constexpr std::size_t validators_max = 32;
inline constexpr std::int64_t block_time_max_s = 3600;

/// What a new network is to be.
struct DevnetPlan {
    std::size_t validators = 4;
    std::int64_t block_time_s = 2;
    bool agents = false;  ///< each node has one, and waits for it before it makes blocks
    /// Where orders come from: "local" (a folder in the network's), "none", or "etcd".
    std::string control_plane = "none";
    std::vector<std::string> etcd_endpoints = {};
    /// Of block 0, whole Unix seconds; 0: so that the first block is due at once.
    std::int64_t genesis_time_s = 0;
};

struct DevnetNode {
    std::string name, validator;  ///< "node-1", its address
    std::uint16_t peer_port = 0, rest_port = 0;
    /// As it was last started; it may have ended since.
    std::optional<ProcessMark> node, agent;

    std::string rest_url() const;
};

struct Devnet {
    std::filesystem::path folder;  ///< absolute
    std::string network;
    std::int64_t block_time_s = 0;
    bool agents = false;
    std::vector<DevnetNode> nodes;

    config::Home home_of(const DevnetNode& node) const { return {folder / node.name}; }
    std::filesystem::path file() const { return folder / "devnet.json"; }
    /// With an end of line.
    std::string text() const;
    /// Durably.
    void write() const;
};

/// Throws Error(failed) for what is none.
Devnet parse_devnet(std::string_view text, const std::filesystem::path& folder);
/// Nothing when the folder is not there, or empty. Throws Error(failed) when it holds something else.
std::optional<Devnet> find_devnet(const std::filesystem::path& folder);
/// Throws Error(failed) when there is none.
Devnet read_devnet(const std::filesystem::path& folder);

/// While it lives, no other command changes this network. Throws Error(busy) when one does.
class DevnetLock {
 public:
    explicit DevnetLock(const std::filesystem::path& folder);

 private:
    platform::Descriptor lock_;
};

/// Makes the homes in a folder that is empty; starts nothing. Where the network cannot be made, the folder is
/// removed.
/// Throws Error(usage) for a plan that cannot be.
Devnet make_devnet(const std::filesystem::path& folder, const DevnetPlan& plan, base::Progress& progress);

}  // namespace bt2c::drill
