#include "cli/refused_backups.hpp"

#include "backup/backup.hpp"
#include "backup/predecessors.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "cli/backup_job.hpp"
#include "cli/repository_access.hpp"
#include "cli/scheduled_jobs.hpp"

namespace bt2c::cli {

using base::Error;
using base::ErrorKind;
using repository::Manifest;
using repository::Repository;

namespace {

std::string refused_by_maker(Context& context, const Manifest* newest) {
    const repository::NodeIdentity here = node_identity(context, context.home_unchecked());
    if (!newest || !backup::is_anothers(*newest, here)) return "";
    return base::format("node '{}'{} made the newest one", base::printable(newest->node->name),
                        backup::elsewhere(*newest->node, here));
}

std::string refused_to_write_key(Context& context) {
    const config::Home& home = context.home_unchecked();
    const Repository repository = open_with_write_key(home, repository_location(context));
    const backup::Predecessors before = backup::find_predecessors(home, repository);
    try {
        base::SilentProgress silent;
        backup::require_known(home, repository, before.listing.value(),
                              {.takeover = false, .has_state = before.state != nullptr}, silent);
    } catch (const Error& error) {
        constexpr std::string_view begin = "cannot store a backup: ";
        if (!error.message().starts_with(begin)) throw;
        return error.message().substr(begin.size());
    }
    return refused_by_maker(context, before.latest ? &*before.latest : nullptr);
}

}  // namespace

std::string why_refused(Context& context, const Manifest* newest) {
    return jobs_can_read(context) ? refused_by_maker(context, newest) : refused_to_write_key(context);
}

std::string why_refused(Context& context) {
    const auto location = repository_location(context);
    if (!Repository::exists(*location)) return "";
    if (!jobs_can_read(context)) return refused_to_write_key(context);
    const auto secret = secret_at_hand(context);
    if (!secret) return "";
    const Manifest newest = Repository::open(location, *secret).latest().manifest;
    return refused_by_maker(context, &newest);
}

}  // namespace bt2c::cli
