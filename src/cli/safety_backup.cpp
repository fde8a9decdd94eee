#include "cli/safety_backup.hpp"

#include "base/text.hpp"
#include "cli/backup_job.hpp"
#include "cli/health_check.hpp"
#include "restore/keep_beside.hpp"

namespace bt2c::cli {
namespace {
/// The node is down: one copy is enough to go on, and slow locations catch up with the next backup.
constexpr std::chrono::seconds patience{10};
}  // namespace

std::string keep_present_state(Context& context, const repository::Repository* repository,
                               const config::Home& home) {
    if (!repository) return restore::keep_beside(home, context.progress()).native();
    backup::BackupRequest request;
    request.type = repository::BackupType::safety;
    try {
        std::string id =
            make_backup_everywhere(context, home, *repository, request, patience).made.manifest.id.hex();
        context.progress().note(
            base::format("the present state is kept as safety backup {}", id.substr(0, 8)));
        return id;
    } catch (const base::Error& error) {
        if (error.kind() == base::ErrorKind::interrupted || error.kind() == base::ErrorKind::busy) throw;
        context.progress().note(base::format(
            "the repository does not take the present state ({}); it is kept beside", error.in_full()));
    }
    return restore::keep_beside(home, context.progress()).native();
}

std::string way_back(const std::string& kept, const config::Home* other) {
    if (kept.starts_with('/')) return base::format("The state before is kept in {}.", base::printable(kept));
    return base::format("The state before is kept; to go back: bt2c-dr restore --backup {}{}",
                        kept.substr(0, 8), other ? " --target " + shell_word(other->root.native()) : "");
}

}  // namespace bt2c::cli
