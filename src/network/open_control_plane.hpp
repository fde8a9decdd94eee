#pragma once
// The control plane that the settings name.

#include <memory>

#include "config/settings.hpp"
#include "network/control_plane.hpp"

namespace bt2c::network {

/// nullptr where there is none (`control_plane = "none"`). Connects to nothing yet.
std::unique_ptr<ControlPlane> open_control_plane(const config::NetworkSettings& settings);

}  // namespace bt2c::network
