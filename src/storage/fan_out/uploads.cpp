#include "storage/fan_out/uploads.hpp"

#include <algorithm>
#include <functional>
#include <utility>

#include "base/progress.hpp"
#include "base/text.hpp"
#include "storage/fan_out/inquiry.hpp"

namespace bt2c::storage::fan_out {

using base::Bytes;
using base::Error;
using base::ErrorKind;
using base::format;

namespace {

constexpr std::string_view packs_prefix = "packs/";
constexpr std::string_view manifests_prefix = "manifests/";
/// How often a waiting thread looks whether the process was asked to stop.
constexpr std::chrono::milliseconds look_around{50};
constexpr std::chrono::seconds forget_patience{1};

/// Against damage between here and there only; seals are checked elsewhere.
std::size_t fingerprint(base::ByteView bytes) {
    return std::hash<std::string_view>{}(base::as_text(bytes));
}

}  // namespace

struct Uploads::Item {
    std::string name;
    std::shared_ptr<const Bytes> contents;  ///< null: to be read from a part that has it
    std::uint64_t bytes = 0;
    std::size_t fingerprint = 0;  ///< once contents were let go while parts were waiting for them
    std::vector<bool> has;        ///< by part
    std::size_t pending = 0;      ///< parts that have not answered
    bool stored = false;          ///< by at least one
    std::vector<bool> taken;      ///< by part: somebody else's object lies there under the name
    bool forgotten = false;
};

struct Uploads::Lane {
    std::deque<std::shared_ptr<Item>> queue;
    unsigned active = 0;
    bool alone = false;  ///< what is stored now lets nothing pass
    bool commits = true;
    Standing standing = Standing::ok;
    std::string error;
    std::size_t lacks = 0;
    std::uint64_t lacks_bytes = 0;
    std::optional<Error> failure;
    std::atomic<bool> stop = false;
    std::vector<std::thread> threads;
};

Uploads::Uploads(std::vector<std::shared_ptr<Part>> parts, std::size_t bytes_max)
    : parts_(std::move(parts)), bytes_max_(bytes_max) {
    for (std::size_t i = 0; i < parts_.size(); ++i) lanes_.push_back(std::make_unique<Lane>());
}

// A thread in a call that the kernel does not end, as on a frozen disk, is waited for here.
Uploads::~Uploads() {
    {
        const Lock lock(mutex_);
        for (const auto& lane : lanes_) lane->stop = true;
        changed_.notify_all();
    }
    for (const auto& lane : lanes_) join(*lane);
}

void Uploads::join(Lane& lane) {
    for (std::thread& thread : lane.threads)
        if (thread.joinable()) thread.join();
}

void Uploads::allow_commits(std::size_t part, bool allowed) {
    const Lock lock(mutex_);
    lanes_.at(part)->commits = allowed;
}

void Uploads::drop(std::size_t part, const std::string& reason) {
    Lock lock(mutex_);
    if (lanes_.at(part)->standing == Standing::ok) give_up(part, Standing::failed, reason);
}

/// One part has answered for the item, or never will.
void Uploads::settle(Item& item) {
    if (--item.pending == 0) {
        release(item);
        if (item.stored && !item.forgotten) stored_.insert(item.name);
        const auto found = under_way_.find(item.name);
        if (found != under_way_.end() && found->second.get() == &item) under_way_.erase(found);
    }
    changed_.notify_all();
}

void Uploads::release(Item& item) {
    if (!item.contents) return;
    item.contents.reset();
    bytes_held_ -= item.bytes;
}

void Uploads::give_up(std::size_t index, Standing standing, const std::string& error) {
    Lane& lane = *lanes_[index];
    lane.standing = standing;
    lane.error = error;
    lane.stop = true;
    for (const auto& item : std::exchange(lane.queue, {})) {
        ++lane.lacks;
        lane.lacks_bytes += item->bytes;
        settle(*item);
    }
    changed_.notify_all();
}

void Uploads::enqueue(const std::shared_ptr<Item>& item) {
    for (std::size_t i = 0; i < lanes_.size(); ++i) {
        Lane& lane = *lanes_[i];
        if (lane.standing != Standing::ok) continue;
        if (!lane.commits && item->name.starts_with(manifests_prefix)) {
            ++lane.lacks;
            continue;
        }
        lane.queue.push_back(item);
        ++item->pending;
        if (lane.threads.empty())
            for (unsigned t = 0; t < parts_[i]->uploads(); ++t)
                lane.threads.emplace_back([this, i] { work(i); });
    }
    changed_.notify_all();
}

bool Uploads::put(const std::string& name, base::ByteView contents) {
    Lock lock(mutex_);
    const auto wait_for = [&](const auto& condition) {
        while (!condition()) {
            base::throw_if_interrupted();
            changed_.wait_for(lock, look_around);
        }
    };
    wait_for([&] {
        const auto found = under_way_.find(name);
        return found == under_way_.end() || (found->second->stored && !found->second->forgotten);
    });
    if (under_way_.contains(name) || stored_.contains(name)) return false;
    const auto item = std::make_shared<Item>();
    item->name = name;
    item->contents = std::make_shared<const Bytes>(contents.begin(), contents.end());
    item->bytes = contents.size();
    item->has.resize(parts_.size());
    item->taken.resize(parts_.size());
    bytes_held_ += contents.size();
    under_way_[name] = item;
    ++item->pending;  // this function itself, so that the item outlives the loop
    enqueue(item);
    try {
        wait_for([&] { return item->stored || item->pending == 1; });
    } catch (...) {
        settle(*item);
        throw;
    }
    if (item->stored && item->pending > 1 && bytes_held_ > bytes_max_) {
        lock.unlock();
        const std::size_t sum = fingerprint(contents);
        lock.lock();
        item->fingerprint = sum;
        release(*item);
    }
    settle(*item);
    if (item->stored || std::ranges::find(item->taken, true) != item->taken.end()) return item->stored;
    const Error* first = nullptr;
    std::string all;
    for (std::size_t i = 0; i < lanes_.size(); ++i) {
        if (lanes_[i]->failure && !first) first = &*lanes_[i]->failure;
        all += format("{}{}: {}", all.empty() ? "" : "; ", parts_[i]->name(),
                      lanes_[i]->error.empty() ? "held back" : lanes_[i]->error);
    }
    if (first && lanes_.size() == 1) throw Error(*first);
    Error error(first ? first->kind() : ErrorKind::failed,
                format("cannot store {}: no location took it", base::printable(name)));
    throw error.cause(all).hint(first ? first->hint() : "");
}

void Uploads::forget(const std::string& name) {
    Lock lock(mutex_);
    stored_.erase(name);
    const auto found = under_way_.find(name);
    if (found == under_way_.end()) return;
    const std::shared_ptr<Item> item = found->second;
    item->forgotten = true;
    for (const auto& lane : lanes_)
        if (const auto at = std::ranges::find(lane->queue, item); at != lane->queue.end()) {
            lane->queue.erase(at);
            settle(*item);
        }
    // Who looks afterwards is not to see what a quick part is just about to store, and then removes.
    changed_.wait_for(lock, forget_patience, [&] { return item->pending == 0; });
}

bool Uploads::may_start(const Lane& lane) const {
    if (lane.queue.empty() || lane.alone) return false;
    return lane.active == 0 || lane.queue.front()->name.starts_with(packs_prefix);
}

void Uploads::work(std::size_t index) {
    Lane& lane = *lanes_[index];
    const base::StopScope scope(&lane.stop);
    Lock lock(mutex_);
    for (;;) {
        changed_.wait(lock, [&] { return lane.stop || may_start(lane); });
        if (lane.stop) return;
        const std::shared_ptr<Item> item = lane.queue.front();
        lane.queue.pop_front();
        ++lane.active;
        lane.alone = !item->name.starts_with(packs_prefix);
        store(lock, index, item);
        --lane.active;
        lane.alone = false;
        settle(*item);
    }
}

std::shared_ptr<const Bytes> Uploads::contents_of(Item& item, std::size_t index) {
    std::vector<std::size_t> holders;
    {
        const Lock lock(mutex_);
        if (item.contents) return item.contents;
        for (std::size_t i = 0; i < parts_.size(); ++i)
            if (item.has[i] && i != index) holders.push_back(i);
    }
    for (const std::size_t holder : holders) try {
            if (auto read = parts_[holder]->get_patiently(item.name);
                read && read->size() == item.bytes && fingerprint(*read) == item.fingerprint)
                return std::make_shared<const Bytes>(std::move(*read));
        } catch (const Error& error) {
            if (error.kind() == ErrorKind::interrupted) throw;
        }
    return nullptr;
}

/// Stores one item in one part, without the lock, and notes with the lock what came of it.
void Uploads::store(Lock& lock, std::size_t index, const std::shared_ptr<Item>& item) {
    lock.unlock();
    enum class Answer { stored, taken, gone, failed, stopped } answer = Answer::failed;
    std::optional<Error> failure;
    try {
        if (const auto contents = contents_of(*item, index); !contents)
            answer = Answer::gone;
        else if (parts_[index]->put(item->name, *contents))
            answer = Answer::stored;
        else  // it may be our own, of an attempt whose answer was lost
            answer = parts_[index]->get_patiently(item->name) == *contents ? Answer::stored : Answer::taken;
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::interrupted)
            answer = Answer::stopped;
        else
            failure = error;
    } catch (const std::exception& error) {
        failure = Error(ErrorKind::failed, format("cannot store {}", item->name)).cause(error.what());
    }
    lock.lock();
    Lane& lane = *lanes_[index];
    if (answer == Answer::stored) {
        item->has[index] = true;
        item->stored = true;
        refuse_others(*item);
        if (item->forgotten) {
            lock.unlock();
            try {
                parts_[index]->remove(item->name);
            } catch (const std::exception&) {  // no manifest names it
            }
            lock.lock();
        }
        return;
    }
    if (answer == Answer::taken) {
        // Where all parts say so the name is taken, and nothing is wrong with any of them.
        item->taken[index] = true;
        return refuse_others(*item);
    }
    ++lane.lacks;
    lane.lacks_bytes += item->bytes;
    if (lane.standing == Standing::ok) {
        if (answer == Answer::gone) {
            give_up(index, Standing::behind, "what it lacks could not be read from the others");
        } else if (answer == Answer::stopped) {
            give_up(index, Standing::behind, "");
        } else {
            lane.failure = failure;
            give_up(index, Standing::failed, reason_of(*failure));
        }
    }
}

