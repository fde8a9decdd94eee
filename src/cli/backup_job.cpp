#include "cli/backup_job.hpp"

#include "base/error.hpp"
#include "base/text.hpp"
#include "cli/latest_backup.hpp"
#include "cli/version.hpp"
#include "crypto/hash.hpp"
#include "platform/file.hpp"

namespace bt2c::cli {
namespace {

/// Sixteen hex digits that tell texts apart and do not give them away.
std::string digest_of(std::string_view domain, base::ByteView text) {
    return base::to_hex(crypto::Sha256().update(base::as_bytes(domain)).update(text).finish()).substr(0, 16);
}

std::string machine_digest() {
    try {
        return digest_of("bt2c-dr node\n", platform::read_file("/etc/machine-id", 4096));
    } catch (const base::Error&) {
        return "";
    }
}

/// A copy of a home, made to try something, must not go on in the repository of the home itself.
std::string home_digest(const config::Home& home) {
    std::error_code error;
    const auto path = std::filesystem::canonical(home.root, error);
    return error ? "" : digest_of("bt2c-dr home\n", base::as_bytes(path.native()));
}

}  // namespace

repository::NodeIdentity node_identity(const Context& context, const config::Home& home) {
    return {context.settings().network.node_name, machine_digest(), home_digest(home)};
}

StoredBackup make_backup_everywhere(Context& context, const config::Home& home,
                                    const repository::Repository& repository, backup::BackupRequest request,
                                    std::chrono::seconds patience) {
    request.program = "bt2c-dr " + std::string(version());
    request.node = node_identity(context, home);
    request.made_from = context.home_unchecked();
    context.locations().begin_backup(repository);
    backup::BackupResult made = backup::make_backup(home, repository, request, context.progress());
    // Of one location nothing can be missed while it is away.
    if (made.changed && request.type != repository::BackupType::safety &&
        context.locations().all().size() > 1)
        note_newest_backup(home, repository.id(), made.manifest, context.progress());
    try {
        auto outcomes = context.locations().finish_backup(repository, patience);
        context.locations().tell_faults();
        return {std::move(made), std::move(outcomes)};
    } catch (base::Error& error) {
        if (error.state().empty())
            error.state("the backup is stored, though not in all locations; 'bt2c-dr location sync' goes on");
        throw;
    }
}

void tell_other_maker(Context& context, const config::Home& home, const repository::Manifest& manifest) {
    const repository::NodeIdentity here = node_identity(context, home);
    if (!manifest.node || *manifest.node == here) return;
    context.progress().note(
        base::format("backup {} of {} was made by node '{}'{}; its configuration and keys are that one's",
                     manifest.id.brief(), base::format_utc(manifest.finished_at),
                     base::printable(manifest.node->name), backup::elsewhere(*manifest.node, here)));
}

}  // namespace bt2c::cli
