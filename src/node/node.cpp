#include "node/node.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "base/error.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "keys/signing_state.hpp"
#include "node/node_setup.hpp"
#include "node/peers.hpp"
#include "node/rest_api.hpp"
#include "node/signing.hpp"
#include "platform/notify.hpp"

namespace bt2c::node {

using base::Error;
using base::format;
using base::printable;
using std::chrono::milliseconds;

namespace {

constexpr milliseconds look_interval(250);  ///< at what others do to the database
constexpr milliseconds goodbye(300);        ///< for what is still to be sent

double now_s() {
    return static_cast<double>(base::now_unix_ms()) / 1000;
}

void write_line(const std::string& text) {
    std::fputs(format("{} {}\n", base::format_utc(base::now_unix_ms()), text).c_str(), stderr);
}

std::string short_hash(const chain::Hash& hash) {
    return chain::hash_text(hash).substr(0, 12);
}

/// Reasons that come and go with each block, and are no news.
bool ordinary(Abstained reason) {
    return reason == Abstained::nothing || reason == Abstained::not_our_turn ||
           reason == Abstained::too_early;
}

/// Blocks that a peer sends go through here, so that the producer sees whether our key signed one.
class ChainPort final : public PeerPort {
 public:
    ChainPort(Chain& chain, Producer& producer, EventLog& log)
        : chain_(chain), producer_(producer), log_(log) {}

    ChainTip tip() override { return chain_.tip(); }
    std::int64_t base_height() override { return chain_.base_height(); }
    bool paused() override { return chain_.paused(); }
    bool claims_key() override { return !producer_.locked(); }
    std::int64_t pause_sequence() override { return chain_.pause_sequence(); }
    std::optional<chain::Hash> hash_at(std::int64_t height) override { return chain_.hash_at(height); }
    std::vector<Block> blocks_from(std::int64_t height, std::size_t count, std::size_t bytes_max) override {
        return chain_.blocks_from(height, count, bytes_max);
    }
    Taken accept(const Block& block) override {
        Taken taken = chain_.accept(block, now_s());
        if (taken.verdict == Verdict::accepted) {
            ++accepted_;
            tell(block);
        }
        // Whether it is part of the chain or not: its signature was proved.
        if (taken.verdict == Verdict::accepted || taken.verdict == Verdict::worse)
            producer_.observe(chain_, block.header);
        return taken;
    }
    Taken accept_all(const std::vector<Block>& blocks, std::size_t& accepted) override {
        Taken taken = chain_.accept_all(blocks, now_s(), accepted);
        for (std::size_t i = 0; i < accepted; ++i) producer_.observe(chain_, blocks[i].header);
        accepted_ += static_cast<std::int64_t>(accepted);
        if (accepted == 1)
            tell(blocks[0]);
        else if (accepted > 1)
            log_.limited("fetched", format("fetched {} blocks, up to height {}", accepted,
                                           blocks[accepted - 1].header.height));
        return taken;
    }
    Taken add_transaction(const Transaction& transaction) override {
        return chain_.add_transaction(transaction, now_s());
    }
    std::vector<Transaction> pending(std::size_t count) override { return chain_.pending(count); }
    std::int64_t active_stake_units(const std::string& address) override {
        const auto found = chain_.validator(address);
        return found && found->status == "ACTIVE" ? found->stake_units : 0;
    }
    std::int64_t accepted() const { return accepted_; }

 private:
    void tell(const Block& block) {
        log_.line(format("accepted block {} {} by {}, {} transactions", block.header.height,
                         short_hash(block.header.hash), block.header.validator, block.transactions.size()));
    }
    Chain& chain_;
    Producer& producer_;
    EventLog& log_;
    std::int64_t accepted_ = 0;
};

class Node {
 public:
    Node(const config::NodeConfig& config, const config::Home& home, const std::string& version)
        : config_(config),
          home_(home),
          version_(version),
          lock_(lock_home(home)),
          signer_(open_wallet(config)),
          log_(write_line),
          chain_(Chain::open(home.database(), {config.network, config.block_time_s})),
          producer_(home, signer_, config.settle_s),
          port_(chain_, producer_, log_),
          paused_(chain_.paused()),
          sequence_(chain_.pause_sequence()),
          tip_(chain_.tip().hash) {}

