#include "cli/location_records.hpp"

#include <sstream>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "platform/file.hpp"
#include "storage/local/local_location.hpp"

namespace bt2c::cli {

namespace fs = std::filesystem;
using base::Error;

namespace {

constexpr std::uint64_t record_bytes_max = 8192;

fs::path records_folder(const config::Home& home) {
    return home.backups() / "locations";
}

std::string text_of_record(const fs::path& file) {
    try {
        return std::string(base::as_text(platform::read_file(file, record_bytes_max)));
    } catch (const Error&) {
        return "";
    }
}

constexpr std::string_view apart_line = "apart", place_prefix = "is ";

/// A line each: how the place was described, the repository's id, then what else was noted.
PlaceNote note_in(const std::string& text) {
    std::istringstream lines(text);
    PlaceNote note;
    std::getline(lines, note.described);
    std::getline(lines, note.repository_id);
    note.place = note.described;
    for (std::string line; std::getline(lines, line);) {
        if (line == apart_line) note.is_disk_apart = true;
        if (line.starts_with(place_prefix)) note.place = line.substr(place_prefix.size());
    }
    return note;
}

}  // namespace

std::string place_text(const storage::Location& location) {
    const auto* const local = dynamic_cast<const storage::local::LocalLocation*>(&location);
    if (!local) return location.describe();
    std::error_code error;
    const fs::path path = fs::weakly_canonical(local->folder(), error);
    return error ? location.describe() : path.native();
}

std::optional<PlaceNote> noted_at(const config::Home& home, const std::string& name, const std::string& place,
                                  const std::string& described) {
    std::vector<fs::path> files{records_folder(home) / name};
    std::error_code error;
    for (fs::directory_iterator at(records_folder(home), error), end; !error && at != end;
         at.increment(error))
        files.push_back(at->path());
    for (const fs::path& file : files) {
        PlaceNote note = note_in(text_of_record(file));
        if (note.described.empty()) continue;
        if (note.described != described && note.described != place && note.place != place) continue;
        note.file = file;
        return note;
    }
    return std::nullopt;
}

void note_place(const config::Home& home, const std::string& name, const PlaceNote& note) {
    const fs::path file = records_folder(home) / name;
    std::string text = note.described + "\n" + note.repository_id + "\n";
    if (note.is_disk_apart) text += std::string(apart_line) + "\n";
    if (note.place != note.described) text += std::string(place_prefix) + note.place + "\n";
    if (text_of_record(file) == text) return;
    platform::durable_mkdir(file.parent_path(), 0700);
    platform::write_durably(file, base::as_bytes(text), 0600);
}

}  // namespace bt2c::cli
