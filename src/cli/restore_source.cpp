#include "cli/restore_source.hpp"

#include "base/error.hpp"
#include "base/text.hpp"
#include "cli/named_network.hpp"
#include "cli/repository_access.hpp"
#include "restore/older_tool.hpp"
#include "storage/archive/archive_location.hpp"

namespace bt2c::cli {

using base::Error;
using base::ErrorKind;
using repository::Repository;

OpenedSource open_backup_source(Context& context, const std::string& backup) {
    if (backup.find('/') != std::string::npos)
        throw Error(ErrorKind::failed, base::format("there is no backup '{}'", base::printable(backup)))
            .cause("it is a path, and backups have ids")
            .state("nothing was read or changed")
            .hint(
                "'bt2c-dr restore --backup-file PATH' restores from a file; 'bt2c-dr list-backups' shows the "
                "ids");
    OpenedSource opened;
    opened.repository = std::make_shared<const Repository>(open_repository(context));
    opened.safety = opened.repository;
    opened.manifest = find_backup(context, *opened.repository, backup, "bt2c-dr restore --backup");
    opened.source = restore::source_of_backup(*opened.repository, *opened.manifest);
    require_network_among(context, opened.source.networks, "restore");
    return opened;
}

namespace {

OpenedSource open_exported(Context& context, const std::filesystem::path& path) {
    OpenedSource opened;
    opened.repository = std::make_shared<const Repository>(
        open_repository_at(context, std::make_shared<storage::archive::ArchiveLocation>(path)));
    // Besides the exported backup it holds at most the full one that it builds on, which is older.
    repository::BackupList list = opened.repository->list();
    if (list.backups.empty() || !list.damaged.empty())
        throw Error(list.damaged.empty() ? ErrorKind::failed : ErrorKind::findings,
                    base::format("cannot restore from {}: it holds {}", base::printable(path.native()),
                                 list.damaged.empty() ? "no backup" : "a manifest that cannot be read"))
            .cause(list.damaged.empty() ? "it is empty" : base::printable(list.damaged.front().reason))
            .state("nothing was changed in the node's home")
            .hint("take another copy of the file, or export the backup again");
    opened.manifest = std::move(list.backups.front());
    opened.source = restore::source_of_backup(*opened.repository, *opened.manifest);
    return opened;
}

/// The node's own repository, for the safety backup. One that does not open must not stand between
/// an operator and a restore from a file.
std::shared_ptr<const Repository> safety_repository(Context& context) {
    const auto location = repository_location(context);
    if (!Repository::exists(*location)) return nullptr;
    try {
        return std::make_shared<const Repository>(open_for_backup(context, location));
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::interrupted) throw;
        context.progress().note("the present state will be kept beside, not in the repository: " +
                                error.message());
        return nullptr;
    }
}

}  // namespace

OpenedSource open_file_source(Context& context, const std::filesystem::path& path) {
    OpenedSource opened;
    if (storage::archive::ArchiveLocation::is_archive(path))
        opened = open_exported(context, path);
    else if (auto older = restore::source_of_older_backup(path))
        opened.source = std::move(*older);
    else
        opened.source = restore::source_of_database(path);
    require_network_among(context, opened.source.networks, "restore");
    opened.safety = safety_repository(context);
    return opened;
}

}  // namespace bt2c::cli
