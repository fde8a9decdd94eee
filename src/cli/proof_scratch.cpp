#include "cli/proof_scratch.hpp"

#include <string_view>

#include "base/error.hpp"
#include "base/text.hpp"
#include "config/job_record.hpp"
#include "platform/file.hpp"

namespace bt2c::cli {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorKind;
using base::printable;

namespace {

constexpr std::string_view proof_prefix = "bt2c-restore-test";
constexpr std::string_view proof_note_suffix = ".place";
constexpr std::uint64_t proof_note_bytes_max = 16 << 10;

bool still_stands(const fs::path& path) {
    std::error_code error;
    return fs::exists(fs::symlink_status(path, error));
}

/// Removes the folder that a note tells of, and the note with it. Where there is none the note stays: the
/// disk may be away.
void settle_note(const fs::path& note) try {
    const base::Bytes text = platform::read_file(note, proof_note_bytes_max);
    const fs::path folder(base::as_text(text));
    if (!folder.is_absolute() || !still_stands(folder)) return;
    platform::remove_stale_scratch(folder.parent_path(), proof_prefix);
    if (!still_stands(folder)) platform::durable_remove(note);
} catch (const Error& error) {
    // It is tried again by the next job.
    if (error.kind() == ErrorKind::interrupted) throw;
}

}  // namespace

NotedScratch::NotedScratch(Context& context, const fs::path& where)
    : folder_(std::in_place, where, proof_prefix), path_(folder_->path()) {
    const config::Home& home = context.home_unchecked();
    note_ = config::jobs_folder(home) / (path_.filename().native() + std::string(proof_note_suffix));
    try {
        config::make_jobs_folder(home);
        platform::write_durably(note_, base::as_bytes(path_.native()), 0600);
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::interrupted) throw;
        context.progress().note(base::format(
            "where this test restores to cannot be noted ({}): should it be killed, remove {} by hand",
            error.in_full(), printable(path_.native())));
    }
}

NotedScratch::~NotedScratch() {
    folder_.reset();
    if (std::error_code ignored; !still_stands(path_)) fs::remove(note_, ignored);
}

std::vector<fs::path> scratch_places(Context& context) {
    if (const fs::path& named = context.settings().schedule.scratch; !named.empty()) return {named};
    const config::Home& home = context.home();
    return {home.root.parent_path(), home.backups(), home.root};
}

void remove_stale_proofs(Context& context) {
    const config::Home& home = context.home_unchecked();
    if (!still_stands(home.root)) return;
    const fs::path jobs = config::jobs_folder(home);
    std::error_code error;
    for (auto at = fs::directory_iterator(jobs, error); !error && at != fs::end(at); at.increment(error))
        if (const std::string name = at->path().filename().native();
            name.starts_with(proof_prefix) && name.ends_with(proof_note_suffix))
            settle_note(at->path());
    // Last, since a note whose folder is gone already may be of a disk that is away.
    for (const fs::path& place : scratch_places(context)) platform::remove_stale_scratch(place, proof_prefix);
}

}  // namespace bt2c::cli
