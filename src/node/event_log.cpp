#include "node/event_log.hpp"

#include "base/text.hpp"

namespace bt2c::node {

void EventLog::limited(const std::string& subject, const std::string& text) {
    constexpr std::chrono::seconds interval(10);
    constexpr std::size_t subjects_max = 1000;
    const Clock::time_point now = Clock::now();
    if (subjects_.size() > subjects_max)
        std::erase_if(subjects_, [&](const auto& entry) { return entry.second.told + interval < now; });
    // Subjects hold names from outside: where there are too many, they share one.
    const auto [found, added] =
        subjects_.try_emplace(subjects_.size() > subjects_max ? std::string() : subject, Subject{now, 0});
    Subject& known = found->second;
    if (!added && known.told + interval > now) {
        ++known.left_out;
        return;
    }
    write_(known.left_out == 0 ? text : base::format("{} (and {} like it before)", text, known.left_out));
    known = {now, 0};
}

}  // namespace bt2c::node
