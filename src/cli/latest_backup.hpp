#pragma once
// Which backup is the latest, and whether there is one, while locations cannot be asked.

#include <string>

#include "base/error.hpp"
#include "base/progress.hpp"
#include "cli/command.hpp"
#include "config/home.hpp"
#include "repository/repository.hpp"

namespace bt2c::cli {

/// Keeps in HOME/backups/newest-backup.json which backup was made last from this home, so that it is missed
/// while it cannot be seen. Where that fails there is a note.
void note_newest_backup(const config::Home& home, const repository::ObjectId& repository,
                        const repository::Manifest& made, base::Progress& progress);

/// Throws Error(findings) where the backup that was made last from this home is newer than `latest`, no
/// location that can be asked has it, and one is left out.
/// @param by_id as find_backup() has it
void require_newest(Context& context, const repository::Repository& repository,
                    const repository::Manifest& latest, const std::string& by_id);

/// No backup has this name, as far as locations can be asked: where one is left out it is told.
base::Error no_backup(Context& context, const std::string& name);

/// Where `name` is "latest": puts into a result which locations could not be asked, and may hold a newer one.
void add_unasked(Context& context, const std::string& name, Result& result);
/// The same for programs: a list of {location, text}.
base::Json unasked_document(Context& context);

}  // namespace bt2c::cli
