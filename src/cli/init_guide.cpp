#include "cli/init_guide.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "base/error.hpp"
#include "base/text.hpp"
#include "chaindb/chain_tables.hpp"
#include "chaindb/sqlite/live_database.hpp"
#include "cli/automation_setup.hpp"
#include "cli/commands.hpp"
#include "cli/location_report.hpp"
#include "cli/network_target.hpp"
#include "cli/own_program.hpp"
#include "cli/repository_access.hpp"
#include "cli/scheduled_jobs.hpp"
#include "cli/secret_prompt.hpp"
#include "platform/file.hpp"
#include "repository/sync.hpp"

namespace bt2c::cli {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorKind;
using base::format;
using base::printable;

namespace {

/// Another command of this program, without any options.
Result run_as_usual(Command& command, Context& in) {
    Options usual;
    command.declare(usual);
    return command.run(in);
}

/// With all links resolved, as far as it is there.
fs::path without_links(const fs::path& path) {
    std::error_code error;
    const fs::path whole = fs::weakly_canonical(fs::absolute(path), error);
    return error ? fs::absolute(path).lexically_normal() : whole;
}

/// The phrase is for the day when the home is gone, and opens the backups for whoever has it.
void require_phrase_elsewhere(const fs::path& file, const config::Home& home,
                              const config::Settings& settings) {
    const auto refuse_below = [&](const fs::path& folder, const std::string& what, const char* cause) {
        if (folder.empty()) return;
        const fs::path inside = without_links(file).lexically_relative(without_links(folder));
        if (inside.empty() || *inside.begin() == "..") return;
        throw Error(ErrorKind::usage, format("the recovery phrase is not written into {}", what))
            .cause(cause)
            .hint("name a file on a disk that is carried away: --phrase-file /media/usb/words");
    };
    refuse_below(home.root, "the home", "it is for the day when this machine and all that is on it are gone");
    const char* const beside_backups = "whoever has the backups would have what opens them";
    refuse_below(settings.repository, "the folder for backups", beside_backups);
    for (const config::LocationSettings& location : settings.locations)
        if (location.kind == config::LocationKind::folder)
            refuse_below(location.path, format("location '{}'", location.name), beside_backups);
}

}  // namespace

InitGuide::InitGuide(const GlobalOptions& globals, Console& console, InitWishes wishes)
    : globals_(globals), console_(console), wishes_(std::move(wishes)), asks_(!wishes_.non_interactive) {
    if (asks_ && !(console.err.is_terminal() && ::isatty(STDIN_FILENO) == 1))
        throw Error(ErrorKind::usage, "there is no terminal to ask on")
            .state("nothing was changed")
            .hint(
                "--non-interactive asks nothing: see 'bt2c-dr init --help' for what can be said beforehand");
}

/// Before anything is made.
void InitGuide::check_wishes() const {
    const Context in = context();
    const config::Home& home = in.home_unchecked();
    try {
        settings_of_answers({.schedule = wishes_.schedule()}, "the options", home);
        if (!wishes_.phrase_file) return;
        // Whoever is asked may name another home.
        config::Settings settings = asks_ ? config::Settings() : in.settings();
        std::vector<KeyValues> wished = wishes_.locations();
        if (wishes_.repository && wishes_.repository != "none")
            wished.push_back({{"name", "repository"},
                              {"kind", "folder"},
                              {"path", folder_from_here(*wishes_.repository)}});
        for (const KeyValues& location : wished)
            settings.locations.push_back(settings_of_location(location, home).locations.at(0));
        require_phrase_elsewhere(*wishes_.phrase_file, home, settings);
    } catch (Error& error) {
        error.state("nothing was changed");
        throw;
    }
}

void InitGuide::run() {
    check_wishes();
    settle_home();
    look_at_chain();
    settle_places();
    if (wishes_.phrase_file) {
        const Context in = context();  // with the places that were named by now
        require_phrase_elsewhere(*wishes_.phrase_file, in.home(), in.settings());
    }
    settle_repository();
    settle_schedule();
    settle_first_backup();
}

Context InitGuide::context() const {
    return {globals_, console_};
}

void InitGuide::say(const std::string& text) const {
    if (!globals_.quiet || asks_) console_.err.write(with_given_options(text, globals_) + "\n");
}

void InitGuide::complain(const Error& error) const {
    std::string text = console_.err.styled(Style::red, "That will not do: ") + error.in_full();
    if (!error.hint().empty()) text += "\n  " + error.hint();
    console_.err.write(text + "\n");
}

void InitGuide::done(std::string name, std::string status, std::string detail) {
    const Style style = status == "done" ? Style::green : status == "left" ? Style::yellow : Style::dim;
    say(format("{}: {} ({})", console_.err.styled(Style::bold, name), detail,
               console_.err.styled(style, status)));
    steps_.push_back({std::move(name), std::move(status), with_given_options(detail, globals_)});
}

std::string InitGuide::ask(const std::string& question, const std::string& usual,
                           const std::function<void(const std::string&)>& take) const {
    for (;;) {
        const auto answer =
            ask_visibly(usual.empty() ? question : format("{} [{}]", question, printable(usual)));
        if (!answer) throw Error(ErrorKind::failed, "the terminal to ask on is gone");
        std::string text = answer->empty() ? usual : *answer;
        try {
            if (take) take(text);
            return text;
        } catch (const Error& error) {
            if (error.kind() == ErrorKind::interrupted) throw;
            complain(error);
        }
    }
}

bool InitGuide::ask_yes(const std::string& question, bool usual) const {
    const std::string answer = ask(question, usual ? "yes" : "no", [](const std::string& text) {
        if (text != "yes" && text != "no" && text != "y" && text != "n")
            throw Error(ErrorKind::usage, "please answer yes or no");
    });
    return answer[0] == 'y';
}

void InitGuide::settle_home() {
    const char* const named = std::getenv("BT2C_HOME");
    const fs::path usual = config::locate_home(globals_.home).root;
    bool make = wishes_.make_home;
    if (asks_ && !globals_.home && !(named && *named)) {
        say("The node's home holds its chain, its configuration and its keys.");
        globals_.home = ask("Home of the node", usual.native(), [&](const std::string& text) {
            const config::Home home = config::locate_home(fs::path(text));
            if (fs::exists(home.root)) return config::require_home(home);
            if (!ask_yes(format("There is no {}. Make it", printable(home.root.native())), false))
                throw Error(ErrorKind::usage, "then name another");
            make = true;
        });
    }
    const config::Home home = config::locate_home(globals_.home);
    const bool there = fs::exists(home.root);
    if (!there && !make)
        throw Error(ErrorKind::failed, format("there is no home {}", printable(home.root.native())))
            .state("nothing was changed")
            .hint("--home names another; --make-home makes it");
    if (!there) platform::durable_mkdir(home.root, 0700);
    config::require_home(home);
    done("home", there ? "already" : "done", printable(home.root.native()));
}

void InitGuide::look_at_chain() {
    Context in = context();
    const fs::path file = in.home().database();
    if (is_keeper(in))
        return done("chain", "already", "this home has none: it keeps the key of a repository");
    if (!fs::exists(file)) {
        return done(
            "chain", "left",
            format("there is no database {} yet; backups begin when it is there", printable(file.native())));
    }
    const auto live = chaindb::sqlite::LiveDatabase::open(file);
    live->begin_pass(chaindb::sqlite::Hold::whole);
    auto database = chaindb::sqlite::Connection::open_image(live->image());
    if (in.network()) chosen_network(in, database);  // throws unless it is there
    std::string text;
    for (const chaindb::NetworkTip& tip : chaindb::network_tips(database))
        text += format("{}{} at height {}", text.empty() ? "" : ", ", printable(tip.network), tip.height);
    live->end_pass();
    done("chain", "already", text.empty() ? "the database holds no block yet" : text);
}

void InitGuide::settle_schedule() {
    const std::string wished = wishes_.scheduler;
    Context in = context();
    KeyValues keys = wishes_.schedule();
    const AutomationSetup any(in, {});
    const std::vector<std::string> present = any.present();
    if (asks_ && wished != "none" && present.empty() && keys.empty()) {
        say("Backups, checks and restore tests can run by themselves. Times are UTC.");
        if (wished == "auto" && !ask_yes("Set that up", true))
            return done("schedule", "left", "bt2c-dr setup-automated-backups sets it up");
        const auto try_key = [&](const std::string& key) {
            return [key](const std::string& value) {
                settings_of_answers({.schedule = {{key, value}}}, "the answer", config::Home{"/"});
            };
        };
        const config::ScheduleSettings now = in.settings().schedule;
        const auto text = [](const auto& time) { return time ? config::weekly_time_text(*time) : "off"; };
        keys.emplace_back("full", ask("Full backups at", text(now.full), try_key("full")));
        keys.emplace_back("incremental_minutes",
                          ask("Minutes from one incremental backup to the next, 0 for none",
                              format("{}", now.incremental_minutes), try_key("incremental_minutes")));
    }
    const config::Settings before = in.settings();
    std::erase_if(keys, [&](const auto& key) {
        // What it says already needs no line.
        const auto with = settings_of_answers({.schedule = {key}}, "the answer", in.home());
        const config::ScheduleSettings &a = with.schedule, &b = before.schedule;
        return key.first == "full"           ? a.full == b.full
               : key.first == "verify"       ? a.verify == b.verify
               : key.first == "restore_test" ? a.restore_test == b.restore_test
                                             : a.incremental_minutes == b.incremental_minutes;
    });
    if (!keys.empty()) {
        add_settings({.schedule = keys});
        std::string now;
        for (const auto& [key, value] : keys) now += format("{}{} = {}", now.empty() ? "" : ", ", key, value);
        done("schedule times", "done", "dr.toml says now: " + now);
    }
    if (wished == "none") return done("schedule", present.empty() ? "left" : "already", "not asked for");
    Context after = context();
    const AutomationSetup setup(after,
                                {.scheduler = wished == "auto" && !present.empty() ? present[0] : wished,
                                 .root = {},
                                 .user = {},
                                 .variables = AutomationSetup::Wishes::Variables::installed_or_here});
    const std::string chosen = setup.choose();
    const Installed installed = setup.install(chosen, false);
    done("schedule", installed.changed ? "done" : "already", "jobs are run by " + scheduler_text(chosen));
    for (const std::string& note : setup.notes(chosen)) say("note: " + note);
}

/// What a run that was cut off left undone in some locations.
void InitGuide::catch_up(Context& in) {
    const LocationReport report = look_at_locations(in.locations(), {});
    if (std::ranges::none_of(report.all, [](const auto& one) { return one.state == "behind"; })) return;
    if (fs::exists(in.home().write_key_file()))  // which cannot read what is to be copied
        return done("locations", "left", "bt2c-dr location status tells which are behind");
    if (run_as_usual(*location_sync_command(), in).outcome) partial_ = true;
    done("locations", "done", "those that were behind are brought up to date");
}

void InitGuide::settle_first_backup() {
    std::string id;
    {
        Context in = context();  // whose progress bar ends before the result is told
        in.use_password(password_ ? std::optional(password_->copy()) : std::nullopt);
        if (is_keeper(in)) return done("backup", "already", "they are made on the nodes that store here");
        if (!fs::exists(in.home().database())) return done("backup", "left", "there is no database yet");
        if (!repository::backup_ids(repository_location(in)->list("manifests")).empty()) {
            done("backup", "already", "there are backups");
            return catch_up(in);
        }
        if (!wishes_.first_backup && !(asks_ && ask_yes("Make the first backup now", true)))
            return done("backup", "left", "the next command: bt2c-dr backup");
        const Result result = run_as_usual(*backup_command(), in);
        if (result.outcome == ErrorKind::partial) partial_ = true;
        id = result.document.string_at("id");
    }
    done("backup", "done", "full backup " + id.substr(0, 8) + " is stored");
}

}  // namespace bt2c::cli
