#include "storage/fan_out/part.hpp"

#include <algorithm>

#include "base/progress.hpp"
#include "base/text.hpp"

namespace bt2c::storage::fan_out {

using base::Error;
using base::ErrorKind;

namespace {
/// A folder answers at once, and one bad file says little about the others.
constexpr unsigned folder_failures_max = 3;
constexpr std::uint64_t slow_bytes_per_second = std::uint64_t{64} << 10;
/// As large as a pack. Who asks for more asks for a whole object, however large.
constexpr std::uint64_t read_bytes_max = std::uint64_t{16} << 20;
/// What is read first, so that a slow place is known before a whole pack has come from it.
constexpr std::uint64_t trial_bytes = std::uint64_t{256} << 10;

std::string duration_text(std::chrono::milliseconds duration) {
    return base::human_duration(static_cast<double>(duration.count()) / 1000);
}
}  // namespace

std::string reason_of(const Error& error) {
    std::string reason = error.in_full();
    if (!error.hint().empty()) reason += "; " + error.hint();
    return reason;
}

Part::Part(Place place) : place_(std::move(place)) {}

std::optional<Error> Part::away() const {
    const std::lock_guard lock(mutex_);
    return away_;
}

void Part::leave(const Error& reason) {
    const std::lock_guard lock(mutex_);
    if (!away_) away_ = reason;
}

std::chrono::milliseconds Part::silent_for() const {
    if (asked_ == 0) return {};
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() -
                                                                 last_.load());
}

/// What silent_for() knows of.
template <typename Job>
auto Part::asking(Job job) {
    struct Question {
        explicit Question(Part& part) : part_(part) {
            if (part_.asked_ == 0) part_.last_ = std::chrono::steady_clock::now();
            ++part_.asked_;
        }
        ~Question() {
            part_.last_ = std::chrono::steady_clock::now();
            --part_.asked_;
        }
        Question(const Question&) = delete;
        Question& operator=(const Question&) = delete;
        Part& part_;
    };
    const Question question(*this);
    try {
        return job();
    } catch (const Error&) {
        throw;
    } catch (const std::bad_alloc&) {
        throw;
    } catch (const std::exception& error) {  // of one location, and no reason to end what others can do
        throw Error(ErrorKind::failed, base::format("cannot use location '{}'", name())).cause(error.what());
    }
}

template <typename Job>
auto Part::watched(Job job) {
    try {
        auto result = asking(job);
        failures_ = 0;
        return result;
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::interrupted &&
            ++failures_ >= (place_.remote ? 1 : folder_failures_max))
            leave(error);
        throw;
    }
}

// What goes wrong with writing, such as a full disk, does not keep it from being read.
bool Part::put(const std::string& name, base::ByteView contents) {
    return asking([&] { return place_.location->put(name, contents); });
}
bool Part::remove(const std::string& name) {
    return asking([&] { return place_.location->remove(name); });
}

std::optional<std::string> Part::slow() const {
    const std::lock_guard lock(mutex_);
    return slow_;
}

template <typename Job>
auto Part::limited(std::uint64_t bytes, Job job) {
    if (!limited_) return job();
    const auto begin = std::chrono::steady_clock::now();
    const std::uint64_t expected = std::min(bytes, read_bytes_max);
    const std::chrono::milliseconds transfer = std::chrono::seconds(expected / slow_bytes_per_second);
    const std::chrono::milliseconds limit = place_.read_wait + transfer;
    try {
        const base::DeadlineScope scope(begin + limit);
        auto answer = job();
        note_lateness(std::chrono::steady_clock::now() - begin - transfer - place_.read_wait / 10);
        return answer;
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::interrupted || std::chrono::steady_clock::now() <= begin + limit)
            throw;
    }
    base::throw_if_interrupted();
    const std::lock_guard lock(mutex_);
    const std::string in_time = duration_text(limit);
    if (!slow_)
        slow_ = expected == 0
                    ? base::format("no answer came within {}", in_time)
                    : base::format("less than {} came within {}", base::human_size(expected), in_time);
    throw Error(ErrorKind::failed, base::format("location '{}' is slow", name())).cause(*slow_);
}

void Part::note_lateness(std::chrono::steady_clock::duration late) {
    if (late.count() <= 0) return;
    const std::lock_guard lock(mutex_);
    late_ += late;
    ++late_answers_;
    if (late_ > place_.read_wait && !slow_)
        slow_ = base::format("{} answers took {} longer than they should", late_answers_,
                             duration_text(std::chrono::duration_cast<std::chrono::milliseconds>(late_)));
}

std::optional<base::Bytes> Part::get_patiently(const std::string& name) {
    return watched([&] { return place_.location->get(name); });
}
std::optional<base::Bytes> Part::get(const std::string& name) {
    return limited(read_bytes_max, [&] { return get_patiently(name); });
}
std::optional<base::Bytes> Part::get_range(const std::string& name, std::uint64_t offset,
                                           std::uint64_t size) {
    const auto read = [&](std::uint64_t from, std::uint64_t bytes) {
        return limited(
            bytes, [&] { return watched([&] { return place_.location->get_range(name, from, bytes); }); });
    };
    if (!limited_ || proved_quick_ || size <= trial_bytes) return read(offset, size);
    auto front = read(offset, trial_bytes);
    if (!front || front->size() < trial_bytes) return front;
    proved_quick_ = true;
    const auto rest = read(offset + trial_bytes, size - trial_bytes);
    if (!rest) return std::nullopt;
    front->insert(front->end(), rest->begin(), rest->end());
    return front;
}
std::optional<std::uint64_t> Part::size_of(const std::string& name) {
    return limited(0, [&] { return watched([&] { return place_.location->size_of(name); }); });
}
std::vector<ObjectInfo> Part::list(const std::string& folder) {
    return watched([&] { return place_.location->list(folder); });
}

}  // namespace bt2c::storage::fan_out
