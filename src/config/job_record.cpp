#include "config/job_record.hpp"

#include <system_error>

#include "base/error.hpp"
#include "base/text.hpp"
#include "platform/file.hpp"

namespace bt2c::config {

using base::Error;
using base::ErrorKind;
using base::format;
using base::Json;
using base::UnixMs;

namespace {

constexpr std::uint64_t job_record_bytes_max = 16 << 10;
constexpr std::size_t message_bytes_max = 2000;
constexpr std::size_t job_name_bytes_max = 32;

Json time_or_null(const std::optional<UnixMs>& time) {
    return time ? Json(base::format_utc(*time)) : Json();
}

std::optional<UnixMs> time_at(const Json& json, std::string_view key) {
    const Json* const value = json.find(key);
    if (!value) return std::nullopt;
    const auto time = value->is_string() ? base::parse_utc(value->string()) : std::nullopt;
    if (!time) throw Error(ErrorKind::failed, format("its '{}' is no time", key));
    return time;
}

bool is_job_name(std::string_view name) {
    return !name.empty() && name.size() <= job_name_bytes_max &&
           name.find_first_not_of("abcdefghijklmnopqrstuvwxyz-") == std::string_view::npos;
}

}  // namespace

void JobRecord::end(UnixMs at, int status, std::string told) {
    last_finished = at;
    exit_status = status;
    message = std::move(told);
    if (status == 0) last_ok = at;
    if (status == 0 || status == base::exit_status(ErrorKind::partial)) last_done = at;
}

Json JobRecord::to_json() const {
    return Json::object({{"name", name},
                         {"last_started", time_or_null(last_started)},
                         {"last_finished", time_or_null(last_finished)},
                         {"last_ok", time_or_null(last_ok)},
                         {"last_done", time_or_null(last_done)},
                         {"last_skipped", time_or_null(last_skipped)},
                         {"exit_status", exit_status},
                         {"message", base::cut_to(base::printable(message), message_bytes_max)},
                         {"duration_seconds", duration_seconds}});
}

JobRecord JobRecord::parse(std::string_view text) {
    const Json json = Json::parse(text);
    JobRecord record;
    record.name = json.string_at("name");
    if (!is_job_name(record.name)) throw Error(ErrorKind::failed, "its 'name' is no job's");
    record.last_started = time_at(json, "last_started");
    record.last_finished = time_at(json, "last_finished");
    record.last_ok = time_at(json, "last_ok");
    record.last_done = time_at(json, "last_done");
    record.last_skipped = time_at(json, "last_skipped");
    if (json.find("exit_status")) {
        const std::int64_t status = json.integer_at("exit_status");
        if (status < 0 || status > 255) throw Error(ErrorKind::failed, "its 'exit_status' is none");
        record.exit_status = static_cast<int>(status);
    }
    record.message = json.string_at("message");
    if (record.message.size() > message_bytes_max)
        throw Error(ErrorKind::failed, "its 'message' is too long");
    if (json.find("duration_seconds")) {
        record.duration_seconds = json.number_at("duration_seconds");
        if (!(*record.duration_seconds >= 0)) throw Error(ErrorKind::failed, "its duration is none");
    }
    return record;
}

fs::path jobs_folder(const Home& home) {
    return home.backups() / "jobs";
}

void make_jobs_folder(const Home& home) {
    for (const fs::path& folder : {home.backups(), jobs_folder(home)}) {
        if (fs::exists(folder)) continue;
        platform::durable_mkdir(folder, 0700);
        platform::give_to_owner_of(home.root, platform::open_for_reading(folder).get());
    }
}

fs::path agent_marker(const Home& home) {
    return jobs_folder(home) / "by-agent";
}

fs::path job_record_file(const Home& home, std::string_view name) {
    BT2C_ASSERT(is_job_name(name));
    return jobs_folder(home) / (std::string(name) + ".json");
}

std::optional<JobRecord> load_job_record(const Home& home, std::string_view name) {
    const fs::path file = job_record_file(home, name);
    std::error_code error;
    if (fs::symlink_status(file, error).type() == fs::file_type::not_found) return std::nullopt;
    const base::Bytes contents = platform::read_file(file, job_record_bytes_max);
    try {
        JobRecord record = JobRecord::parse(base::as_text(contents));
        if (record.name != name) throw Error(ErrorKind::failed, format("it is of the job '{}'", record.name));
        return record;
    } catch (const Error& fault) {
        throw Error(ErrorKind::failed, format("cannot use the record {}", base::printable(file.native())))
            .cause(fault.message())
            .hint("remove it; the job's next run writes another");
    }
}

void store_job_record(const Home& home, const JobRecord& record) {
    const fs::path file = job_record_file(home, record.name);
    make_jobs_folder(home);
    platform::DurableFile target(file, 0600);
    target.append(base::as_bytes(record.to_json().dump(true) + "\n"));
    platform::give_to_owner_of(home.root, target.fd());
    target.commit(platform::DurableFile::Existing::replace);
}

}  // namespace bt2c::config
