#include "cli/progress_bar.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"

namespace bt2c::cli {
namespace {

using base::format;
using std::chrono::duration;

std::int64_t ns_of(ProgressBar::Clock::time_point time) {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
}

/// `cells` columns of a bar of which the part `done` is full.
std::string bar(double done, std::size_t cells) {
    const auto full = static_cast<std::size_t>(done * static_cast<double>(cells));
    std::string text;
    for (std::size_t i = 0; i < cells; ++i) text += i < full ? "█" : "░";
    return text;
}

}  // namespace

ProgressBar::ProgressBar(Terminal& terminal, Clock::time_point (*now)(), Wording wording)
    : terminal_(terminal), now_(now), wording_(std::move(wording)) {}

ProgressBar::~ProgressBar() {
    const std::lock_guard lock(mutex_);
    finish_phase();
}

std::int64_t ProgressBar::interval_ns() const {
    return terminal_.is_terminal() ? 100'000'000 : 5'000'000'000;
}

void ProgressBar::phase(const std::string& name, std::uint64_t total) {
    begin(name, total, true);
}

void ProgressBar::items_phase(const std::string& name, std::uint64_t total) {
    begin(name, total, false);
}

void ProgressBar::begin(const std::string& name, std::uint64_t total, bool in_bytes) {
    const std::lock_guard lock(mutex_);
    finish_phase();
    name_ = base::printable(name);
    total_ = total;
    in_bytes_ = in_bytes;
    started_ = now_();
    done_.store(0, std::memory_order_relaxed);
    next_draw_ns_.store(ns_of(started_) + interval_ns(), std::memory_order_relaxed);
    if (terminal_.is_terminal()) draw(started_);
}

void ProgressBar::advance(std::uint64_t amount) {
    done_.fetch_add(amount, std::memory_order_relaxed);
    const Clock::time_point now = now_();
    std::int64_t due = next_draw_ns_.load(std::memory_order_relaxed);
    if (ns_of(now) < due) return;
    if (!next_draw_ns_.compare_exchange_strong(due, ns_of(now) + interval_ns(), std::memory_order_relaxed))
        return;
    // Whoever holds the lock is drawing already; a worker never waits for a slow terminal.
    const std::unique_lock lock(mutex_, std::try_to_lock);
    if (lock && !name_.empty()) draw(now);
}

void ProgressBar::note(const std::string& line) {
    const std::lock_guard lock(mutex_);
    const bool redraw = bar_shown_;
    erase();
    show(terminal_.styled(Style::yellow, "note:") + " " + base::printable(wording_ ? wording_(line) : line) +
         "\n");
    if (redraw) draw(now_());
}

void ProgressBar::finish_phase() {
    erase();
    // A phase whose progress was told line by line is also told to be over.
    if (line_shown_)
        show(format("{}: {} in {}\n", name_, amount_text(done_.load(std::memory_order_relaxed)),
                    base::human_duration(duration<double>(now_() - started_).count())));
    line_shown_ = false;
}

std::string ProgressBar::amount_text(std::uint64_t amount) const {
    return in_bytes_ ? base::human_size(amount) : base::human_count(amount);
}

std::string ProgressBar::status(Clock::time_point now) const {
    const std::uint64_t done = done_.load(std::memory_order_relaxed);
    const double seconds = duration<double>(now - started_).count();
    const double rate = seconds > 0 ? static_cast<double>(done) / seconds : 0;
    std::string text = amount_text(done);
    if (total_ > 0) text += " of " + amount_text(total_);
    // The first moments say nothing about the rate.
    if (seconds < 0.5) return text;
    text += format(", {}/s", amount_text(static_cast<std::uint64_t>(rate)));
    if (total_ > done && rate > 0)
        text += format(", {} left", base::human_duration(static_cast<double>(total_ - done) / rate));
    return text;
}

void ProgressBar::draw(Clock::time_point now) {
    const std::string words = status(now);
    const std::uint64_t done = std::min(done_.load(std::memory_order_relaxed), total_);
    const double part = total_ > 0 ? static_cast<double>(done) / static_cast<double>(total_) : 0;
    const std::string percent = total_ > 0 ? format(" {:3.0f} %", 100 * part) : "";
    if (!terminal_.is_terminal()) {
        show(format("{}:{} {}\n", name_, percent, words));
        line_shown_ = true;
        return;
    }
    std::string line = name_;
    const std::size_t width = terminal_.width();
    const std::size_t taken = display_width(name_) + percent.size() + words.size() + 4;
    if (total_ > 0 && width > taken + 10) line += " " + bar(part, std::min<std::size_t>(width - taken, 40));
    line += percent + "  " + words;
    // A line that wraps could not be taken back.
    while (display_width(line) >= width && line.size() > 1) line.pop_back();
    show("\r\x1b[2K" + line);
    bar_shown_ = true;
}

void ProgressBar::erase() {
    if (bar_shown_) show("\r\x1b[2K");
    bar_shown_ = false;
}

void ProgressBar::show(const std::string& text) noexcept {
    try {
        terminal_.write(text);
    } catch (const base::Error&) {
        // See the class: progress that nobody can see is dropped.
    }
}

}  // namespace bt2c::cli
