// Where backups go: asked for, tried, and written into dr.toml.

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "cli/init_guide.hpp"
#include "cli/location_trial.hpp"
#include "cli/locations.hpp"
#include "cli/open_locations.hpp"
#include "platform/file.hpp"
#include "repository/repository.hpp"
#include "storage/local/local_location.hpp"

namespace bt2c::cli {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorKind;
using base::format;
using base::printable;
using repository::Repository;

namespace {

constexpr std::uint64_t settings_bytes_max = 1 << 20;

fs::path file_of(const Context& in) {
    const auto& config = in.globals().config;
    return config ? fs::absolute(*config) : in.home_unchecked().settings_file();
}

std::string value_of(const KeyValues& values, const std::string& key) {
    const auto found = std::ranges::find(values, key, [](const auto& one) { return one.first; });
    return found == values.end() ? "" : found->second;
}

std::shared_ptr<storage::Location> folder_location(const fs::path& folder) {
    return std::make_shared<storage::local::LocalLocation>(folder);
}

/// What root makes for somebody else's home is theirs, as are the folders on the way: their jobs write there.
void make_for_owner_of(const fs::path& home, const fs::path& folder) {
    struct stat owner {};
    if (::geteuid() != 0 || ::stat(home.c_str(), &owner) != 0 || owner.st_uid == 0) return;
    if (std::error_code unreachable; folder.empty() || fs::exists(folder, unreachable) || unreachable) return;
    make_for_owner_of(home, folder.parent_path());
    platform::durable_mkdir(folder, 0700);
    try {
        platform::give_to_owner_of(home, platform::open_for_reading(folder, false).get());
    } catch (const Error&) {
        // Some file systems have no owners; where its own cannot write there doctor tells it.
    }
}

struct Question {
    const char* key;
    const char* text;
    const char* usual;  ///< "" where there is none
};

std::vector<Question> questions_of(const std::string& kind) {
    if (kind == "folder")
        return {{"name", "A name for it", "disk"},
                {"path", "The folder, on another disk, which is mounted", ""},
                {"offsite", "Is it away from this site (yes, no)", "no"}};
    if (kind == "s3")
        return {{"name", "A name for it", "s3"},
                {"endpoint", "URL of the service (empty: Amazon's)", ""},
                {"bucket", "Bucket", ""},
                {"prefix", "In front of all names, this node's own", "node"},
                {"region", "Region", "us-east-1"}};
    return {{"name", "A name for it", "sftp"},
            {"host", "Host", ""},
            {"port", "Port", "22"},
            {"user", "User (empty: the one that runs this)", ""},
            {"path", "Folder there, relative to that user's home", "bt2c"},
            {"key_file", "File of the SSH key (empty: the agent's keys and the user's own)", ""}};
}

/// Whoever takes the question for another one gets no folder of that name.
void refuse_yes_and_no(const std::string& answer) {
    for (const char* word : {"y", "yes", "n", "no"})
        if (base::ascii_lower(answer) == word)
            throw Error(ErrorKind::usage, format("'{}' is no folder", answer))
                .hint(format("the name of a folder is asked for; one of that name is ./{}", answer));
}

std::string as_setting(const std::string& kind, const std::string& key, const std::string& answer) {
    if (kind == "folder" && key == "path") return folder_from_here(answer);
    if (key != "offsite") return answer;
    return answer == "yes" || answer == "y" ? "true" : answer == "no" || answer == "n" ? "false" : answer;
}

/// One answer alone, by the rules of dr.toml.
void check_answer(const std::string& kind, const std::string& key, const std::string& answer,
                  const config::Home& home) {
    const bool needed = key == "name" || key == "path" || key == "bucket" || key == "host";
    if (answer.empty() && needed) throw Error(ErrorKind::usage, "it cannot be left out");
    if (answer.empty()) return;
    KeyValues location{{"name", "x"}, {"kind", kind}};
    if (kind != "s3") location.emplace_back("path", "x");
    if (kind == "s3") location.emplace_back("bucket", "x");
    if (kind == "sftp") location.emplace_back("host", "x");
    std::erase_if(location, [&](const auto& one) { return one.first == key; });
    location.emplace_back(key, answer);
    settings_of_location(location, home);
}

/// By whatever names they go: what stands in dr.toml twice is left out by every command.
void require_other_place(const config::Settings& settings, const config::LocationSettings& made) {
    if (made.kind != config::LocationKind::folder) return;
    const auto require = [&](const std::string& name, const fs::path& path) {
        if (path.empty() || !same_folder(path, made.path)) return;
        throw Error(ErrorKind::usage,
                    format("'{}' is the folder of location '{}'", printable(made.path.native()), name))
            .hint("a copy beside itself is none: name another folder");
    };
    require("local", settings.repository);
    for (const config::LocationSettings& present : settings.locations)
        if (present.kind == config::LocationKind::folder) require(present.name, present.path);
}

/// Those of the settings that another name may lead to, of folders another mount; asked once, and not for
/// long.
NamedLocations others_in(config::Settings settings) {
    for (config::LocationSettings& present : settings.locations) {
        present.timeout_seconds = std::min(present.timeout_seconds, 5);
        present.retries = 0;
    }
    NamedLocations others;
    for (const OpenedLocation& present : open_locations(settings))
        others.emplace_back(present.place.name, present.place.location);
    return others;
}

}  // namespace

void InitGuide::add_settings(const SettingsAdditions& additions) const {
    if (additions.empty()) return;
    const Context in = context();
    const fs::path named = file_of(in);
    if (!fs::exists(named)) {
        const std::string text = with_settings("# Settings of bt2c-dr; its handbook tells all keys.\n",
                                               additions, named, in.home());
        platform::durable_mkdir(named.parent_path(), 0755);
        platform::DurableFile file(named, 0644);
        file.append(base::as_bytes(text));
        platform::give_to_owner_of(in.home().root, file.fd());
        if (!file.commit(platform::DurableFile::Existing::refuse))
            throw Error(ErrorKind::busy, "another process wrote dr.toml just now")
                .hint("run the command again");
        return;
    }
    const fs::path file = fs::canonical(named);  // a link stays one
    const base::Bytes before = platform::read_file(file, settings_bytes_max);
    const std::string text = with_settings(std::string(base::as_text(before)), additions, named, in.home());
    platform::rewrite_durably(file, base::as_bytes(text));
}

void InitGuide::settle_places() {
    {
        const Context in = context();
        in.settings();  // what is there already must be sound
        done("settings", fs::exists(file_of(in)) ? "already" : "left",
             fs::exists(file_of(in)) ? printable(file_of(in).native())
                                     : std::string("there is no dr.toml yet"));
    }
    // A repository that is nowhere else yet may have to be named "none" beside the first other location.
    const std::vector<KeyValues> wished = wishes_.locations();
    if (wishes_.repository == "none")
        for (const KeyValues& location : wished) settle_wished_location(location);
    settle_repository_folder();
    if (wishes_.repository != "none")
        for (const KeyValues& location : wished) settle_wished_location(location);
    if (asks_) ask_for_locations();
}

void InitGuide::settle_repository_folder() {
    Context in = context();
    const fs::path present = in.settings().repository;
    const auto folder_of = [&](const std::string& text) {
        const KeyValues alone{{"name", "x"}, {"kind", "folder"}, {"path", folder_from_here(text)}};
        return settings_of_location(alone, in.home()).locations[0].path;
    };
    const auto try_folder = [&](const std::string& text) {
        if (text == "none") {
            if (in.settings().locations.empty())
                throw Error(ErrorKind::usage, "'none' needs another location first")
                    .hint("name the folder; --location adds others");
            return;
        }
        make_for_owner_of(in.home().root, folder_of(text));
        config::Settings others = in.settings();
        others.repository.clear();
        try_location(*folder_location(folder_of(text)), others_in(std::move(others)));
    };
    std::string wished = wishes_.repository.value_or("");
    const bool there = present.empty() || fs::exists(present / "format");
    if (there && (wished.empty() || (wished == "none" ? present.empty() : folder_of(wished) == present)))
        return done("repository folder", "already", present.empty() ? "none" : printable(present.native()));
    if (wished.empty() && asks_) {
        say("Backups are kept in a folder of this machine first, and in other locations beside it.");
        wished = ask("Folder for backups on this machine", present.native(), [&](const std::string& text) {
            refuse_yes_and_no(text);
            try_folder(text);
        });
    } else {
        if (wished.empty()) wished = present.native();
        try_folder(wished);
    }
    const fs::path folder = wished == "none" ? fs::path() : folder_of(wished);
    const bool changed = folder != present;
    if (!folder.empty()) wished = folder.native();
    if (changed) add_settings({.repository = wished});
    done("repository folder", changed ? "done" : "already", printable(wished));
    if (!folder.empty() && on_one_disk(folder, in.home().root))
        say("note: it is on the same disk as the node's home; only other locations survive that disk");
}

void InitGuide::settle_wished_location(const KeyValues& wished) {
    const Context in = context();
    const config::LocationSettings asked = settings_of_location(wished, in.home()).locations.at(0);
    for (const config::LocationSettings& present : in.settings().locations) {
        if (present.name != asked.name) continue;
        if (present == asked) return done("location " + asked.name, "already", "it stands in dr.toml");
        throw Error(ErrorKind::failed,
                    format("location '{}' stands in dr.toml with other settings", asked.name))
            .state("it is as it was")
            .hint("change it there, or give this one another name");
    }
    add_location(wished);
}

void InitGuide::add_location(const KeyValues& location) {
    Context in = context();
    const config::Settings alone = settings_of_location(location, in.home());
    const std::string& name = alone.locations.at(0).name;
    for (const config::LocationSettings& present : in.settings().locations)
        if (present.name == name)
            throw Error(ErrorKind::usage, format("the name '{}' is taken", name)).hint("choose another name");
    require_other_place(in.settings(), alone.locations.at(0));
    if (alone.locations.at(0).kind == config::LocationKind::folder)
        make_for_owner_of(in.home().root, alone.locations.at(0).path);
    const auto place = open_locations(alone).at(0).place.location;
    const LocationTrial trial = try_location(*place, others_in(in.settings()));
    const fs::path& own = in.settings().repository;
    if (trial.repository && !own.empty() && fs::exists(own / "format")) {
        const auto mine = Repository::read_id(*folder_location(own)).hex();
        if (mine != *trial.repository)
            throw Error(ErrorKind::failed,
                        format("another repository lies at {}", printable(place->describe())))
                .cause(
                    format("it is {}, this node's is {}", trial.repository->substr(0, 8), mine.substr(0, 8)))
                .hint("give this node a folder or prefix of its own there");
    }
    add_settings({.locations = {location}});
    done("location " + name, "done",
         format("{}: written, read back and listed{}", printable(place->describe()),
                trial.removable ? "" : "; nothing can be removed there"));
    if (const config::LocationSettings& made = alone.locations.at(0);
        made.kind == config::LocationKind::folder && on_one_disk(made.path, in.home().root))
        say("note: it is on the same disk as the node's home; is its own disk not mounted?");
}

KeyValues InitGuide::ask_location(const std::string& kind, const KeyValues& before) const {
    if (kind == "s3")
        say("Its keys are taken from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or from "
            "~/.aws/credentials.");
    const config::Home home = context().home();
    KeyValues values;
    for (const Question& question : questions_of(kind)) {
        const std::string known = value_of(before, question.key);
        const std::string answer =
            ask(question.text, known.empty() ? question.usual : known, [&](const std::string& text) {
                if (kind == "folder" && std::string_view(question.key) == "path") refuse_yes_and_no(text);
                check_answer(kind, question.key, as_setting(kind, question.key, text), home);
            });
        if (!answer.empty()) values.emplace_back(question.key, as_setting(kind, question.key, answer));
    }
    values.insert(values.begin() + (values.empty() ? 0 : 1), {"kind", kind});
    return values;
}

void InitGuide::ask_for_locations() {
    say("Three locations, one of them offsite, survive any two failures.");
    for (;;) {
        const Context in = context();
        std::string names = in.settings().repository.empty() ? "" : "local";
        for (const config::LocationSettings& present : in.settings().locations)
            names += (names.empty() ? "" : ", ") + present.name;
        const std::string kind =
            ask(format("There are: {}. One more (folder, s3, sftp, no)", names), "no",
                [](const std::string& text) {
                    for (const char* known : {"folder", "s3", "sftp", "no"})
                        if (text == known) return;
                    throw Error(ErrorKind::usage, "please answer folder, s3, sftp or no");
                });
        if (kind == "no") return;
        for (KeyValues answers;;) {
            answers = ask_location(kind, answers);
            try {
                add_location(answers);
                break;
            } catch (const Error& error) {
                if (error.kind() == ErrorKind::interrupted) throw;
                complain(error);
            }
            if (!ask_yes("Answer again", true)) break;
        }
    }
}

}  // namespace bt2c::cli