/// Parts that have something else under the name of an object that is stored now.
void Uploads::refuse_others(const Item& item) {
    if (!item.stored) return;
    for (std::size_t i = 0; i < lanes_.size(); ++i)
        if (item.taken[i] && lanes_[i]->standing == Standing::ok)
            give_up(i, Standing::failed, format("another object lies there under the name {}", item.name));
}

std::vector<Outcome> Uploads::finish(std::chrono::milliseconds patience) {
    const auto end = std::chrono::steady_clock::now() + patience;
    {
        Lock lock(mutex_);
        const auto all_rest = [&] {
            return std::ranges::all_of(lanes_,
                                       [](const auto& lane) { return !lane->stop || lane->active == 0; });
        };
        const auto drained = [&] {
            return std::ranges::all_of(lanes_, [](const auto& lane) {
                return lane->standing != Standing::ok || (lane->queue.empty() && lane->active == 0);
            });
        };
        while (!drained() && std::chrono::steady_clock::now() < end) {
            base::throw_if_interrupted();
            changed_.wait_until(lock, std::min(end, std::chrono::steady_clock::now() + look_around));
        }
        for (std::size_t i = 0; i < lanes_.size(); ++i)
            if (lanes_[i]->standing == Standing::ok && (!lanes_[i]->queue.empty() || lanes_[i]->active > 0))
                give_up(i, Standing::behind, "");
        // What a sick disk does not give back is waited for when all else is done and told.
        changed_.wait_for(lock, rest_patience, all_rest);
        for (const auto& lane : lanes_)
            if (lane->stop && lane->active > 0 && lane->standing == Standing::behind) {
                lane->standing = Standing::failed;  // nobody is to try it again now
                lane->error = "it does not answer any more";
            }
    }
    const Lock lock(mutex_);
    std::vector<Outcome> outcomes;
    for (std::size_t i = 0; i < lanes_.size(); ++i) {
        const Lane& lane = *lanes_[i];
        Outcome outcome{parts_[i]->name(), lane.standing, lane.error};
        if (outcome.standing == Standing::ok && lane.lacks > 0) outcome.standing = Standing::behind;
        if (outcome.standing == Standing::behind && outcome.error.empty())
            outcome.error = format("{} objects ({}) are still to be stored there", lane.lacks,
                                   base::human_size(lane.lacks_bytes));
        outcomes.push_back(std::move(outcome));
    }
    return outcomes;
}

}  // namespace bt2c::storage::fan_out
