#pragma once
// Progress of a long job on stderr.

#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <string>

#include "base/progress.hpp"
#include "cli/terminal.hpp"

namespace bt2c::cli {

/// A live bar on a terminal (at most ten redraws a second), a line every five seconds elsewhere.
/// advance() is one atomic addition and a look at the clock; whoever finds that it is time draws.
/// The bar is taken away by the next phase and by the destructor; notes and lines stay.
/// A stream that fails is no reason to fail the job: what cannot be shown is dropped.
class ProgressBar final : public base::Progress {
 public:
    using Clock = std::chrono::steady_clock;
    /// Makes of a note what is shown.
    using Wording = std::function<std::string(const std::string& note)>;
    /// `now` is the clock; tests bring their own.
    explicit ProgressBar(Terminal& terminal, Clock::time_point (*now)() = Clock::now,
                         Wording wording = nullptr);
    ~ProgressBar() override;

    void phase(const std::string& name, std::uint64_t total) override;
    void items_phase(const std::string& name, std::uint64_t total) override;
    void advance(std::uint64_t amount) override;
    void note(const std::string& line) override;

 private:
    void begin(const std::string& name, std::uint64_t total, bool in_bytes);
    void finish_phase();
    void draw(Clock::time_point now);
    void erase();
    void show(const std::string& text) noexcept;
    std::string status(Clock::time_point now) const;
    std::string amount_text(std::uint64_t amount) const;
    std::int64_t interval_ns() const;

    Terminal& terminal_;
    Clock::time_point (*now_)();
    Wording wording_;
    std::atomic<std::uint64_t> done_{0};
    std::atomic<std::int64_t> next_draw_ns_{0};  ///< of the clock; claimed by whoever draws

    std::mutex mutex_;  // guards all below, and the terminal
    std::string name_;
    std::uint64_t total_ = 0;
    bool in_bytes_ = true;
    bool bar_shown_ = false;
    bool line_shown_ = false;
    Clock::time_point started_;
};

}  // namespace bt2c::cli
