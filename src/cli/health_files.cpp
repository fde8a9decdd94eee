// Modes and owners of the home's files, and the room on its disks.

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <vector>

#include "base/bytes.hpp"
#include "base/text.hpp"
#include "cli/health_checks.hpp"
#include "config/node_config.hpp"
#include "platform/file.hpp"
#include "platform/process.hpp"
#include "repository/format.hpp"

namespace bt2c::cli {

namespace fs = std::filesystem;
using base::format;
using base::printable;
using Status = HealthCheck::Status;

namespace {

constexpr std::size_t files_max = 10'000;  ///< of a home; more are not looked at, which is told
constexpr std::size_t findings_max = 20;
constexpr std::uint64_t key_bytes_max = 64 << 10;

bool is_public(const fs::path& path) {
    const fs::path end = path.extension();
    return end == ".pub" || end == ".crt" || end == ".cer";
}

/// Whether a file of config/ is somebody's secret key, whatever its name.
bool holds_private_key(const fs::path& path) {
    try {
        const base::Bytes contents = platform::read_file(path, key_bytes_max);
        return base::as_text(contents).find("PRIVATE KEY-----") != std::string_view::npos;
    } catch (const base::Error&) {  // too large for a key, or not ours to read
        return false;
    }
}

/// The walk over one home.
class ModeCheck {
 public:
    explicit ModeCheck(const config::Home& home) : home_(home) {
        struct stat info {};
        owned_ = ::stat(home.root.c_str(), &info) == 0;
        owner_ = info.st_uid;
    }

    /// All that is below a folder of the home. @param secret what lies there is nobody else's business
    void walk(const fs::path& folder, bool secret) {
        if (!look(folder, false, true)) return;
        for (std::vector<fs::path> folders{folder}; !folders.empty();) {
            const fs::path in = std::move(folders.back());
            folders.pop_back();
            std::error_code error, unknown;
            for (fs::directory_iterator at(in, error), end; !error && at != end; at.increment(error)) {
                if (++seen_ > files_max) return;
                if (at->is_symlink(unknown)) continue;
                const fs::path& path = at->path();
                const bool is_file = at->is_regular_file(unknown);
                const bool hidden =
                    is_file && (secret ? !is_public(path)
                                       : path == home_.key_file() || path == home_.write_key_file() ||
                                             path.extension() == ".key" || holds_private_key(path));
                if (look(path, hidden, true) && at->is_directory(unknown)) folders.push_back(path);
            }
            if (error) unseen(in, error.value());
        }
    }

    /// A folder or file of the home whose contents are looked at elsewhere, or not at all.
    void alone(const fs::path& path) {
        if (!path.empty()) look(path, false, true);
    }

    /// A folder that may be shared by design: where others may write, another owner is no hindrance.
    void location(const fs::path& path) {
        struct stat info {};
        if (::stat(path.c_str(), &info) != 0 || (info.st_mode & 022) != 0) return;
        const std::string to_owner = "chown --reference=" + shell_word(home_.root.native()) + " ";
        std::string objects;  // what others keep beside them stays theirs
        std::error_code unknown;
        for (const std::string_view name : repository::top_names)
            if (fs::exists(path / name, unknown)) objects += " " + shell_word((path / name).native());
        look(path, false, true,
             to_owner + shell_word(path.native()) +
                 (objects.empty() ? ""
                                  : " && chown -R --reference=" + shell_word(home_.root.native()) + objects));
    }

    /// A file that the settings name; it may lie anywhere and belong to anybody.
    void named(const fs::path& path) {
        if (!path.empty()) look(path, true, false);
    }

    HealthChecks done() {
        if (checks_.empty())
            checks_.push_back({"file_modes", "", Status::ok,
                               format("{} files and folders are only their owner's to change", seen_), ""});
        if (more_ > 0)
            checks_.push_back(
                {"file_modes", "", Status::finding, format("{} more files are like that", more_), ""});
        if (seen_ > files_max)
            checks_.push_back(
                {"file_modes", "", Status::unknown,
                 format("there are more than {} files; the others were not looked at", files_max), ""});
        return std::move(checks_);
    }

 private:
    /// Whether it is there and could be looked at. `to_owner`: what gives it to the home's owner; nothing:
    /// as all below it.
    bool look(const fs::path& path, bool secret, bool of_home, const std::string& to_owner = {}) {
        struct stat info {};
        if (::stat(path.c_str(), &info) != 0) {
            unseen(path, errno);
            return false;
        }
        if (!told_.insert(path).second) return true;
        const std::string file = shell_word(path.native());
        const std::string root_does = ::geteuid() == 0 ? "" : "as root: ";
        const std::string owner_does = ::geteuid() == info.st_uid ? "" : root_does;
        const mode_t read = S_ISDIR(info.st_mode) ? S_IRUSR | S_IXUSR : S_IRUSR;
        if (secret && (info.st_mode & 077) != 0)
            add(path, format("it is secret, and others may use it: mode {:o}", info.st_mode & 07777U),
                owner_does + "chmod 600 " + file);
        else if (info.st_uid != 0 && (info.st_mode & read) != read)
            add(path, format("its owner may not read it: mode {:o}", info.st_mode & 07777U),
                owner_does + (S_ISDIR(info.st_mode) ? "chmod u+rx " : "chmod u+r ") + file);
        else if ((info.st_mode & 022) != 0)
            add(path, format("others may change it: mode {:o}", info.st_mode & 07777U),
                owner_does + "chmod go-w " + file);
        if (of_home && owned_ && info.st_uid != owner_)
            add(path,
                format("it belongs to {}, the home to {}", printable(platform::user_name(info.st_uid)),
                       printable(platform::user_name(owner_))),
                root_does + (!to_owner.empty()
                                 ? to_owner
                                 : "chown -R --reference=" + shell_word(home_.root.native()) + " " + file));
        return true;
    }

