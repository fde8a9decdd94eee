#pragma once
// Whether the next backup from a home would be refused, since another node or home makes some here.

#include <string>

#include "cli/context.hpp"
#include "repository/repository.hpp"

namespace bt2c::cli {

/// Why the next backup from here is refused unless it takes the other one's place, such as "node 'a' in
/// another home made the newest one"; empty: it is not. Decided as that backup will: a home with a write key
/// and no password for good compares what is listed with what it knows, others ask who made the newest one.
/// @param newest that is no safety backup, of the repository that backups from here go to; null: none
std::string why_refused(Context& context, const repository::Manifest* newest);

/// The same of the repository that the settings name, when nobody is there to be asked for a secret. Empty
/// also where that cannot be told now: then the next backup tells it.
std::string why_refused(Context& context);

}  // namespace bt2c::cli