    void run() {
        peers_ = std::make_unique<Peers>(loop_, peers_options(), read_tls_identity(config_), port_, log_,
                                         PeersEvents{[this] { produce_soon(); }, [this] { produce_soon(); }});
        RestApi api({chain_, [this] { return facts(); },
                     [this](const Transaction& transaction) { return submit(transaction); }, now_s});
        const HttpServer http(loop_, config_.rest.host, config_.rest.port, {},
                              [&](const HttpRequest& request) { return api.answer(request); });
        const ChainTip tip = chain_.tip();
        log_.line(format("{} {} begins on {} at height {} {}, {}; peers at port {}, REST at port {}{}",
                         config_.name, version_, config_.network, tip.height, short_hash(tip.hash),
                         producer_.address().empty() ? "without a key" : producer_.address(),
                         peers_->listening_port(), http.port(), paused_ ? "; the network is paused" : ""));
        loop_.on_stop_signal([this] { stop(); });
        loop_.every(look_interval, [this] { look(); });
        produce_soon();
        platform::notify_service_manager("READY=1");
        loop_.run();
        log_.line(format("{} ends", config_.name));
    }

 private:
    PeersOptions peers_options() const {
        PeersOptions options;
        options.name = config_.name;
        options.network = config_.network;
        options.genesis = chain_.genesis();
        options.listen = {config_.listen.host, config_.listen.port};
        for (const config::HostPort& peer : config_.peers) options.dial.push_back({peer.host, peer.port});
        options.signer = signer_;
        options.limits.unproved_per_host = config_.connections_per_host;
        return options;
    }

    void stop() {
        if (stopping_) return;
        stopping_ = true;
        platform::notify_service_manager("STOPPING=1");
        peers_->stop("it is shut down");
        loop_.after(goodbye, [this] { loop_.stop(); });
    }

    /// A database that is locked or a disk that is full is told of, and tried again.
    template <typename Work>
    void guarded(const char* what, Work work) {
        try {
            work();
        } catch (const Error& error) {
            log_.limited(what,
                         format("{}: {} {}", what, printable(error.message()), printable(error.cause())));
        }
    }

    // What others do to the database and to the home.

    void look() {
        if (stopping_) return;
        guarded("cannot look at the chain", [&] {
            const bool paused = chain_.paused();
            const std::int64_t sequence = chain_.pause_sequence();
            const ChainTip tip = chain_.tip();
            if (paused != paused_)
                log_.line(format("the network is {} at height {}, order {}", paused ? "paused" : "resumed",
                                 tip.height, sequence));
            if (paused != paused_ || sequence != sequence_ || tip.hash != tip_) {
                paused_ = paused;
                sequence_ = sequence;
                tip_ = tip.hash;
                peers_->tell_status();
            }
            send_evidence();
        });
        produce();
    }

    /// Evidence that the chain found becomes a transaction of ours.
    void send_evidence() {
        if (!signer_ || paused_) return;
        std::int64_t nonce = chain_.last_nonce(producer_.address());
        for (Transaction& transaction : chain_.take_own_transactions()) {
            transaction.timestamp = std::floor(now_s());
            transaction.nonce = ++nonce;
            sign_transaction(transaction, config_.network, chain_.genesis(), *signer_);
            Taken taken = submit(transaction);
            log_.line(
                format("found two blocks of one height by one validator; the evidence is {}{}",
                       taken.verdict == Verdict::accepted ? "sent" : "refused: ", printable(taken.reason)));
        }
    }

    Taken submit(const Transaction& transaction) {
        Taken taken = chain_.add_transaction(transaction, now_s());
        if (taken.verdict == Verdict::accepted) peers_->broadcast(transaction);
        return taken;
    }

    // Making blocks.

