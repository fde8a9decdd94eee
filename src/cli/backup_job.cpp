#include "cli/backup_job.hpp"

#include "base/error.hpp"
#include "cli/version.hpp"
#include "crypto/hash.hpp"
#include "platform/file.hpp"

namespace bt2c::cli {
namespace {

/// Sixteen hex digits that tell machines apart and do not give the machine's id away.
std::string machine_digest() {
    try {
        base::Bytes text = platform::read_file("/etc/machine-id", 4096);
        const base::ByteView domain = base::as_bytes("bt2c-dr node\n");
        text.insert(text.begin(), domain.begin(), domain.end());
        return base::to_hex(crypto::sha256(text)).substr(0, 16);
    } catch (const base::Error&) {
        return "";
    }
}

}  // namespace

StoredBackup make_backup_everywhere(Context& context, const config::Home& home,
                                    const repository::Repository& repository, backup::BackupRequest request,
                                    std::chrono::seconds patience) {
    request.program = "bt2c-dr " + std::string(version());
    request.node = repository::NodeIdentity{context.settings().network.node_name, machine_digest()};
    context.locations().begin_backup(repository);
    backup::BackupResult made = backup::make_backup(home, repository, request, context.progress());
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

}  // namespace bt2c::cli
