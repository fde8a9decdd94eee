#include "agent/agent.hpp"

#include <algorithm>
#include <random>
#include <thread>
#include <utility>

#include "base/json.hpp"
#include "base/progress.hpp"
#include "base/text.hpp"

namespace bt2c::agent {

using base::Error;
using base::ErrorKind;
using base::format;
using network::Acknowledgement;
using network::Change;
using network::PublishedOrder;
using std::chrono::milliseconds;

namespace {

constexpr milliseconds backoff_least(100), backoff_most(5000);
/// Between two looks at `stop`; a control plane that is away is waited for in shorter turns, since nothing
/// ends those early.
constexpr milliseconds turn(500), turn_away(100);
constexpr milliseconds second(1000);
/// Orders that cannot be obeyed, and acknowledgements that cannot be sent: only the newest matter.
constexpr std::size_t waiting_max = 64;
constexpr std::size_t detail_bytes_max = 2000;

std::string in_full(const std::exception& exception) {
    const auto* error = dynamic_cast<const Error*>(&exception);
    if (!error) return exception.what();
    if (error->kind() == ErrorKind::interrupted) throw *error;
    return error->in_full();
}

}  // namespace

void Agent::Backoff::failed() {
    static thread_local std::minstd_rand random(std::random_device{}());
    delay_ = std::clamp(delay_ * 2, backoff_least, backoff_most);
    next_ = Clock::now() + delay_ * std::uniform_int_distribution(50, 100)(random) / 100;
}

Agent::Agent(network::ControlPlane& plane, Parameters parameters, Hooks hooks)
    : plane_(plane), parameters_(std::move(parameters)), hooks_(std::move(hooks)) {
    BT2C_ASSERT(hooks_.last_sequence && hooks_.obey && hooks_.stop);
}

void Agent::run() {
    while (!hooks_.stop()) {
        try {
            base::throw_if_interrupted();
            work();
            if (plane_backoff_.over()) talk();
            wait();
        } catch (const Error& error) {
            if (error.kind() == ErrorKind::interrupted) return;
            plane_is_away(error);
        }
    }
}

/// What needs no control plane.
void Agent::work() {
    if (Clock::now() >= next_second_) {
        next_second_ = Clock::now() + second;
        if (hooks_.every_second) hooks_.every_second();
        if (applied_) look_ahead();
    }
    if (!applied_ && obey_backoff_.over()) find_last();
    if (!orders_.empty() && obey_backoff_.over()) obey_orders();
    if (settling_ && Clock::now() >= settle_at_) settle();
}

/// What needs it; throws where it is away.
void Agent::talk() {
    if (!registered_) plane_.register_node(parameters_.network, parameters_.node);
    registered_ = true;
    if (change_.orders && applied_) fetch_orders();
    send();
    if (!ready_ && up_to_date_ && orders_.empty()) {
        ready_ = true;
        if (hooks_.ready) hooks_.ready();
    }
    answer_requests();
    plane_backoff_.reset();
}

/// Until there is something to do.
void Agent::wait() {
    Clock::time_point wake = std::min(Clock::now() + turn, next_second_);
    if (!applied_ || !orders_.empty()) wake = std::min(wake, obey_backoff_.next());
    if (settling_) wake = std::min(wake, settle_at_);
    if (!asked_.empty()) wake = std::min(wake, next_answer_);
    const auto left = std::chrono::ceil<milliseconds>(wake - Clock::now());
    if (!plane_backoff_.over()) {
        const auto away = std::chrono::ceil<milliseconds>(plane_backoff_.next() - Clock::now());
        std::this_thread::sleep_for(std::min({left, away, turn_away}));
        return;
    }
    const Change change = plane_.wait_for_change(parameters_.network, network::Side::nodes,
                                                 static_cast<int>(std::max(left.count(), std::int64_t{0})));
    change_.orders |= change.orders;
    change_.requests |= change.requests;
}

void Agent::find_last() {
    try {
        applied_ = hooks_.last_sequence();
        obey_backoff_.reset();
        problem_.clear();
    } catch (const std::exception& exception) {
        const std::string problem = in_full(exception);
        if (problem != problem_) log(format("cannot tell the newest order of this node: {}", problem));
        problem_ = problem;
        obey_backoff_.failed();
    }
}

/// A database that was restored under the agent knows fewer orders than it did: they are read again.
void Agent::look_back() {
    try {
        const std::int64_t last = hooks_.last_sequence();
        if (last >= *applied_) return;
        log(format("the newest order of this node is {}, no longer {}", last, *applied_));
        applied_ = last;
    } catch (const std::exception& exception) {
        in_full(exception);  // an interrupt goes on; it is asked again
        return;
    }
    seen_.clear();
    orders_.clear();
    up_to_date_ = false;
}

/// An order that this node alone was given ('--here') has a number too: who gives the next one must know it.
void Agent::look_ahead() {
    try {
        const std::int64_t last = hooks_.last_sequence();
        if (last <= std::max(*applied_, parameters_.node.sequence)) return;
        log(format("this node has obeyed order {}, which came past the control plane", last));
        parameters_.node.sequence = last;  // where the same order comes this way too, it is answered
        registered_ = false;
    } catch (const std::exception& exception) {
        in_full(exception);  // an interrupt goes on; it is asked again
    }
}

void Agent::fetch_orders() {
    look_back();
    const bool catching_up = !ready_ || !up_to_date_;
    std::int64_t after = *applied_;
    // Killed between obeying and answering: who waits for the answer gets it now.
    if (!ready_ && after > 0 &&
        std::ranges::none_of(plane_.acknowledgements(parameters_.network, after),
                             [&](const Acknowledgement& one) { return one.node == parameters_.node.name; }))
        --after;
    for (;;) {
        const auto page = plane_.orders(parameters_.network, after);
        plane_answers();
        if (page.empty()) break;
        after = page.back().sequence;
        for (const PublishedOrder& order : page) {
            // Where a forged one was taken away, a true one may have its number.
            const std::size_t text = std::hash<std::string>()(order.text);
            const auto [known, added] = seen_.try_emplace(order.sequence, text);
            if (added || std::exchange(known->second, text) != text) orders_.push_back({order, catching_up});
        }
        while (orders_.size() > waiting_max) orders_.pop_front();
        obey_backoff_.reset();
        obey_orders();
    }
    change_.orders = false;
    up_to_date_ = true;
}

/// In their order. Where one cannot be obeyed now the last one may be, and that is what counts; one that is
/// refused counts for nothing.
void Agent::obey_orders() {
    std::size_t tried = 0;  // and failed, from the first on
    for (std::size_t i = 0; i < orders_.size();) {
        const Outcome outcome = obey(orders_[i].order, orders_[i].catching_up);
        const auto here = orders_.begin() + static_cast<std::ptrdiff_t>(i);
        if (outcome == Outcome::failed) {
            here->catching_up = true;
            tried = i + 1;
            i = std::max(tried, orders_.size() - 1);
        } else if (outcome == Outcome::refused) {
            orders_.erase(here);
            if (i == orders_.size() && i > tried) --i;
        } else {
            for (std::size_t before = 0; before < i; ++before)
                acknowledge(
                    {.status = "superseded",
                     .detail = format("order {} came while it could not be obeyed", here->order.sequence)},
                    orders_[before].order.sequence);
            orders_.erase(orders_.begin(), here + 1);
            tried = i = 0;
        }
    }
    if (!orders_.empty()) return obey_backoff_.failed();
    obey_backoff_.reset();
    problem_.clear();
}

Agent::Outcome Agent::obey(const PublishedOrder& order, bool catching_up) {
    Acknowledgement done;
    try {
        done = hooks_.obey(order, catching_up);
    } catch (const std::exception& exception) {
        const std::string problem = format("order {}: {}", order.sequence, in_full(exception));
        if (problem != problem_) {
            log(format("cannot obey {}", problem));
            acknowledge({.status = "failed", .detail = in_full(exception)}, order.sequence);
        }
        problem_ = problem;
        return Outcome::failed;
    }
    log(format("order {}: {}", order.sequence,
               done.detail.empty() ? done.status : done.status + ", " + done.detail));
    acknowledge(done, order.sequence);
    if (done.status != "applied" && done.status != "already") return Outcome::refused;
    applied_ = std::max(*applied_, order.sequence);
    seen_.erase(seen_.begin(), seen_.upper_bound(*applied_));
    if (hooks_.settled) {
        settling_ = std::move(done);
        settling_->sequence = order.sequence;
        settle_at_ = Clock::now() + parameters_.settle;
    }
    return Outcome::obeyed;
}

void Agent::settle() {
    settle_at_ = Clock::now() + second;
    std::optional<Acknowledgement> now;
    try {
        now = hooks_.settled(*settling_);
    } catch (const std::exception& exception) {
        in_full(exception);  // an interrupt goes on
    }
    if (!now) return;
    now->settled = true;
    acknowledge(std::move(*now), settling_->sequence);
    settling_.reset();
}

void Agent::acknowledge(Acknowledgement acknowledgement, std::int64_t sequence) {
    acknowledgement.node = parameters_.node.name;
    acknowledgement.sequence = sequence;
    acknowledgement.at = base::now_unix_ms();
    acknowledgement.detail = base::cut_to(base::printable(acknowledgement.detail), detail_bytes_max);
    unsent_[sequence] = std::move(acknowledgement);
    if (unsent_.size() > waiting_max) unsent_.erase(unsent_.begin());
}

void Agent::send() {
    while (!unsent_.empty()) {
        plane_.acknowledge(parameters_.network, unsent_.rbegin()->second);
        unsent_.erase(std::prev(unsent_.end()));
    }
}

void Agent::answer_requests() {
    if (change_.requests) {
        std::set<std::string> still_asked;
        asked_.clear();
        for (const auto& request : plane_.report_requests(parameters_.network)) {
            still_asked.insert(request.id);
            if (!answered_.contains(request.id)) asked_.push_back(request.id);
        }
        std::erase_if(answered_, [&](const std::string& id) { return !still_asked.contains(id); });
        change_.requests = false;
    }
    if (asked_.empty() || Clock::now() < next_answer_) return;
    plane_.answer(parameters_.network, asked_.back(), {parameters_.node.name, report()});
    answered_.insert(asked_.back());
    asked_.pop_back();
    next_answer_ = Clock::now() + second;
}

std::string Agent::report() const {
    std::string problem = "this node's agent has nothing to report";
    try {
        std::string text = hooks_.report ? hooks_.report() : "";
        if (!text.empty() && text.size() <= network::entry_bytes_max) return text;
        if (!text.empty()) problem = "the report is too large";
    } catch (const std::exception& exception) {
        problem = base::cut_to(base::printable(in_full(exception)), detail_bytes_max);
    }
    return base::Json::object({{"error", problem}}).dump();
}

void Agent::plane_is_away(const Error& error) {
    plane_backoff_.failed();
    if (plane_problem_.empty()) log(format("the control plane is away: {}", in_full(error)));
    plane_problem_ = in_full(error);
    // Nobody knows what was missed.
    up_to_date_ = false;
    change_.orders = true;
}

void Agent::plane_answers() {
    if (!plane_problem_.empty()) log("the control plane answers again");
    plane_problem_.clear();
}

void Agent::log(const std::string& line) const {
    if (hooks_.log) hooks_.log(base::printable(line));
}

}  // namespace bt2c::agent
