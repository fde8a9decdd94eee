#pragma once
// Where restore tests write: secrets lie there in plain text for as long.

#include <filesystem>
#include <optional>
#include <vector>

#include "cli/context.hpp"
#include "platform/scratch_folder.hpp"

namespace bt2c::cli {

/// A scratch folder of which HOME/backups/jobs keeps a note for as long as it is there, durable before
/// anything is written into it: after a kill any job finds it by that, wherever it is.
class NotedScratch {
 public:
    /// Throws as ScratchFolder. Only a note to the operator where HOME/backups/jobs cannot be written.
    NotedScratch(Context& context, const std::filesystem::path& where);
    ~NotedScratch();
    NotedScratch(const NotedScratch&) = delete;
    NotedScratch& operator=(const NotedScratch&) = delete;

    const std::filesystem::path& path() const { return path_; }

 private:
    std::optional<platform::ScratchFolder> folder_;
    std::filesystem::path path_, note_;
};

/// Where scratch folders are made unless a place is named: what the settings name, else beside the home and
/// in it.
std::vector<std::filesystem::path> scratch_places(Context& context);

/// Of this home's restore tests that run, or that were killed.
std::vector<std::filesystem::path> proof_notes(const config::Home& home);
/// Removes what killed ones left, wherever it is, and their notes. Returns the notes that stay: their test
/// runs, or the disk is away.
std::vector<std::filesystem::path> settle_proof_notes(const config::Home& home);

/// What restore tests that were killed left holds keys, and the next test may be a week away.
void remove_stale_proofs(Context& context);

}  // namespace bt2c::cli