    void unseen(const fs::path& path, int error) {
        if (error == ENOENT || error == ENOTDIR) return;
        const base::Error why = base::system_error("it could not be looked at", error);
        add(path, why.in_full(), why.hint(), Status::unknown);
    }

    void add(const fs::path& path, std::string detail, std::string mend, Status status = Status::finding) {
        if (checks_.size() < findings_max)
            checks_.push_back(
                {"file_modes", printable(path.native()), status, std::move(detail), std::move(mend)});
        else
            ++more_;
    }

    const config::Home& home_;
    bool owned_ = false;
    uid_t owner_ = 0;
    std::size_t seen_ = 0, more_ = 0;
    std::set<fs::path> told_;
    HealthChecks checks_;
};

fs::path in_variable(const char* name) {
    const char* const value = std::getenv(name);
    return value ? value : "";
}

fs::path credentials_file(const config::LocationSettings& location) {
    if (!location.credentials_file.empty()) return location.credentials_file;
    if (fs::path named = in_variable("AWS_SHARED_CREDENTIALS_FILE"); !named.empty()) return named;
    const fs::path user = in_variable("HOME");
    return user.empty() ? user : user / ".aws/credentials";
}

/// A disk's room, against what is to go there.
HealthCheck room_check(const std::string& subject, const fs::path& place, std::uint64_t needed,
                       std::string_view what, const std::string& mend) {
    constexpr std::uint64_t much = std::uint64_t{10} << 30;
    fs::path there = place;
    while (!fs::exists(there) && there.has_relative_path()) there = there.parent_path();
    const fs::space_info space = fs::space(there);
    HealthCheck check{"disk_space", subject, Status::ok, "", ""};
    const std::string free = base::human_size(space.available);
    if (space.available < needed)
        check.detail = format("{} are free at {}, and {} takes {}", free, printable(place.native()), what,
                              base::human_size(needed));
    else if (space.available < std::min(space.capacity / 20, much))
        check.detail = format("{} of {} are free at {}: it is nearly full", free,
                              base::human_size(space.capacity), printable(place.native()));
    if (!check.detail.empty()) {
        check.status = Status::finding;
        check.mend = mend;
    } else {
        check.detail = format("{} are free", free);
    }
    return check;
}

/// The folder for restore tests, which no job makes where it is missing.
HealthCheck scratch_check(const fs::path& scratch, std::uint64_t needed) {
    const std::string mend = "name another folder as schedule.scratch in dr.toml";
    if (const int refusal = refusal_to_write(scratch))
        return {"disk_space", "scratch", Status::finding,
                base::system_error(
                    format("{} is no folder that can be written to", printable(scratch.native())), refusal)
                    .in_full(),
                mend};
    return room_check("scratch", scratch, needed, "a restore test", mend);
}

}  // namespace

int refusal_to_write(const fs::path& folder) {
    // With a slash at its end, so that a file is refused too.
    return ::faccessat(AT_FDCWD, (folder / "").c_str(), W_OK | X_OK, AT_EACCESS) == 0 ? 0 : errno;
}

HealthChecks check_file_modes(Context& context) {
    const config::Home& home = context.home();
    ModeCheck check(home);
    check.alone(home.root);
    check.alone(home.database().parent_path());
    check.alone(home.database());
    check.alone(home.backups());
    check.alone(context.settings().repository);
    check.walk(home.config(), false);
    check.walk(home.keys(), true);
    check.walk(home.wallets(), true);
    check.walk(home.network(), false);
    const config::Settings& settings = context.settings();
    check.named(settings.token_pin_file);
    check.named(settings.network.etcd_key);
    check.named(settings.network.etcd_password_file);
    check.named(in_variable("BT2C_REPO_PASSWORD_FILE"));
    for (const config::LocationSettings& location : settings.locations) {
        if (location.kind == config::LocationKind::folder) check.location(location.path);
        if (location.kind == config::LocationKind::sftp) check.named(location.key_file);
        if (location.kind == config::LocationKind::s3) check.named(credentials_file(location));
    }
    if (fs::exists(config::node_config_file(home))) {
        const config::NodeConfig node = config::load_node_config(home);
        check.named(node.tls_key);
        check.named(node.wallet);
        check.named(node.wallet_password_file);
    }
    return check.done();
}

HealthChecks check_disk_space(Context& context) {
    constexpr std::uint64_t spare = 64 << 20;
    const config::Home& home = context.home();
    const config::Settings& settings = context.settings();
    std::error_code absent;
    const auto size = fs::file_size(home.database(), absent);
    const std::uint64_t database = absent ? 0 : size;
    const std::string retention = "make room there, or name another place in dr.toml";
    HealthChecks checks;
    checks.push_back(room_check("home", home.root, database + spare, "a restore beside the present database",
                                "make room, or restore with --target DIR on another disk"));
    // Compressed it takes about half.
    if (!settings.repository.empty())
        checks.push_back(room_check("local", settings.repository, database / 2, "a full backup", retention));
    for (const config::LocationSettings& location : settings.locations)
        if (location.kind == config::LocationKind::folder)
            checks.push_back(
                room_check(location.name, location.path, database / 2, "a full backup", retention));
    if (!settings.schedule.scratch.empty())
        checks.push_back(scratch_check(settings.schedule.scratch, database + spare));
    return checks;
}

}  // namespace bt2c::cli
