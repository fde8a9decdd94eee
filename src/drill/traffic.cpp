#include "drill/traffic.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <thread>

#include "base/error.hpp"
#include "base/parallel.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "config/node_config.hpp"
#include "drill/devnet_run.hpp"
#include "node/node_setup.hpp"
#include "node/signing.hpp"

namespace bt2c::drill {

using base::Error;
using base::ErrorKind;
using base::format;
using base::Json;

namespace {

constexpr std::int64_t transfer_units = 1'000'000;
/// A node keeps a hundred of one sender waiting, and there may be others.
constexpr std::int64_t waiting_max = 80;
constexpr std::chrono::milliseconds turn(50);

struct Account {
    const DevnetNode* node = nullptr;
    keys::Signer signer;
    std::int64_t first = 0;  ///< nonce of the first that we send
    std::int64_t next = 0;   ///< of the next one
    std::int64_t last = 0;   ///< in a block, when last asked

    std::int64_t sent() const { return next - first; }
    std::int64_t in_blocks() const { return std::clamp(last + 1 - first, std::int64_t{0}, sent()); }
};

class Traffic {
 public:
    Traffic(const Devnet& devnet, const TrafficWish& wish, base::Progress& progress)
        : devnet_(devnet), wish_(wish), progress_(progress) {}

    TrafficResult run() {
        open_accounts();
        const std::string text = ask(http_, *accounts_[0].node, "/network/status").string_at("genesis_hash");
        if (!chain::parse_hash(text, genesis_))
            throw Error(ErrorKind::failed, "a node does not tell its network's first block");
        TrafficResult result;
        const base::Stopwatch watch;
        progress_.items_phase("sending transfers", wish_.count);
        for (; result.sent < wish_.count; ++result.sent) {
            if (wish_.per_second > 0) wait_until(watch, static_cast<double>(result.sent) / wish_.per_second);
            base::throw_if_interrupted();
            send(accounts_[result.sent % accounts_.size()],
                 accounts_[(result.sent + 1) % accounts_.size()].node->validator);
            progress_.advance(1);
        }
        result.seconds = watch.seconds();
        if (wish_.wait) wait_for_blocks();
        for (const Account& account : accounts_)
            result.in_blocks += static_cast<std::uint64_t>(account.in_blocks());
        return result;
    }

 private:
    void open_accounts() {
        for (const DevnetNode& node : devnet_.nodes) {
            const NodeState state = look_at(http_, devnet_, node);
            if (state.paused && wish_.wait)
                throw Error(ErrorKind::failed, "cannot get transfers into blocks: the network is paused")
                    .state("nothing was sent")
                    .hint("'bt2c-dr network resume' starts it again");
            if (accounts_.size() < wish_.count && state.answers)
                accounts_.push_back({.node = &node, .signer = {}});
        }
        if (accounts_.empty())
            throw Error(ErrorKind::failed, "cannot send transfers: no node of the network answers")
                .hint("'bt2c-dr devnet up' starts them");
        progress_.items_phase("opening wallets", accounts_.size());
        base::ordered_parallel(
            base::worker_count(), accounts_.size(),
            [&](std::uint64_t i) {
                return *node::open_wallet(config::load_node_config(devnet_.home_of(*accounts_[i].node)));
            },
            [&](std::uint64_t i, keys::Signer signer) {
                accounts_[i].signer = std::move(signer);
                progress_.advance(1);
            });
        for (Account& account : accounts_) {
            account.first = account.next = look(account).integer_at("next_nonce");
        }
    }

    Json look(Account& account) {
        Json answer = ask(http_, *account.node, "/blockchain/validator/" + account.node->validator);
        if (answer.find("error"))
            throw Error(ErrorKind::failed, format("{} does not know its own validator", account.node->name))
                .cause(answer.string_at("error"));
        account.last = answer.integer_at("last_nonce");
        return answer;
    }

    void send(Account& account, const std::string& recipient) {
        const base::Stopwatch watch;
        while (account.next - account.last > waiting_max) {
            look(account);
            if (watch.seconds() > wish_.patience_s)
                throw Error(ErrorKind::failed,
                            format("{} gets no transfers into blocks", account.node->name));
            if (account.next - account.last > waiting_max) pause_a_turn();
        }
        node::Transaction transfer;
        transfer.type = "transfer";
        transfer.recipient = recipient;
        transfer.units = transfer_units;
        transfer.timestamp = std::floor(static_cast<double>(base::now_unix_ms()) / 1000);
        transfer.nonce = account.next;
        sign_transaction(transfer, devnet_.network, genesis_, account.signer);
        const Json answer = ask(http_, *account.node, "/blockchain/transaction", node::to_json(transfer));
        if (answer.find("error"))
            throw Error(ErrorKind::failed, format("{} refuses a transfer", account.node->name))
                .cause(answer.string_at("error"))
                .state(format("{} were sent", total(&Account::sent)));
        ++account.next;
    }

    void wait_for_blocks() {
        const base::Stopwatch watch;
        std::int64_t seen = 0;
        progress_.items_phase("waiting for blocks", wish_.count);
        for (;;) {
            for (Account& account : accounts_) look(account);
            const std::int64_t done = total(&Account::in_blocks);
            if (done > seen) progress_.advance(static_cast<std::uint64_t>(done - seen));
            seen = std::max(seen, done);
            if (done == total(&Account::sent)) return;
            if (watch.seconds() > wish_.patience_s)
                throw Error(ErrorKind::failed, format("{} of {} transfers are in no block after {}",
                                                      total(&Account::sent) - done, total(&Account::sent),
                                                      base::human_duration(wish_.patience_s)))
                    .state("they wait in the nodes' pools");
            pause_a_turn();
        }
    }

    std::int64_t total(std::int64_t (Account::*of)() const) const {
        std::int64_t sum = 0;
        for (const Account& account : accounts_) sum += (account.*of)();
        return sum;
    }

    static void pause_a_turn() {
        base::throw_if_interrupted();
        std::this_thread::sleep_for(turn);
    }
    static void wait_until(const base::Stopwatch& watch, double seconds) {
        for (double left = seconds - watch.seconds(); left > 0; left = seconds - watch.seconds()) {
            base::throw_if_interrupted();
            std::this_thread::sleep_for(
                std::min(std::chrono::duration<double>(left), std::chrono::duration<double>(turn)));
        }
    }

    const Devnet& devnet_;
    const TrafficWish wish_;
    base::Progress& progress_;
    platform::HttpClient http_;
    chain::Hash genesis_{};
    std::vector<Account> accounts_;
};

}  // namespace

TrafficResult send_traffic(const Devnet& devnet, const TrafficWish& wish, base::Progress& progress) {
    if (wish.count == 0) return {};
    return Traffic(devnet, wish, progress).run();
}

}  // namespace bt2c::drill
