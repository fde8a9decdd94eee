#include "cli/restore_source.hpp"

#include "base/error.hpp"
#include "base/text.hpp"
#include "cli/repository_access.hpp"
#include "restore/older_tool.hpp"
#include "storage/archive/archive_location.hpp"

namespace bt2c::cli {

using repository::Repository;

OpenedSource open_backup_source(Context& context, const std::string& backup) {
    OpenedSource opened;
    opened.repository = std::make_shared<const Repository>(open_repository(context));
    opened.safety = opened.repository;
    opened.manifest = opened.repository->find(backup);
    opened.source = restore::source_of_backup(*opened.repository, *opened.manifest);
    return opened;
}

namespace {

OpenedSource open_exported(Context& context, const std::filesystem::path& path) {
    OpenedSource opened;
    opened.repository = std::make_shared<const Repository>(
        open_repository_at(context, std::make_shared<storage::archive::ArchiveLocation>(path)));
    // Besides the exported backup it holds at most the full one that it builds on, which is older.
    repository::BackupList list = opened.repository->list();
    if (list.backups.empty())
        throw base::Error(base::ErrorKind::failed,
                          base::format("cannot restore from {}: it holds no readable backup",
                                       base::printable(path.native())))
            .cause(list.damaged.empty() ? "it is empty" : list.damaged.front().reason);
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
    } catch (const base::Error& error) {
        if (error.kind() == base::ErrorKind::interrupted) throw;
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
    opened.safety = safety_repository(context);
    return opened;
}

}  // namespace bt2c::cli
