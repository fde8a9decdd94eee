#include "cli/locations.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "cli/location_admission.hpp"
#include "cli/location_trial.hpp"
#include "platform/file.hpp"
#include "storage/local/local_location.hpp"

namespace bt2c::cli {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorKind;
using base::format;
using repository::Repository;
using storage::fan_out::reason_of;

namespace {

constexpr std::uint64_t format_bytes_max = 4096;
/// For the first answer of a location; its own time limits come to minutes where names do not resolve.
constexpr std::chrono::seconds answer_patience{15};

bool has_backups(const Locations::One& one) {
    try {
        return !one.location->list("manifests").empty();
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::interrupted) throw;
        return false;
    }
}

bool are_one_folder(const Locations::One& a, const Locations::One& b) {
    using storage::local::LocalLocation;
    const auto* const first = dynamic_cast<const LocalLocation*>(a.location.get());
    const auto* const second = dynamic_cast<const LocalLocation*>(b.location.get());
    return first && second && same_folder(first->folder(), second->folder());
}

}  // namespace

Locations::Locations(const config::Settings& settings, const config::Home& home, base::Progress& progress,
                     const std::vector<std::string>& start_anew)
    : home_(home), progress_(progress) {
    std::vector<storage::fan_out::Place> places;
    for (OpenedLocation& opened : open_locations(settings)) {
        if (const auto* const folder =
                dynamic_cast<const storage::local::LocalLocation*>(opened.place.location.get())) {
            opened.facts.own_disk = on_one_disk(folder->folder(), home.root);
            opened.facts.system_disk = opened.facts.own_disk || on_one_disk(folder->folder(), "/");
        }
        all_.push_back(
            {opened.place.name, opened.facts, opened.place.location, false, "", opened.place.uploads});
        places.push_back(std::move(opened.place));
    }
    held_back_.resize(all_.size());
    if (all_.size() == 1) {
        all_.front().place = place_text(*all_.front().location);
        whole_ = all_.front().location;
        all_.front().has_repository = true;  // or there is none at all
        return;
    }
    fan_ = std::make_shared<storage::fan_out::FanOut>(std::move(places));
    whole_ = fan_;
    admit_all(start_anew);
}

void Locations::leave_out(std::size_t index, const Error& reason) {
    all_[index].problem = base::printable(reason_of(reason));
    progress_.note(format("location '{}' is left out: {}", all_[index].name, all_[index].problem));
}

void Locations::leave_out_double(std::size_t index) {
    One& one = all_[index];
    for (std::size_t other = 0; other < index; ++other) {  // those that answer, so that nothing hangs here
        if (fan_->parts()[index]->away() || fan_->parts()[other]->away()) continue;
        if (!are_one_folder(one, all_[other])) continue;
        one.is_double = true;
        const Error reason =
            Error(ErrorKind::failed, format("it is the same folder as location '{}'", all_[other].name))
                .cause(format("{} is {}", one.location->describe(), all_[other].location->describe()))
                .hint("a copy beside itself is none: give it a place of its own in dr.toml, or take it out");
        leave_out(index, reason);
        fan_->refuse(index, reason);
        return;
    }
}

void Locations::admit_all(const std::vector<std::string>& start_anew) {
    const auto answers = fan_->ask_all("format", format_bytes_max, answer_patience);
    std::vector<Applicant> applicants;
    for (std::size_t i = 0; i < all_.size(); ++i) {
        One& one = all_[i];
        const bool is_silent = fan_->parts()[i]->away().has_value();
        one.place = is_silent ? one.location->describe() : place_text(*one.location);
        leave_out_double(i);
        // What is there twice has one vote.
        const bool is_away = is_silent || one.is_double;
        const auto held = one.is_double ? std::nullopt : held_there(one);
        const bool all_anew = std::ranges::find(start_anew, "*") != start_anew.end();
        Applicant applicant{one.name,
                            one.is_double ? std::nullopt : answers[i],
                            is_away,
                            held.has_value(),
                            held ? held->repository_id : "",
                            all_anew || std::ranges::find(start_anew, one.name) != start_anew.end(),
                            [&one] { return has_backups(one); },
                            one.location->if_emptied()};
        if (held && held->is_disk_apart && one.facts.system_disk && !all_anew)
            applicant.note_of_other_disk = held->file.native();
        applicants.push_back(std::move(applicant));
    }
    const std::vector<Admission> admissions = admit(applicants);
    bool found = false;
    for (std::size_t i = 0; i < all_.size(); ++i) {
        found = found || repository_id_in(answers[i]);
        all_[i].has_repository = admissions[i].has_repository;
        all_[i].is_strange = admissions[i].is_strange;
        if (all_[i].is_double) continue;
        if (const auto away = fan_->parts()[i]->away()) {
            silent_ = true;
            leave_out(i, *away);
        } else if (const auto& refusal = admissions[i].refusal) {
            leave_out(i, *refusal);
            // One that lost its contents may still have them elsewhere: absence from it proves nothing.
            admissions[i].is_strange ? fan_->refuse(i, *refusal) : fan_->leave(i, *refusal);
        }
    }
    for (std::size_t i = 0; i < all_.size(); ++i)
        if (found && !answers[i]) fan_->note_empty(i);
}

