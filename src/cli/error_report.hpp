#pragma once
// How errors are told.

#include <filesystem>
#include <string>

#include "base/error.hpp"
#include "base/json.hpp"
#include "cli/terminal.hpp"

namespace bt2c::cli {

/// "bt2c-dr: error: …", then the lines cause, state and hint, as far as there are any.
std::string error_text(const base::Error& error, const Terminal& terminal);
/// {"error":{"kind","message","cause","state","hint"}}; null where there is nothing to say.
base::Json error_document(const base::Error& error);

/// Whether whoever runs this may not do it.
bool is_of_rights(const std::filesystem::filesystem_error& failure);
/// Of a file or folder that the system does not let this program look at; `failure` names it.
base::Error unseen_error(const std::filesystem::filesystem_error& failure);

}  // namespace bt2c::cli
