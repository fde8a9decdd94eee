// Units in the folder where systemd looks for them.

#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "cli/automation_install.hpp"
#include "cli/health_check.hpp"
#include "platform/file.hpp"
#include "platform/process.hpp"

namespace bt2c::cli {
namespace {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorKind;

constexpr std::uint64_t unit_bytes_max = 64 << 10;
constexpr std::size_t output_bytes_max = 64 << 10;
constexpr int systemctl_timeout_ms = 120'000;

fs::path configuration_folder() {
    if (const char* named = std::getenv("XDG_CONFIG_HOME"); named && *named == '/') return named;
    const char* const user = std::getenv("HOME");
    if (!user || *user != '/')
        throw Error(ErrorKind::usage, "cannot tell where units of this user belong: HOME is not set");
    return fs::path(user) / ".config";
}

class SystemdAutomator final : public Automator {
 public:
    explicit SystemdAutomator(const SystemdPlace& place) : place_(place) {
        if (place.for_system) {
            stop_ = place.root ? fs::absolute(*place.root).lexically_normal() : fs::path();
            folder_ = (place.root ? stop_ : fs::path("/")) / "etc/systemd/system";
        } else {
            stop_ = configuration_folder();
            folder_ = stop_ / "systemd/user";
        }
    }

    Installed install(const agent::Automation& automation, bool dry_run) override {
        Installed done;
        std::vector<std::string> timers, stale;
        const auto files = agent::unit_files(automation);
        for (const agent::UnitFile& file : files) {
            const fs::path path = folder_ / file.name;
            done.changed |= text_of_ours(path) != file.text;
            done.installed.push_back(path.native());
            done.texts.emplace_back(path.native(), file.text);
            if (path.extension() == ".timer") timers.push_back(file.name);
        }
        for (const std::string& name : ours())
            if (std::ranges::none_of(files, [&](const auto& file) { return file.name == name; }))
                stale.push_back(name);
        for (const std::string& name : stale) done.removed.push_back((folder_ / name).native());
        done.changed |= !stale.empty();
        if (!done.changed)
            done.changed = done.only_started = std::ranges::any_of(
                timers, [&](const std::string& timer) { return !standstill_of(timer).empty(); });
        if (dry_run) return done;

        if (live()) require_answer();
        remove_units(stale);
        platform::durable_mkdir(folder_, 0755);
        if (done.changed)
            for (const agent::UnitFile& file : files)
                platform::write_durably(folder_ / file.name, base::as_bytes(file.text), 0644);
        if (timers.empty()) return done;
        if (live() && done.changed) call({"daemon-reload"});
        call(with({"enable"}, timers));
        if (live()) call(with({done.changed ? "restart" : "start"}, timers));
        return done;
    }

    std::vector<std::string> remove(bool dry_run) override {
        const std::vector<std::string> names = ours();
        std::vector<std::string> paths;
        paths.reserve(names.size());
        for (const std::string& name : names) paths.push_back((folder_ / name).native());
        if (!dry_run) remove_units(names);
        return paths;
    }

    std::string text() const override {
        std::string all;
        for (const std::string& name : ours()) all += text_of_ours(folder_ / name);
        return all;
    }

    std::string handed_over() const override {
        std::vector<std::string> services;
        for (const std::string& name : ours())
            if (name.ends_with(".service")) services.push_back(name);
        if (services.empty()) return "";
        const auto shown = systemctl(with({"cat"}, services));  // with drop-ins
        return text() + std::string(base::as_text(shown.output));
    }

    std::string standstill() const override {
        for (const std::string& name : ours()) {
            if (!name.ends_with(".timer")) continue;
            if (std::string why = standstill_of(name); !why.empty()) return why;
        }
        return "";
    }

 private:
    bool live() const { return !place_.root; }

    /// The names of our units that are there.
    std::vector<std::string> ours() const {
        std::vector<std::string> names;
        for (const std::string& name : agent::unit_names(place_.suffix)) {
            const fs::path path = folder_ / name;
            if (fs::symlink_status(path).type() == fs::file_type::regular &&
                agent::is_our_unit(base::as_text(platform::read_file(path, unit_bytes_max)), place_.home))
                names.push_back(name);
        }
        return names;
    }

    /// Why that timer does not run, or will not for long; empty: it does.
    std::string standstill_of(const std::string& timer) const {
        if (live()) {
            const auto ended = systemctl({"is-active", timer});
            if (ended.status != 0)
                return base::format("{} is not active, systemctl says: {}", timer,
                                    one_line(base::as_text(ended.output)));
        }
        const std::string said = one_line(base::as_text(systemctl({"is-enabled", timer}).output));
        for (const char* const passing : {"disabled", "enabled-runtime"})
            if (said.find(passing) != std::string::npos)
                return base::format("{} is {}: it will not run after the next start of this machine", timer,
                                    passing);
        return "";
    }

