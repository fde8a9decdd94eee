#include "cli/proof_scratch.hpp"

#include <fcntl.h>
#include <sys/stat.h>

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

/// Which folder it is, whatever is mounted there meanwhile; empty where that cannot be told. Two disks in one
/// slot share numbers for their first folders, so these count only with the time at which they were made.
std::string mark_of(const fs::path& folder) {
    struct statx info {};
    if (::statx(AT_FDCWD, folder.c_str(), 0, STATX_INO | STATX_BTIME, &info) != 0 ||
        (info.stx_mask & STATX_BTIME) == 0)
        return "";
    return base::format("{}:{}:{}:{}.{}", info.stx_dev_major, info.stx_dev_minor, info.stx_ino,
                        info.stx_btime.tv_sec, info.stx_btime.tv_nsec);
}

/// The text of a note: the folder of a test and, behind a zero, the mark of the one that it was made in.
struct ProofNote {
    fs::path folder;
    std::string mark;

    explicit ProofNote(const fs::path& note) {
        const base::Bytes bytes = platform::read_file(note, proof_note_bytes_max);
        const std::string text(base::as_text(bytes));
        const std::size_t end = text.find('\0');
        folder = text.substr(0, end);
        if (end != std::string::npos) mark = text.substr(end + 1);
    }
    static std::string text(const fs::path& folder) {
        return folder.native() + '\0' + mark_of(folder.parent_path());
    }
    /// Removed by other hands: where it was made is there, and it is not. Else the disk may be away.
    bool is_gone() const {
        return !mark.empty() && mark == mark_of(folder.parent_path()) && !still_stands(folder);
    }
};

/// Removes the folder that a note tells of, and the note with it.
void settle_note(const fs::path& note) try {
    const ProofNote told(note);
    if (!told.folder.is_absolute()) return;
    if (!told.is_gone()) {
        if (!still_stands(told.folder)) return;
        platform::remove_stale_scratch(told.folder.parent_path(), proof_prefix);
        if (still_stands(told.folder)) return;
    }
    platform::durable_remove(note);
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
        platform::write_durably(note_, base::as_bytes(ProofNote::text(path_)), 0600);
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

std::vector<fs::path> proof_notes(const config::Home& home) {
    std::vector<fs::path> notes;
    std::error_code error;
    for (auto at = fs::directory_iterator(config::jobs_folder(home), error); !error && at != fs::end(at);
         at.increment(error))
        if (const std::string name = at->path().filename().native();
            name.starts_with(proof_prefix) && name.ends_with(proof_note_suffix))
            notes.push_back(at->path());
    return notes;
}

std::vector<fs::path> settle_proof_notes(const config::Home& home) {
    std::vector<fs::path> left = proof_notes(home);
    for (const fs::path& note : left) settle_note(note);
    std::erase_if(left, [](const fs::path& note) { return !still_stands(note); });
    return left;
}

void remove_stale_proofs(Context& context) {
    const config::Home& home = context.home_unchecked();
    if (!still_stands(home.root)) return;
    settle_proof_notes(home);
    // Last, since a note whose folder is gone already may be of a disk that is away.
    for (const fs::path& place : scratch_places(context)) platform::remove_stale_scratch(place, proof_prefix);
}

}  // namespace bt2c::cli
