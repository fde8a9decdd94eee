// What is done to each part side by side, so that one that falls silent holds up none of the others.

#include <algorithm>
#include <system_error>

#include "base/text.hpp"
#include "storage/fan_out/fan_out.hpp"
#include "storage/fan_out/inquiry.hpp"

namespace bt2c::storage::fan_out {

using base::Error;
using base::ErrorKind;
using base::format;

namespace {

Error silent_error(std::chrono::milliseconds silence) {
    return Error(ErrorKind::failed, "it does not answer any more")
        .cause(
            format("no answer within {}", base::human_duration(static_cast<double>(silence.count()) / 1000)));
}

}  // namespace

FanOut::~FanOut() {
    for (std::thread& thread : stragglers_) thread.join();
}

std::vector<std::optional<Error>> FanOut::do_each(const std::function<void(std::size_t)>& job,
                                                  std::chrono::milliseconds silence) {
    std::vector<std::optional<Error>> failures(parts_.size());
    std::vector<char> done(parts_.size());  // not bool: threads write side by side
    const auto away_count = [&] {
        return std::ranges::count_if(parts_, [](const auto& part) { return part->away().has_value(); });
    };
    for (bool again = true; again;) {
        again = false;
        const auto away_before = away_count();
        {
            Inquiry inquiry(parts_, [&](std::size_t i) {
                if (done[i]) return;
                try {
                    job(i);
                    failures[i].reset();
                } catch (const Error& error) {
                    if (error.kind() == ErrorKind::interrupted) return;
                    failures[i] = error;
                } catch (const std::exception& error) {
                    failures[i] = Error(ErrorKind::failed, error.what());
                }
                done[i] = true;
            });
            for (std::vector<bool> at_work{true};
                 !again && std::ranges::find(at_work, true) != at_work.end();) {
                at_work = inquiry.wait(std::chrono::milliseconds(100));
                for (std::size_t i = 0; i < parts_.size(); ++i) {
                    if (parts_[i]->away() || parts_[i]->silent_for() <= silence) continue;
                    leave(i, silent_error(silence));
                    again = true;
                }
            }
        }
        // What failed for want of one that is away now may be done without it.
        if (away_count() == away_before) continue;
        for (std::size_t i = 0; i < parts_.size(); ++i)
            if (failures[i] && !parts_[i]->away()) {
                done[i] = false;
                again = true;
            }
    }
    for (std::size_t i = 0; i < parts_.size(); ++i)
        if (const auto away = parts_[i]->away(); away && !done[i]) failures[i] = away;
    return failures;
}

/// Shared with threads that may outlive the call.
struct FanOut::Removal {
    std::mutex mutex;
    std::condition_variable changed;
    std::atomic<bool> stop = false;
    std::set<std::size_t> waiting;  ///< parts that have not answered
    std::set<std::size_t> cut_off;  ///< those that were asked to end before they had
    bool removed = false;
    std::optional<Error> failure;
};

bool FanOut::remove(const std::string& name) {
    uploads_.forget(name);
    const auto shared = std::make_shared<Removal>();
    const auto remove_from = [shared, name](Part& part, std::size_t i) {
        const base::StopScope scope(&shared->stop);
        bool removed = false, cut_off = false;
        std::optional<Error> failure;
        try {
            removed = part.remove(name);
        } catch (const Error& error) {
            cut_off = error.kind() == ErrorKind::interrupted;
            if (!cut_off) failure = error;
        } catch (const std::exception& error) {
            failure = Error(ErrorKind::failed, error.what());
        }
        const std::lock_guard ended(shared->mutex);
        shared->removed = shared->removed || removed;
        if (failure && !shared->failure) shared->failure = failure;
        if (cut_off) shared->cut_off.insert(i);
        shared->waiting.erase(i);
        shared->changed.notify_all();
    };
    std::map<std::size_t, std::thread> threads;
    std::chrono::milliseconds patience{};
    for (std::size_t i = 0; i < parts_.size(); ++i) {
        if (parts_[i]->away()) continue;
        patience = std::max(patience, parts_[i]->read_wait());
        {
            const std::lock_guard starting(shared->mutex);
            shared->waiting.insert(i);
        }
        try {
            threads.emplace(i, std::thread([remove_from, part = parts_[i], i] { remove_from(*part, i); }));
        } catch (const std::system_error&) {  // no thread is left
            remove_from(*parts_[i], i);
        }
    }
    std::unique_lock lock(shared->mutex);
    const auto end = std::chrono::steady_clock::now() + patience;
    while (!shared->waiting.empty() && std::chrono::steady_clock::now() < end && !shared->stop) {
        shared->changed.wait_for(lock, std::chrono::milliseconds(20));
        try {
            base::throw_if_interrupted();
        } catch (const Error&) {
            shared->stop = true;
        }
    }
    shared->stop = true;
    shared->changed.wait_for(lock, rest_patience, [&] { return shared->waiting.empty(); });
    const std::set<std::size_t> hanging = shared->waiting;
    std::set<std::size_t> silent = shared->cut_off;
    const bool removed = shared->removed;
    std::optional<Error> failure = shared->failure;
    lock.unlock();
    for (auto& [i, thread] : threads) {
        if (hanging.contains(i)) {
            stragglers_.push_back(std::move(thread));
            silent.insert(i);
        } else {
            thread.join();
        }
    }
    if (!silent.empty()) base::throw_if_interrupted();
    for (const std::size_t i : silent) {
        // What is being stored there goes on: a disk may only be busy with that.
        parts_[i]->leave(silent_error(patience));
        if (!failure) failure = silent_error(patience);
    }
    if (failure) throw Error(*failure);
    return removed;
}

}  // namespace bt2c::storage::fan_out
