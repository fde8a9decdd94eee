#include "storage/fan_out/part.hpp"

namespace bt2c::storage::fan_out {

using base::Error;
using base::ErrorKind;

namespace {
/// A folder answers at once, and one bad file says little about the others.
constexpr unsigned folder_failures_max = 3;
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

template <typename Job>
auto Part::watched(Job job) {
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
        auto result = job();
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
    return place_.location->put(name, contents);
}
bool Part::remove(const std::string& name) {
    return place_.location->remove(name);
}

std::optional<base::Bytes> Part::get(const std::string& name) {
    return watched([&] { return place_.location->get(name); });
}
std::optional<base::Bytes> Part::get_range(const std::string& name, std::uint64_t offset,
                                           std::uint64_t size) {
    return watched([&] { return place_.location->get_range(name, offset, size); });
}
std::optional<std::uint64_t> Part::size_of(const std::string& name) {
    return watched([&] { return place_.location->size_of(name); });
}
std::vector<ObjectInfo> Part::list(const std::string& folder) {
    return watched([&] { return place_.location->list(folder); });
}

}  // namespace bt2c::storage::fan_out
