#pragma once
// Fetches the blocks that a peer has and we have not.

#include <deque>
#include <functional>

#include "node/event_log.hpp"
#include "node/peer_port.hpp"
#include "node/peer_table.hpp"

namespace bt2c::node {

/// One peer at a time, with one batch on its way while another is proved.
class BlockFetch {
 public:
    struct Hooks {
        std::function<void(LinkId, const Message&)> send;
        /// Drops the peer and keeps it away for a while.
        std::function<void(LinkId, const std::string& why)> misbehaved;
        std::function<void()> tip_changed;
    };
    BlockFetch(PeerPort& port, PeerTable& peers, EventLog& log, std::chrono::milliseconds answer, Hooks hooks)
        : port_(port), peers_(peers), log_(log), answer_(answer), hooks_(std::move(hooks)) {}

    /// Begins where a peer has something for us and nothing is being fetched; gives up who does not answer.
    void look(Clock::time_point now);
    void received(Peer& from, Blocks answer);
    void gone(LinkId peer);
    bool busy() const { return peer_ != 0; }
    /// Whether a peer has more than we, as far as it is of use.
    bool behind();

 private:
    struct Request {
        std::int64_t id = 0, from = 0, count = 0;
        Clock::time_point asked;
    };
    /// Whether that peer's tip is one that we should have.
    bool wanted(const Peer& peer, const ChainTip& tip);
    void begin(const Peer& peer, std::int64_t from, bool fork);
    void end();
    void ask();
    std::int64_t fork_start(const ChainTip& tip);
    void add(Peer& from, const std::vector<Block>& blocks);

    PeerPort& port_;
    PeerTable& peers_;
    EventLog& log_;
    const std::chrono::milliseconds answer_;
    const Hooks hooks_;

    LinkId peer_ = 0;                        ///< who is asked; 0: nobody
    bool fork_ = false;                      ///< began below our tip
    std::int64_t next_ = 0;                  ///< to ask for
    std::int64_t batch_ = blocks_count_max;  ///< how many at once
    std::int64_t last_id_ = 0;
    std::deque<Request> asked_;  ///< in their order
};

}  // namespace bt2c::node