    /// Throws where its place is taken so that systemd neither runs nor enables it.
    void refuse_masked(const fs::path& path) const {
        std::error_code no_link;
        if (fs::read_symlink(path, no_link) != "/dev/null") return;
        const std::string name = path.filename().native();
        std::string unmask = "systemctl ";
        for (const std::string& option : options()) unmask += shell_word(option) + " ";
        throw Error(ErrorKind::failed, base::format("cannot set up {}: it is masked", name))
            .cause("its job does not run")
            .state("nothing was changed")
            .hint(base::format("{}unmask {} && bt2c-dr setup-automated-backups{}", unmask, name,
                               place_.root ? " --root " + shell_word(stop_.native()) : ""));
    }

    /// Empty: there is none.
    std::string text_of_ours(const fs::path& path) const {
        const fs::file_type type = fs::symlink_status(path).type();
        if (type == fs::file_type::not_found) return "";
        refuse_masked(path);
        std::string text;
        if (type == fs::file_type::regular) text = base::as_text(platform::read_file(path, unit_bytes_max));
        if (!agent::is_our_unit(text, place_.home))
            throw Error(ErrorKind::failed, base::format("cannot write {}: what is there is not ours",
                                                        base::printable(path.native())))
                .state("nothing was changed")
                .hint("move it away if nothing needs it");
        return text;
    }

    void remove_units(const std::vector<std::string>& names) {
        if (names.empty()) return;
        std::vector<std::string> timers;
        for (const std::string& name : names)
            if (name.ends_with(".timer")) timers.push_back(name);
        if (!timers.empty()) {
            if (live()) call(with({"stop"}, timers));
            call(with({"disable"}, timers));
            // When each ran last; there may be none.
            if (live()) call(with({"clean", "--what=state"}, timers), Failure::passed_over);
        }
        if (live()) end_waiting(names);
        for (const std::string& name : names) platform::durable_remove(folder_ / name);
        if (live()) {
            call({"daemon-reload"});
            // Else one that failed would be a fault of this system for ever.
            call(with({"reset-failed"}, names), Failure::passed_over);
        }
        // Folders that only they stood in; those of a running system are its own.
        if (stop_.empty()) return;
        std::error_code error;
        for (fs::path at = folder_; at != stop_ && fs::remove(at, error); at = at.parent_path()) {
        }
    }

    /// A job that failed waits for its next try, which would fail for want of its unit. One that runs may
    /// end.
    void end_waiting(const std::vector<std::string>& names) const {
        for (const std::string& name : names) {
            if (!name.ends_with(".service")) continue;
            const auto shown = systemctl({"show", "--value", "--property=SubState", name});
            if (one_line(base::as_text(shown.output)) == "auto-restart")
                call({"stop", name}, Failure::passed_over);
        }
    }

    static std::vector<std::string> with(std::vector<std::string> words,
                                         const std::vector<std::string>& more) {
        words.insert(words.end(), more.begin(), more.end());
        return words;
    }

    platform::ChildResult systemctl(const std::vector<std::string>& words) const {
        // Its words are told only where they matter.
        std::vector<std::string> arguments{"sh", "-c", "exec systemctl \"$@\" 2>&1", "sh"};
        return platform::run_and_capture(with(with(arguments, options()), words), output_bytes_max,
                                         systemctl_timeout_ms);
    }

    /// Which systemd is meant.
    std::vector<std::string> options() const {
        std::vector<std::string> options;
        if (place_.root) options.push_back("--root=" + stop_.native());
        if (!place_.for_system) options.emplace_back("--user");
        return options;
    }

    void require_answer() const {
        const auto ended = systemctl({"show", "--property=Version"});
        if (ended.status == 0) return;
        throw Error(ErrorKind::failed, "cannot use systemd: it does not answer")
            .cause(one_line(base::as_text(ended.output)))
            .state("nothing was changed")
            .hint("choose another --scheduler; '--root DIR' writes units for a system that does not run");
    }

    enum class Failure { told, passed_over };
    void call(const std::vector<std::string>& words, Failure failure = Failure::told) const {
        const auto ended = systemctl(words);
        if (ended.status == 0 || failure == Failure::passed_over) return;
        throw Error(ErrorKind::failed,
                    base::format("cannot set up the timers: 'systemctl {}' ended with status {}", words[0],
                                 ended.status))
            .cause(one_line(base::as_text(ended.output)))
            .state(base::format("the units in {} are there in part", base::printable(folder_.native())))
            .hint("run the command again when that is mended, or with --remove");
    }

    SystemdPlace place_;
    fs::path folder_, stop_;
};

}  // namespace

std::unique_ptr<Automator> systemd_automator(const SystemdPlace& place) {
    return std::make_unique<SystemdAutomator>(place);
}

bool systemd_runs(bool for_system) {
    std::error_code error;
    if (!fs::is_directory("/run/systemd/system", error)) return false;
    if (for_system) return true;
    const char* const runtime = std::getenv("XDG_RUNTIME_DIR");
    return runtime && *runtime && fs::is_directory(fs::path(runtime) / "systemd", error);
}

}  // namespace bt2c::cli
