#include "cli/restore_source.hpp"

#include "base/error.hpp"
#include "base/text.hpp"
#include "cli/repository_access.hpp"
#include "platform/file.hpp"

namespace bt2c::cli {

using repository::Repository;

OpenedSource open_backup_source(Context& context, const std::string& backup) {
    OpenedSource opened;
    opened.repository = std::make_shared<const Repository>(open_repository(context));
    opened.writable = true;
    opened.manifest = opened.repository->find(backup);
    opened.source = restore::source_of_backup(*opened.repository, *opened.manifest);
    return opened;
}

OpenedSource open_file_source(Context& context, const std::filesystem::path& path) {
    OpenedSource opened;
    opened.source = restore::source_of_database(path);
    // The present state goes into the node's repository where there is one that opens.
    const auto location = repository_location(context);
    if (Repository::exists(*location)) {
        opened.repository = std::make_shared<const Repository>(open_repository_at(context, location));
        opened.writable = true;
    }
    return opened;
}

}  // namespace bt2c::cli
