#pragma once
// All locations of the repository as one, and each of them.

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/progress.hpp"
#include "cli/location_outcome.hpp"
#include "cli/location_records.hpp"
#include "cli/open_locations.hpp"
#include "config/home.hpp"
#include "repository/repository.hpp"
#include "repository/sync.hpp"
#include "storage/fan_out/fan_out.hpp"

namespace bt2c::cli {

/// Lives as long as the command. A location that does not answer, or holds another repository, is told of on
/// stderr and left out.
class Locations {
 public:
    /// `start_anew`: names of locations that may be empty though they held the repository before; "*" for
    /// all.
    Locations(const config::Settings& settings, const config::Home& home, base::Progress& progress,
              const std::vector<std::string>& start_anew = {});

    struct One {
        std::string name;
        LocationFacts facts;
        std::shared_ptr<storage::Location> location;
        bool has_repository = false;
        std::string problem;  ///< why it is left out; empty when it is not
        unsigned uploads = 1;
        std::string place = {};   ///< as place_text() has it, where it answered
        bool is_strange = false;  ///< what it says of itself is of another repository
        bool is_double = false;   ///< the folder of one before it, which is used in its stead
    };
    const std::vector<One>& all() const { return all_; }
    /// What repositories are opened at: the only location, or all of them as one.
    const std::shared_ptr<storage::Location>& whole() const { return whole_; }
    /// The same, and lost() knows afterwards what happened. For reading.
    std::shared_ptr<storage::Location> watched();
    /// Why a location behind a network that could be used at first cannot be used any more, with its name;
    /// nothing where all can.
    std::optional<base::Error> lost() const;
    /// Why a location cannot be used; empty: it can.
    std::string problem_of(std::size_t index) const;
    struct LeftOut {
        std::string name, why;
    };
    /// Those that cannot be asked now and may hold backups of this repository.
    std::vector<LeftOut> unasked() const;
    /// One of all(), to be asked: it is away here once it is for whole().
    storage::Location& asked(std::size_t index) const;
    /// Leaves out those that owe an answer for longer; whether there are any. Safe in another thread.
    bool leave_silent(std::chrono::milliseconds patience) const;
    /// The first one, which says what keys there are; throws Error where it is left out.
    const One& first() const;
    /// How to bring `target` up to date.
    repository::SyncOptions sync_options(const One& target) const;

    bool any_usable() const;
    /// Throws Error where none of those that can be reached has the repository and one that cannot may have
    /// it.
    void require_found() const;

    /// Throws Error where the only location held a repository that is not there now: its disk may not be
    /// mounted. One inside the home is there with its home.
    void require_never_held() const;
    bool only_one_lost_it() const;

    /// Makes a new repository in the first location that can be reached; the others get it from there.
    repository::Repository init(const std::vector<repository::Repository::LabelledSecret>& secrets);

    /// Gives every other location the object `format` and the first one's key slots, as far as it lacks them.
    std::vector<LocationOutcome> share_basics(const repository::Repository& repository);
    /// Gives every location the marks, pins and proofs that it lacks of those that the others have.
    std::vector<LocationOutcome> share_small(const repository::Repository& repository);
    /// Removes a key slot from every location, the first one first, which must be reached.
    std::vector<LocationOutcome> remove_slot(const std::string& object);

    /// Before a backup: makes sure that one location at least has all earlier ones, and that those that have
    /// not get no manifest yet whose base they lack.
    void begin_backup(const repository::Repository& repository);
    /// After it: waits for the slower locations, at most so long, and brings those up to date that lack more.
    std::vector<LocationOutcome> finish_backup(const repository::Repository& repository,
                                               std::chrono::seconds patience);

    /// Waits a little until what a command stored last, such as a proof, is in all locations, and tells on
    /// stderr which have not got it.
    void settle() const;

    /// Ids of the backups in each location; nullopt where it is left out.
    std::vector<std::optional<std::set<std::string>>> holdings() const;

    /// Copies that could not be used while something was read, on stderr.
    void tell_faults() const;
    /// The same for programs: a list of {location, text}.
    base::Json faults() const;
    /// Throws Error where a location that was not in use before is another one by another name: nobody sees
    /// that for sure but by writing, of folders behind two mounts neither, and a copy beside itself is none.
    void require_own_place(const One& one) const;
    /// It has the repository, and while others were in use nothing was brought there from this home: it may
    /// be another one by another name.
    bool is_untried(const One& one) const;
    /// A location that has the repository from now on is not taken for an empty one again.
    void remember(const One& one, const repository::Repository& repository) const;

 private:
    /// Where it is the folder of one before it, as far as that is seen without writing.
    void leave_out_double(std::size_t index);
    void admit_all(const std::vector<std::string>& start_anew);
    /// Does `job` to each location that is not left out, side by side; one that fails or is silent is left
    /// out.
    std::vector<LocationOutcome> on_each(const std::function<void(std::size_t, storage::Location&)>& job);
    void leave_out(std::size_t index, const base::Error& reason);
    /// As noted_at() has it.
    std::optional<PlaceNote> held_there(const One& one) const;
    std::vector<LocationOutcome> catch_up(const repository::Repository& repository,
                                          std::vector<LocationOutcome> outcomes,
                                          std::chrono::steady_clock::time_point end);

    config::Home home_;
    base::Progress& progress_;
    std::vector<One> all_;
    std::shared_ptr<storage::fan_out::FanOut> fan_;  ///< null where there is one location only
    std::shared_ptr<storage::Location> whole_;
    std::shared_ptr<storage::fan_out::Part> only_;  ///< once it is watched
    std::vector<bool> held_back_;
    bool silent_ = false;  ///< one of them at least could not be asked at first
};

/// While it lives a location that owes an answer for longer than `patience` is left out, and what runs in
/// this thread is interrupted, to be done again without that one.
class SilenceWatch {
 public:
    SilenceWatch(const Locations& locations, std::chrono::milliseconds patience);
    ~SilenceWatch();
    SilenceWatch(const SilenceWatch&) = delete;
    SilenceWatch& operator=(const SilenceWatch&) = delete;

 private:
    std::atomic<bool> stop_ = false, ended_ = false;
    base::StopScope scope_{&stop_};
    std::thread thread_;
};

}  // namespace bt2c::cli