std::shared_ptr<storage::Location> Locations::watched() {
    const One& one = all_.front();
    if (fan_ || one.facts.kind == "folder") return whole_;
    only_ = std::make_shared<storage::fan_out::Part>(
        storage::fan_out::Place{one.name, one.location, true, one.uploads});
    return only_;
}

std::optional<Error> Locations::lost() const {
    for (std::size_t i = 0; i < all_.size(); ++i) {
        const auto part = fan_ ? fan_->parts()[i] : only_;
        if (!part || !part->remote() || !all_[i].problem.empty()) continue;
        if (const auto away = part->away())
            return Error(ErrorKind::failed, format("location '{}' was lost meanwhile", all_[i].name))
                .cause(reason_of(*away));
    }
    return std::nullopt;
}

std::string Locations::problem_of(std::size_t index) const {
    const std::string& problem = all_[index].problem;
    if (!problem.empty() || !fan_) return problem;
    const auto away = fan_->parts()[index]->away();
    return away ? base::printable(reason_of(*away)) : "";
}

std::vector<Locations::LeftOut> Locations::unasked() const {
    std::vector<LeftOut> left_out;
    for (std::size_t i = 0; i < all_.size(); ++i) {
        if (all_[i].is_double) continue;  // the other one has all that is there
        // What held this repository may have its object 'format' damaged alone.
        if (all_[i].is_strange && !all_[i].has_repository) continue;
        if (std::string why = problem_of(i); !why.empty()) left_out.push_back({all_[i].name, std::move(why)});
    }
    return left_out;
}

storage::Location& Locations::asked(std::size_t index) const {
    if (fan_) return *fan_->parts()[index];
    return *all_[index].location;
}

std::optional<PlaceNote> Locations::held_there(const One& one) const {
    return noted_at(home_, one.name, one.place, one.location->describe());
}

const Locations::One& Locations::first() const {
    const One& one = all_.front();
    if (!one.problem.empty())
        throw Error(ErrorKind::failed, format("cannot use location '{}', which has the keys first", one.name))
            .cause(one.problem)
            .state("nothing was changed");
    if (!one.has_repository)
        throw Error(ErrorKind::failed, format("cannot use location '{}', which has the keys first", one.name))
            .cause("nothing is stored there yet, or not any more")
            .state("nothing was changed")
            .hint(format("{} Otherwise 'bt2c-dr location sync {}' fills it first", one.location->if_emptied(),
                         one.name));
    return one;
}

repository::SyncOptions Locations::sync_options(const One& target) const {
    return {problem_of(0).empty() ? all_.front().location.get() : nullptr, target.uploads};
}

bool Locations::any_usable() const {
    for (std::size_t i = 0; i < all_.size(); ++i)
        if (problem_of(i).empty()) return true;
    return false;
}

void Locations::require_found() const {
    std::string away;
    for (const One& one : all_) {
        if (one.has_repository) return;
        if (!one.problem.empty() && !one.is_double)
            away += format("{}{}: {}", away.empty() ? "" : "; ", one.name, one.problem);
    }
    if (!away.empty())
        throw Error(ErrorKind::failed, "cannot open the repository: no location that can be reached has it")
            .cause(away)
            .state("nothing was read or changed")
            .hint(silent_
                      ? format("mend one of these, or their tables in {}; no new repository is made while "
                               "one of them may hold the old one",
                               base::printable(home_.settings_file().native()))
                      : "mount their disks; to begin with a new repository: bt2c-dr repository init");
}

bool Locations::only_one_lost_it() const {
    const One& one = all_.front();
    const bool is_in_home = one.location->describe().starts_with(home_.root.native() + "/");
    return !fan_ && !is_in_home && held_there(one) && !Repository::exists(*one.location);
}

void Locations::require_never_held() const {
    if (!only_one_lost_it()) return;
    const One& one = all_.front();
    throw Error(ErrorKind::failed,
                format("cannot use location '{}': it is empty, and held the repository before", one.name))
        .cause(base::printable(one.location->describe()))
        .state("nothing was stored")
        .hint(format("{} To begin with a new repository there: bt2c-dr repository init",
                     one.location->if_emptied()));
}

Repository Locations::init(const std::vector<Repository::LabelledSecret>& secrets) {
    Repository::require_none(*whole_);
    const auto at = std::ranges::find_if(all_, [](const One& one) { return one.problem.empty(); });
    if (at == all_.end())
        throw Error(ErrorKind::failed, "cannot make a repository: no location can be used")
            .cause(all_.front().problem)
            .state("nothing was changed");
    const Repository made = Repository::init(at->location, secrets);
    at->has_repository = true;
    return made.at(whole_);
}

