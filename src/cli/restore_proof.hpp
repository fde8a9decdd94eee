#pragma once
// Proves that a backup can be restored, by restoring it into a scratch folder.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "cli/context.hpp"
#include "repository/repository.hpp"

namespace bt2c::cli {

struct ProofCheck {
    enum class Status { pass, fail, skipped };
    std::string name;  ///< "restore", "database_image", those of verify-integrity, "chain_tip", "files",
                       ///< "wallets", "settings"
    Status status = Status::pass;
    std::uint64_t count = 0;  ///< of what was looked at, or of findings
    std::string detail;       ///< why it failed or was skipped; empty
    bool is_of_machine =
        false;  ///< it failed for the scratch folder or this machine, and tells nothing of the backup
    bool is_of_node = false;  ///< what failed was backed up so: the repository is not at fault
};

struct RestoreProof {
    std::vector<ProofCheck> checks;
    double restore_seconds = 0;   ///< what the restore alone took
    double duration_seconds = 0;  ///< with all checks
    bool ok() const;
    /// The first that failed; null where none did.
    const ProofCheck* failure() const;
};

/// Where it can be done: the first of `places` that can be written to and has room for the backup. Throws
/// Error(failed) with what is missing.
std::filesystem::path place_for_proof(const repository::Repository& repository,
                                      const repository::Manifest& manifest,
                                      const std::vector<std::filesystem::path>& places);

/// Restores into a new folder in `where`, looks at all that was written, as it is on the disk, and removes it
/// again. What is wrong is in the result; throws Error only when it cannot be done.
RestoreProof prove_restore(Context& context, const repository::Repository& repository,
                           const repository::Manifest& manifest, const std::filesystem::path& where);

}  // namespace bt2c::cli
