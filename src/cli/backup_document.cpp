#include "cli/backup_document.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace bt2c::cli {

using base::Json;
using repository::Manifest;
using repository::NetworkState;

void set_chain_fields(Json& document, const std::vector<NetworkState>& networks) {
    const bool one = networks.size() == 1;
    document.set("network", one ? Json(networks[0].network) : Json());
    document.set("height", one ? Json(networks[0].height) : Json());
    document.set("tip_hash", one ? Json(networks[0].tip_hash) : Json());
    Json list = Json::array();
    for (const NetworkState& state : networks)
        list.push(Json::object(
            {{"network", state.network}, {"height", state.height}, {"tip_hash", state.tip_hash}}));
    document.set("networks", std::move(list));
}

Json backup_document(const Manifest& manifest) {
    Json document = Json::object({{"id", manifest.id.hex()},
                                  {"type", repository::type_name(manifest.type)},
                                  {"parent", manifest.parent ? Json(manifest.parent->hex()) : Json()}});
    set_chain_fields(document, manifest.networks);
    document.set("database_bytes", manifest.image ? manifest.image->bytes() : 0);
    document.set("stored_bytes", manifest.stored_bytes);
    return document;
}

std::string chain_text(const std::vector<NetworkState>& networks, std::string_view before_height) {
    std::string text;
    for (const NetworkState& state : networks) {
        if (!text.empty()) text += ", ";
        text += base::format(
            "{}{}{}", base::printable(state.network), before_height,
            base::human_count(static_cast<std::uint64_t>(std::max<std::int64_t>(0, state.height))));
    }
    return text.empty() ? "no chain" : text;
}

}  // namespace bt2c::cli
