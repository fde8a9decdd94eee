#pragma once
// The node's log: one line for each event.

#include <chrono>
#include <functional>
#include <map>
#include <string>

namespace bt2c::node {

class EventLog {
 public:
    using Clock = std::chrono::steady_clock;
    /// `write` gets each line without its end; names from outside must have gone through base::printable.
    explicit EventLog(std::function<void(const std::string&)> write) : write_(std::move(write)) {}

    void line(const std::string& text) { write_(text); }
    /// At most one line for each subject in ten seconds, so that nobody can fill a disk; the next line says
    /// how many were left out.
    void limited(const std::string& subject, const std::string& text);

 private:
    struct Subject {
        Clock::time_point told;
        std::size_t left_out = 0;
    };
    std::function<void(const std::string&)> write_;
    std::map<std::string, Subject> subjects_;
};

}  // namespace bt2c::node
