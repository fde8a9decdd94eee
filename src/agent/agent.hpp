#pragma once
// What the agent of a node does: it learns of orders, has them obeyed, acknowledges them, and answers when it
// is asked how its node is. docs/control-plane.md says what happens when something is away.

#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "network/control_plane.hpp"

namespace bt2c::agent {

/// What an agent asks of the program around it, in the thread of run(). `last_sequence`, `obey` and `stop`
/// must be there. Those that may throw say so.
struct Hooks {
    /// The newest order that the node has applied; 0: none. May throw: it is asked again.
    std::function<std::int64_t()> last_sequence;
    /// Obeys an order, which nobody has checked; `catching_up` until the agent is ready, after the control
    /// plane was away, and when an attempt has failed: it may have expired meanwhile. What it returns is
    /// final, also a refusal; node, sequence and time are filled in. Throws where another attempt may do
    /// better (a database that is locked, read-only or full).
    std::function<network::Acknowledgement(const network::PublishedOrder&, bool catching_up)> obey;
    /// Asked when the settle time is over after an order was obeyed, then once a second until it answers: the
    /// acknowledgement with what the node looks like now. May throw: it is asked again.
    std::function<std::optional<network::Acknowledgement>(const network::Acknowledgement&)> settled = {};
    /// The node's state, a JSON document of at most 16 KiB. May throw: that is reported.
    std::function<std::string()> report = {};
    /// Once a second, whatever else is going on, but for a hook or a member of the control plane that takes
    /// longer.
    std::function<void()> every_second = {};
    /// Once, when all orders that were there are obeyed: the node may go to work.
    std::function<void()> ready = {};
    /// One line for the log.
    std::function<void(const std::string&)> log = {};
    /// Whether to stop; asked twice a second.
    std::function<bool()> stop;
};

struct Parameters {
    std::string network;
    network::NodeRecord node;
    std::chrono::milliseconds settle{2000};
};

class Agent {
 public:
    Agent(network::ControlPlane& plane, Parameters parameters, Hooks hooks);

    /// Works until `stop` says so, or this process is asked to stop. A control plane that is away and orders
    /// that cannot be obeyed yet are tried again, 0.1 to 5 s apart.
    void run();

 private:
    using Clock = std::chrono::steady_clock;

    /// Tries again, later each time, and not everybody at once.
    class Backoff {
     public:
        void failed();
        void reset() { *this = Backoff(); }
        bool over() const { return Clock::now() >= next_; }
        Clock::time_point next() const { return next_; }

     private:
        std::chrono::milliseconds delay_{0};
        Clock::time_point next_;
    };

    void work();
    void talk();
    void wait();
    void find_last();
    void fetch_orders();
    void look_back();
    void look_ahead();
    void obey_orders();
    enum class Outcome { obeyed, refused, failed };
    Outcome obey(const network::PublishedOrder& order, bool catching_up);
    void settle();
    void send();
    void answer_requests();
    std::string report() const;
    void acknowledge(network::Acknowledgement acknowledgement, std::int64_t sequence);
    void plane_is_away(const base::Error& error);
    void plane_answers();
    void log(const std::string& line) const;

    network::ControlPlane& plane_;
    Parameters parameters_;
    Hooks hooks_;

    std::optional<std::int64_t> applied_;  ///< the newest order that was obeyed; nothing: not known yet
    std::map<std::int64_t, std::size_t>
        seen_;  ///< orders after it that were fetched, and a hash of each one's text
    struct Waiting {
        network::PublishedOrder order;
        bool catching_up;
    };
    std::deque<Waiting> orders_;  ///< those of them to be obeyed
    std::string problem_;         ///< why that failed the last time; empty: it did not
    Backoff obey_backoff_, plane_backoff_;
    std::map<std::int64_t, network::Acknowledgement> unsent_;
    std::optional<network::Acknowledgement> settling_;
    Clock::time_point settle_at_, next_second_, next_answer_;
    network::Change change_;  ///< what is to be read
    std::vector<std::string> asked_;
    std::set<std::string> answered_;
    std::string plane_problem_;  ///< empty: it answers
    bool registered_ = false, ready_ = false;
    bool up_to_date_ = false;  ///< all orders were read since the control plane was away
};

}  // namespace bt2c::agent
