#include "restore/older_manifest.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "platform/file.hpp"

namespace bt2c::restore {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorKind;
using base::format;
using base::Json;
using base::printable;

namespace {

constexpr std::uint64_t manifest_bytes_max = 65536;
/// One an hour for more than ten years.
constexpr std::size_t manifests_max = 100'000;

/// The last part of a path; throws Error when that names no file.
std::string last_part(const std::string& path) {
    std::string name = path;
    while (name.ends_with('/')) name.pop_back();
    name = name.substr(name.rfind('/') + 1);
    if (name.empty() || name == "." || name == ".." || name.find('\0') != std::string::npos)
        throw Error(ErrorKind::failed, format("'{}' names no file", printable(path)));
    return name;
}

std::string optional_part(const Json& json, std::string_view key) {
    const Json* value = json.find(key);
    return !value || value->string().empty() ? "" : last_part(value->string());
}

}  // namespace

bool is_manifest_name(const std::string& name) {
    return name.starts_with("backup_manifest_") && name.ends_with(".json");
}

OlderManifest read_older_manifest(const fs::path& file) {
    const base::Bytes contents = platform::read_file(file, manifest_bytes_max);
    OlderManifest manifest;
    manifest.file = file;
    try {
        const Json json = Json::parse(base::as_text(contents));
        const std::string& type = json.string_at("type");
        if (type != "full" && type != "incremental")
            throw Error(ErrorKind::failed, format("its type '{}' is not known", printable(type)));
        manifest.incremental = type == "incremental";
        manifest.database = last_part(json.string_at("database"));
        if (manifest.incremental) {
            manifest.base = last_part(json.string_at("base_backup"));
            manifest.start_height = json.integer_at("start_height");
            manifest.end_height = json.integer_at("end_height");
            constexpr std::int64_t height_max = std::int64_t{1} << 40;
            if (manifest.start_height < 0 || manifest.end_height > height_max ||
                manifest.end_height < manifest.start_height - 1)
                throw Error(ErrorKind::failed, "its heights cannot be");
        } else {
            manifest.config = optional_part(json, "config");
            manifest.keys = optional_part(json, "keys");
        }
    } catch (const Error& error) {
        throw Error(ErrorKind::failed, format("cannot restore: the older tool's manifest {} is damaged",
                                              printable(file.native())))
            .cause(error.in_full())
            .hint("restore another backup, or give the database of a full one without its manifest");
    }
    return manifest;
}

const OlderManifest* OlderFolder::find(const std::string& database) const {
    const auto found = std::find_if(manifests.begin(), manifests.end(), [&](const OlderManifest& manifest) {
        return manifest.database == database;
    });
    return found == manifests.end() ? nullptr : &*found;
}

OlderFolder read_older_folder(const fs::path& folder) {
    OlderFolder read;
    std::vector<fs::path> files;
    std::error_code error;
    for (auto entry = fs::directory_iterator(folder, error);
         !error && entry != fs::directory_iterator() && files.size() < manifests_max; entry.increment(error))
        if (is_manifest_name(entry->path().filename().native())) files.push_back(entry->path());
    if (error) throw base::system_error(format("cannot list {}", printable(folder.native())), error.value());
    std::sort(files.begin(), files.end());
    for (const fs::path& file : files) try {
            read.manifests.push_back(read_older_manifest(file));
        } catch (const Error&) {
            read.damaged.push_back(file);
        }
    return read;
}

}  // namespace bt2c::restore
