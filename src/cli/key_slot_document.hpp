#pragma once
// How a key slot is told, and how one is named on the command line.

#include <string>

#include "base/json.hpp"
#include "cli/table.hpp"
#include "repository/key_slots.hpp"

namespace bt2c::cli {

/// id, kind, label, created_at; of kind token also token {label, serial, key_id}.
base::Json slot_document(const repository::SlotInfo& slot);
/// "password", "key file", "recovery phrase", "token".
std::string slot_kind_text(repository::SlotKind kind);
/// A table of slots, and of the names of damaged ones.
Table slot_table(const repository::SlotList& list);

}  // namespace bt2c::cli
