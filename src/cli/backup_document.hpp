#pragma once
// How a backup is told: the fields of JSON results, and phrases for people.

#include <string>

#include "base/json.hpp"
#include "cli/output.hpp"
#include "repository/manifest.hpp"

namespace bt2c::cli {

/// id, type, parent, network, height, tip_hash (null where there are several networks, or none),
/// networks, database_bytes, stored_bytes.
base::Json backup_document(const repository::Manifest& manifest);
/// "mainnet height 120,034" for one network, all of them where there are several; "no chain".
std::string chain_text(const std::vector<repository::NetworkState>& networks,
                       std::string_view before_height = " height ");
/// network, height, tip_hash (null unless there is one network), and networks.
void set_chain_fields(base::Json& document, const std::vector<repository::NetworkState>& networks);

}  // namespace bt2c::cli