    /// Not at once: who calls may be in the middle of something.
    void produce_soon() {
        if (soon_) return;
        soon_ = true;
        loop_.post([this] {
            soon_ = false;
            produce();
        });
    }

    void produce() {
        if (stopping_) return;
        guarded("cannot make a block", [&] {
            if (!agent_ready()) return abstain(Abstained::paused, "no_agent", "the agent has not looked yet");
            const Producer::Outcome outcome = producer_.try_produce(chain_, peers_->view(), now_s());
            if (outcome.block) publish(*outcome.block);
            abstain(outcome.abstained, std::string(abstained_name(outcome.abstained)), outcome.detail);
            try_again_at(outcome.next_try_s);
        });
    }

    void publish(const Block& block) {
        Taken taken = chain_.accept(block, now_s());
        if (taken.verdict != Verdict::accepted) {
            log_.line(
                format("cannot add our own block {}: {}", block.header.height, printable(taken.reason)));
            return;
        }
        ++made_;
        tip_ = block.header.hash;
        peers_->broadcast(block);
        log_.line(format("made block {} {}, round {}, {} transactions", block.header.height,
                         short_hash(block.header.hash), block.header.nonce, block.transactions.size()));
        produce_soon();
    }

    void try_again_at(double time_s) {
        const double delay = time_s - now_s();
        // What is further away is looked at anyway.
        if (!(delay > 0) || delay > 1) return;
        const std::uint64_t number = ++timer_;
        loop_.after(milliseconds(static_cast<std::int64_t>(std::ceil(delay * 1000))), [this, number] {
            if (number == timer_) produce();
        });
    }

    /// The reason why no block is made now.
    void abstain(Abstained reason, const std::string& name, const std::string& detail) {
        if (name != abstained_) ++abstained_total_[name];
        abstained_ = name;
        abstained_detail_ = detail;
        const std::string news = ordinary(reason) ? std::string() : name;
        if (news == told_) return;
        told_ = news;
        log_.line(news.empty() ? "takes part in making blocks"
                               : format("makes no blocks: {}{}{}", news, detail.empty() ? "" : ": ",
                                        printable(detail)));
    }

    /// Whether the agent has looked for orders since this process began.
    bool agent_ready() {
        if (!config_.wait_for_agent || agent_seen_) return true;
        std::error_code error;
        const auto written =
            std::filesystem::last_write_time(home_.root / "network" / "agent-ready.json", error);
        agent_seen_ = !error && written >= began_;
        return agent_seen_;
    }

    NodeFacts facts() {
        NodeFacts facts;
        facts.name = config_.name;
        facts.version = version_;
        facts.validator = producer_.address();
        facts.peers = peers_->list();
        facts.synced = peers_->synced();
        facts.abstained = abstained_;
        facts.abstained_detail = abstained_detail_;
        facts.signing_locked = keys::signing_lock(home_).has_value();
        facts.blocks_made = made_;
        facts.abstained_total = abstained_total_;
        facts.blocks_accepted = port_.accepted();
        return facts;
    }

    const std::filesystem::file_time_type began_ = std::filesystem::file_time_type::clock::now();
    const config::NodeConfig config_;
    const config::Home home_;
    const std::string version_;
    const platform::Descriptor lock_;
    const std::optional<keys::Signer> signer_;
    EventLog log_;
    EventLoop loop_;
    Chain chain_;
    Producer producer_;
    ChainPort port_;
    std::unique_ptr<Peers> peers_;
    bool paused_ = false, stopping_ = false, soon_ = false, agent_seen_ = false;
    std::int64_t sequence_ = 0;
    chain::Hash tip_{};
    std::uint64_t timer_ = 0;
    std::int64_t made_ = 0;
    std::string abstained_, abstained_detail_, told_;
    std::map<std::string, std::int64_t> abstained_total_;
};

}  // namespace

void run_node(const config::NodeConfig& config, const config::Home& home, const std::string& version) {
    Node(config, home, version).run();
}

}  // namespace bt2c::node
