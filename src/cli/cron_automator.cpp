// A block of lines in a crontab.

#include <signal.h>

#include <algorithm>
#include <cerrno>
#include <fstream>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "cli/automation_install.hpp"
#include "platform/file.hpp"
#include "platform/process.hpp"
#include "platform/scratch_folder.hpp"

namespace bt2c::cli {
namespace {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorKind;

constexpr std::size_t crontab_bytes_max = 1 << 20;
constexpr int crontab_timeout_ms = 30'000;

/// `user` as in cron_automator().
platform::ChildResult call_crontab(const std::string& user, const std::vector<std::string>& words) {
    std::vector<std::string> arguments{"sh", "-c", "LC_ALL=C exec crontab \"$@\" 2>&1", "sh"};
    if (!user.empty()) arguments.insert(arguments.end(), {"-u", user});
    arguments.insert(arguments.end(), words.begin(), words.end());
    return platform::run_and_capture(arguments, crontab_bytes_max, crontab_timeout_ms);
}

class CronAutomator final : public Automator {
 public:
    CronAutomator(fs::path home, std::string user) : home_(std::move(home)), user_(std::move(user)) {}

    Installed install(const agent::Automation& automation, bool dry_run) override {
        const std::string block = agent::cron_block(automation);
        const std::string before = read();
        const std::string after = agent::with_cron_block(before, home_, block);
        Installed done{.installed = lines(block), .removed = {}, .changed = before != after, .texts = {}};
        done.texts.emplace_back(user_.empty() ? "crontab" : "crontab of " + user_, block);
        if (done.changed && !dry_run) write(after);
        return done;
    }

    std::vector<std::string> remove(bool dry_run) override {
        const std::string before = read();
        const std::string after = agent::without_cron_block(before, home_);
        if (before == after) return {};
        if (!dry_run) write(after);
        return {base::format("the jobs of {} in the crontab{}", base::printable(home_.native()),
                             user_.empty() ? "" : " of " + user_)};
    }

    std::string text() const override {
        const std::string all = read(), rest = agent::without_cron_block(all, home_);
        const auto begin = std::ranges::mismatch(all, rest).in1 - all.begin();
        return all.substr(static_cast<std::size_t>(begin), all.size() - rest.size());
    }

    std::string handed_over() const override {
        // Variables that the crontab itself sets are those of all its lines.
        std::string handed = text();
        for (const std::string& line : lines(read()))
            if (line.starts_with("BT2C_") || line.starts_with("AWS_")) handed += line + "\n";
        return handed;
    }

    std::string standstill() const override { return cron_runs() ? "" : "no cron daemon seems to run"; }

 private:
    static std::vector<std::string> lines(std::string_view block) {
        std::vector<std::string> all;
        for (std::size_t end = block.find('\n'); end != std::string_view::npos; end = block.find('\n')) {
            if (block[0] != '#') all.emplace_back(block.substr(0, end));
            block.remove_prefix(end + 1);
        }
        return all;
    }

    static Error failed(std::string_view what, const platform::ChildResult& ended) {
        return Error(ErrorKind::failed, base::format("cannot {} the crontab", what))
            .cause(one_line(base::as_text(ended.output)))
            .state("the crontab is as it was");
    }

    std::string read() const {
        const platform::ChildResult ended = call_crontab(user_, {"-l"});
        std::string text(base::as_text(ended.output));
        if (ended.status == 0) return text;
        // Taken for empty on any other failure, it would be lost with the next write.
        if (text.find("no crontab for") != std::string::npos) return "";
        throw failed("read", ended);
    }

    void write(const std::string& text) const {
        platform::ChildResult ended;
        if (text.empty()) {
            ended = call_crontab(user_, {"-r"});
        } else {
            const platform::ScratchFolder folder(fs::temp_directory_path(), "bt2c-crontab");
            platform::write_durably(folder.path() / "crontab", base::as_bytes(text), 0600);
            ended = call_crontab(user_, {(folder.path() / "crontab").native()});
        }
        if (ended.status != 0) throw failed("write", ended);
        if (read() != text)
            throw Error(ErrorKind::failed, "cannot write the crontab: it is not as it was written")
                .hint("see with 'crontab -l' what is there");
    }

    fs::path home_;
    std::string user_;
};

/// The file outlives a daemon that was stopped, and its number may be another process's then.
bool names_running_cron(const fs::path& pid_file) {
    std::ifstream file(pid_file);
    pid_t pid = 0;
    if (!(file >> pid) || pid <= 0) return false;
    if (::kill(pid, 0) != 0 && errno == ESRCH) return false;
    std::ifstream name_file(base::format("/proc/{}/comm", pid));
    std::string name;
    // Some systems hide the processes of others.
    return !std::getline(name_file, name) || name == "cron" || name == "crond";
}

}  // namespace

std::unique_ptr<Automator> cron_automator(const fs::path& home, const std::string& user) {
    return std::make_unique<CronAutomator>(home, user);
}

bool cron_runs() {
    return names_running_cron("/run/crond.pid") || names_running_cron("/var/run/crond.pid");
}

bool refused_crontab_may_hold(const fs::path& home, const std::string& user) {
    // Debian's place, and others'.
    for (const char* const folder : {"/var/spool/cron/crontabs", "/var/spool/cron"}) {
        const fs::path crontab = fs::path(folder) / (user.empty() ? platform::user_name() : user);
        try {
            if (fs::symlink_status(crontab).type() == fs::file_type::not_found) continue;
            const base::Bytes bytes = platform::read_file(crontab, crontab_bytes_max);
            const std::string_view text = base::as_text(bytes);
            if (agent::without_cron_block(text, home) != text) return true;
        } catch (const std::exception&) {  // of the file system too
            return true;
        }
    }
    return false;
}

std::string cron_refusal(const std::string& user) {
    // As the shell says it.
    constexpr int cannot_be_run = 126, is_not_there = 127;
    const platform::ChildResult ended = call_crontab(user, {"-l"});
    const std::string_view said = base::as_text(ended.output);
    if (ended.status == is_not_there) return no_crontab_program;
    bool refused = ended.status == cannot_be_run;
    // To the user himself, and to root who asks for him.
    for (const char* const words : {"not allowed to", "cannot use this program"})
        refused |= ended.status != 0 && said.find(words) != std::string_view::npos;
    return refused ? one_line(said) : "";
}

}  // namespace bt2c::cli
