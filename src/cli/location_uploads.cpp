// What a command stores, on its way to all locations.

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/text.hpp"
#include "cli/locations.hpp"

namespace bt2c::cli {

using base::Error;
using base::ErrorKind;
using base::format;
using repository::Repository;
using storage::fan_out::reason_of;
using storage::fan_out::Standing;

namespace {

/// For small objects, on their way to all locations when a command is done otherwise.
constexpr std::chrono::seconds settle_patience{15};

}  // namespace

void Locations::begin_backup(const Repository& repository) {
    if (!fan_) return;
    share_basics(repository);
    const std::set<std::string> retired = repository::retired_backups(*whole_);
    const auto holdings = this->holdings();
    std::set<std::string> every;
    for (const auto& ids : holdings)
        if (ids) every.insert(ids->begin(), ids->end());
    bool whole = false;
    for (std::size_t i = 0; i < all_.size(); ++i) {
        held_back_[i] = !holdings[i] || std::ranges::any_of(every, [&](const std::string& id) {
            return !holdings[i]->contains(id) && !repository::is_retired(retired, id);
        });
        whole = whole || !held_back_[i];
    }
    for (std::size_t i = 0; i < all_.size() && !whole; ++i) {
        if (!all_[i].problem.empty()) continue;
        progress_.note(
            format("location '{}' is brought up to date first: none has all earlier backups", all_[i].name));
        try {
            const auto report =
                repository::sync_location(repository, *all_[i].location, sync_options(all_[i]), progress_);
            whole = report.left.empty();
            held_back_[i] = !whole;
        } catch (const Error& error) {
            if (error.kind() == ErrorKind::interrupted) throw;
            leave_out(i, error);
            fan_->leave(i, error);
        }
    }
    // What cannot be copied from anywhere must not keep new backups from being made.
    const auto usable = std::ranges::find_if(all_, [](const One& one) { return one.problem.empty(); });
    if (!whole && usable != all_.end()) held_back_[static_cast<std::size_t>(usable - all_.begin())] = false;
    for (std::size_t i = 0; i < all_.size(); ++i) fan_->uploads().allow_commits(i, !held_back_[i]);
}

std::vector<LocationOutcome> Locations::finish_backup(const Repository& repository,
                                                      std::chrono::seconds patience) {
    if (!fan_) {
        remember(all_.front(), repository);
        return {{all_.front().name, "ok", ""}};
    }
    const auto end = std::chrono::steady_clock::now() + patience;
    progress_.phase("waiting for the other locations", 0);
    std::vector<LocationOutcome> outcomes;
    for (const storage::fan_out::Outcome& outcome : fan_->uploads().finish(patience)) {
        static constexpr const char* names[] = {"ok", "behind", "failed"};
        outcomes.push_back({outcome.name, names[static_cast<std::size_t>(outcome.standing)],
                            base::printable(outcome.error)});
    }
    // Where nothing was stored now, it may lack what was stored before.
    for (std::size_t i = 0; i < all_.size(); ++i)
        if (outcomes[i].status == "ok" && held_back_[i])
            outcomes[i] = {all_[i].name, "behind", "it lacks earlier backups"};
    outcomes = catch_up(repository, std::move(outcomes), end);
    for (std::size_t i = 0; i < all_.size(); ++i) {
        if (outcomes[i].status != "ok") continue;
        try {
            // Two nodes may have found one new place empty at once; where it replaces objects, the second
            // one's `format` stands there now.
            const base::DeadlineScope scope(std::chrono::steady_clock::now() + settle_patience);
            repository::require_same_repository(repository, *fan_->parts()[i]);
            remember(all_[i], repository);
        } catch (const Error& error) {
            base::throw_if_interrupted();
            outcomes[i] = {all_[i].name, "failed",
                           error.kind() == ErrorKind::interrupted ? "it does not answer any more"
                                                                  : base::printable(reason_of(error))};
        }
    }
    return outcomes;
}

std::vector<LocationOutcome> Locations::catch_up(const Repository& repository,
                                                 std::vector<LocationOutcome> outcomes,
                                                 std::chrono::steady_clock::time_point end) {
    std::mutex mutex;
    std::condition_variable changed;
    std::atomic<bool> stop = false;
    std::size_t running = 0;
    const auto bring_up = [&](std::size_t i) {
        const base::StopScope scope(&stop);
        base::SilentProgress silent;
        LocationOutcome outcome{all_[i].name, "ok", ""};
        try {
            const auto report =
                repository::sync_location(repository, *all_[i].location, sync_options(all_[i]), silent);
            if (!report.left.empty())
                outcome = {all_[i].name, "behind",
                           base::printable(format("{} could not be copied: {}", report.left.front().object,
                                                  report.left.front().why))};
        } catch (const Error& error) {
            outcome.status = error.kind() == ErrorKind::interrupted ? "behind" : "failed";
            outcome.error =
                error.kind() == ErrorKind::interrupted
                    ? "it was not done within patience_seconds; 'bt2c-dr location sync' goes on with it"
                    : base::printable(reason_of(error));
        } catch (const std::exception& error) {
            outcome = {all_[i].name, "failed", error.what()};
        }
        const std::lock_guard lock(mutex);
        outcomes[i] = std::move(outcome);
        --running;
        changed.notify_all();
    };
    std::vector<std::thread> threads;
    {
        std::unique_lock lock(mutex);
        for (std::size_t i = 0; i < all_.size(); ++i)
            if (outcomes[i].status == "behind" && all_[i].problem.empty()) {
                ++running;
                threads.emplace_back(bring_up, i);
            }
        while (running > 0 && !stop) {
            changed.wait_for(lock, std::chrono::milliseconds(50));
            try {
                base::throw_if_interrupted();
            } catch (const Error&) {
                stop = true;
            }
            if (std::chrono::steady_clock::now() >= end) stop = true;
        }
    }
    for (std::thread& thread : threads) thread.join();
    base::throw_if_interrupted();
    return outcomes;
}

void Locations::settle() const {
    if (!fan_) return;
    const auto outcomes = fan_->uploads().finish(settle_patience);
    for (std::size_t i = 0; i < all_.size(); ++i)
        if (outcomes[i].standing != Standing::ok && all_[i].problem.empty())
            progress_.note(
                format("location '{}' has not got it yet ({}); to bring it there: bt2c-dr location sync {}",
                       all_[i].name, base::printable(outcomes[i].error), all_[i].name));
}

}  // namespace bt2c::cli
