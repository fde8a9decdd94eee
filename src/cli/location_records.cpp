#include "cli/location_records.hpp"

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

constexpr std::string_view apart_line = "apart\n";

std::optional<PlaceNote> note_in(const std::string& text, const std::string& place) {
    if (!text.starts_with(place + "\n")) return std::nullopt;
    const std::string id = text.substr(place.size() + 1);
    return PlaceNote{id.substr(0, id.find('\n')), text.ends_with("\n" + std::string(apart_line))};
}

}  // namespace

std::string place_text(const storage::Location& location) {
    const auto* const local = dynamic_cast<const storage::local::LocalLocation*>(&location);
    if (!local) return location.describe();
    std::error_code error;
    const fs::path path = fs::weakly_canonical(local->folder(), error);
    return error ? location.describe() : path.native();
}

fs::path place_note_file(const config::Home& home, const std::string& name) {
    return records_folder(home) / name;
}

std::optional<PlaceNote> noted_at(const config::Home& home, const std::string& name, const std::string& place,
                                  const std::string& described) {
    std::vector<fs::path> files{place_note_file(home, name)};
    std::error_code error;
    for (fs::directory_iterator at(files.front().parent_path(), error), end; !error && at != end;
         at.increment(error))
        files.push_back(at->path());
    for (const fs::path& file : files) {
        const std::string text = text_of_record(file);
        for (const std::string& written : {place, described})
            if (auto note = note_in(text, written)) return note;
    }
    return std::nullopt;
}

void note_place(const config::Home& home, const std::string& name, const std::string& place,
                const PlaceNote& note) {
    const fs::path file = place_note_file(home, name);
    std::string text = place + "\n" + note.repository_id + "\n";
    if (note.is_disk_apart) text += apart_line;
    if (text_of_record(file) == text) return;
    platform::durable_mkdir(file.parent_path(), 0700);
    platform::write_durably(file, base::as_bytes(text), 0600);
}

}  // namespace bt2c::cli