std::vector<std::optional<std::set<std::string>>> Locations::holdings() const {
    if (!fan_) return {repository::backup_ids(whole_->list("manifests"))};
    std::vector<std::optional<std::set<std::string>>> holdings;
    for (const auto& list : fan_->list_each("manifests")) {
        holdings.emplace_back();
        if (list) holdings.back() = repository::backup_ids(*list);
    }
    return holdings;
}

std::vector<LocationOutcome> Locations::on_each(
    const std::function<void(std::size_t, storage::Location&)>& job) {
    if (!fan_) {
        job(0, *all_.front().location);
        return {{all_.front().name, "ok", ""}};
    }
    const auto failures = fan_->do_each([&](std::size_t i) { job(i, *fan_->parts()[i]); }, answer_patience);
    base::throw_if_interrupted();
    std::vector<LocationOutcome> outcomes;
    for (std::size_t i = 0; i < all_.size(); ++i) {
        One& one = all_[i];
        if (failures[i] && one.problem.empty()) {
            leave_out(i, *failures[i]);
            fan_->leave(i, *failures[i]);
        }
        const char* const fault = one.is_double ? "double" : "failed";
        outcomes.push_back({one.name, one.problem.empty() ? "ok" : fault, one.problem});
    }
    return outcomes;
}

std::vector<LocationOutcome> Locations::share_basics(const Repository& repository) {
    if (!fan_) return {{all_.front().name, "ok", ""}};
    auto outcomes = on_each([&](std::size_t i, storage::Location& location) {
        require_own_place(all_[i]);
        repository::SyncOptions options = sync_options(all_[i]);
        if (options.slots) options.slots = &asked(0);
        repository::sync_basics(repository, location, options);
    });
    for (std::size_t i = 0; i < all_.size(); ++i) {
        if (outcomes[i].status != "ok") continue;
        all_[i].has_repository = true;
        remember(all_[i], repository);
    }
    return outcomes;
}

void Locations::require_own_place(const One& one) const {
    if (!fan_ || held_there(one)) return;
    NamedLocations others;
    bool is_behind = false;
    for (std::size_t i = 0; i < all_.size(); ++i) {
        const One& other = all_[i];
        is_behind = is_behind || &other == &one;
        if (&other == &one || !problem_of(i).empty()) continue;
        // Of two that are new the second one is the same as the first.
        if (!is_behind || held_there(other)) others.emplace_back(other.name, fan_->parts()[i]);
    }
    const auto at = static_cast<std::size_t>(&one - all_.data());
    cli::require_own_place(*fan_->parts()[at], others);
}

bool Locations::is_untried(const One& one) const {
    return one.has_repository && !held_there(one) &&
           std::ranges::any_of(all_, [&](const One& other) { return held_there(other).has_value(); });
}

std::vector<LocationOutcome> Locations::share_small(const Repository& repository) {
    if (!fan_) return {{all_.front().name, "ok", ""}};
    return on_each([&](std::size_t, storage::Location& location) {
        const repository::SyncReport copied = repository::sync_small(repository, location);
        if (!copied.left.empty()) throw Error(ErrorKind::failed, copied.left.front().why);
    });
}

std::vector<LocationOutcome> Locations::remove_slot(const std::string& object) {
    first().location->remove(object);
    return on_each([&](std::size_t, storage::Location& location) { location.remove(object); });
}

namespace {
std::string slow_text(const storage::fan_out::Note& note) {
    return format("it is slow ({}), so the others are read before it", note.text);
}
}  // namespace

base::Json Locations::faults() const {
    base::Json list = base::Json::array();
    if (!fan_) return list;
    for (const One& one : all_)
        if (!one.problem.empty())
            list.push(
                base::Json::object({{"location", one.name}, {"text", "it is left out: " + one.problem}}));
    for (const storage::fan_out::Note& note : fan_->faults())
        list.push(base::Json::object({{"location", note.part}, {"text", base::printable(note.text)}}));
    for (const storage::fan_out::Note& note : fan_->slow())
        list.push(base::Json::object({{"location", note.part}, {"text", slow_text(note)}}));
    return list;
}

void Locations::tell_faults() const {
    if (!fan_) return;
    for (const storage::fan_out::Note& note : fan_->faults()) {
        const auto at =
            static_cast<std::size_t>(std::ranges::find(all_, note.part, &One::name) - all_.begin());
        if (!problem_of(at).empty()) continue;  // it broke down, which says nothing of its copies
        progress_.note(
            format("location '{}' could not give what it should ({}); another copy was used. To mend "
                   "it: bt2c-dr repository check --repair --read-data --location {}",
                   note.part, base::printable(note.text), note.part));
    }
    for (const storage::fan_out::Note& note : fan_->slow())
        progress_.note(format("location '{}': {}", note.part, slow_text(note)));
}

void Locations::remember(const One& one, const Repository& repository) const {
    try {
        note_place(home_, one.name,
                   {one.location->describe(), one.place, repository.id().hex(),
                    one.facts.kind == "folder" && !one.facts.system_disk});
    } catch (const Error& error) {
        progress_.note(format("cannot note that location '{}' is in use: {}", one.name, reason_of(error)));
    }
}

}  // namespace bt2c::cli
