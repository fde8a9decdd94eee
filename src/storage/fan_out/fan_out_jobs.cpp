// What is done to each part side by side, so that one that falls silent holds up none of the others.

#include <algorithm>

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
    bool removed = false;
    std::optional<Error> failure;
};

bool FanOut::remove(const std::string& name) {
    uploads_.forget(name);
    const auto shared = std::make_shared<Removal>();
    std::map<std::size_t, std::thread> threads;
    std::chrono::milliseconds patience{};
    std::unique_lock lock(shared->mutex);
    for (std::size_t i = 0; i < parts_.size(); ++i) {
        if (parts_[i]->away()) continue;
        patience = std::max(patience, parts_[i]->read_wait());
        shared->waiting.insert(i);
        threads.emplace(i, std::thread([shared, part = parts_[i], name, i] {
                            const base::StopScope scope(&shared->stop);
                            bool removed = false;
                            std::optional<Error> failure;
                            try {
                                removed = part->remove(name);
                            } catch (const Error& error) {
                                failure = error;
                            }
                            const std::lock_guard ended(shared->mutex);
                            shared->removed = shared->removed || removed;
                            if (failure && !shared->failure) shared->failure = failure;
                            shared->waiting.erase(i);
                            shared->changed.notify_all();
                        }));
    }
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
    const std::set<std::size_t> silent = shared->waiting;
    const bool removed = shared->removed;
    std::optional<Error> failure = shared->failure;
    lock.unlock();
    for (auto& [i, thread] : threads) {
        if (!silent.contains(i)) {
            thread.join();
            continue;
        }
        stragglers_.push_back(std::move(thread));
        const Error reason = silent_error(patience);
        leave(i, reason);
        if (!failure) failure = reason;
    }
    base::throw_if_interrupted();
    if (failure) throw Error(*failure);
    return removed;
}

}  // namespace bt2c::storage::fan_out
