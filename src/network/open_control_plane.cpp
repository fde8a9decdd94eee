#include "network/open_control_plane.hpp"

#include "network/etcd_store.hpp"
#include "network/local_store.hpp"

namespace bt2c::network {

std::unique_ptr<ControlPlane> open_control_plane(const config::NetworkSettings& settings) {
    std::unique_ptr<PlaneStore> store;
    if (settings.control_plane == "local")
        store = std::make_unique<LocalStore>(settings.local_folder);
    else if (settings.control_plane == "etcd")
        store = std::make_unique<EtcdStore>(EtcdAccess{
            .endpoints = settings.etcd_endpoints,
            .tls = {settings.etcd_ca, settings.etcd_certificate, settings.etcd_key},
            .user = settings.etcd_user,
            .password_file = settings.etcd_password_file,
        });
    else
        return nullptr;
    return std::make_unique<ControlPlane>(std::move(store));
}

}  // namespace bt2c::network
