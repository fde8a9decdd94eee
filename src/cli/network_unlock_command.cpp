#include <algorithm>

#include "base/parallel.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "chaindb/sqlite/live_database.hpp"
#include "cli/commands.hpp"
#include "cli/network_target.hpp"
#include "cli/node_keys.hpp"
#include "keys/signing_state.hpp"
#include "network/order_situation.hpp"
#include "network/peer_inquiry.hpp"
#include "verify/live_verify.hpp"

namespace bt2c::cli {
namespace {

using base::Error;
using base::ErrorKind;
using base::Json;
using chaindb::PauseState;
using chaindb::sqlite::Connection;
using network::UnlockDecision;
using network::UnlockFacts;

/// What the database says that a decision needs; read from one image.
struct ChainFacts {
    std::string network;
    PauseState state;
    double tip_at_s = 0, block_time_s = 0;
    std::vector<std::string> addresses;  ///< of validators of the network whose key is here
    std::int64_t active_validators = 0;
    keys::Watermarks watermarks;
    std::vector<std::pair<std::string, std::int64_t>> highest_own;
};

ChainFacts read_chain(Context& context, const std::string& named) {
    const config::Home& home = context.home();
    const auto live = chaindb::sqlite::LiveDatabase::open(home.database());
    live->begin_pass(chaindb::sqlite::Hold::whole);
    auto database = Connection::open_image(live->image());
    database.query_integer("SELECT count(*) FROM sqlite_master");
    ChainFacts facts;
    facts.network = chosen_network(context, database);
    facts.state = chaindb::read_pause_state(database, facts.network);
    facts.block_time_s = chaindb::usual_block_time_s(database, facts.network);
    auto newest =
        database.prepare("SELECT timestamp FROM blocks WHERE network_type = ? ORDER BY height DESC LIMIT 1");
    newest.bind(1, facts.network);
    if (newest.next()) facts.tip_at_s = newest.real(0);
    facts.active_validators = facts.state.active_validators;
    if (!named.empty()) facts.addresses.push_back(named);
    for (const std::string& address : validators_here(context, database, facts.network))
        if (address != named) facts.addresses.push_back(address);
    facts.watermarks = keys::all_watermarks(home);
    for (const keys::Watermark& mark : facts.watermarks.marks)
        if (mark.identity.network == facts.network &&
            std::ranges::find(facts.addresses, mark.identity.address) == facts.addresses.end())
            facts.addresses.push_back(mark.identity.address);
    for (const std::string& address : facts.addresses) {
        auto own = database.prepare(
            "SELECT max(b.height) FROM transactions t JOIN blocks b ON b.hash = t.block_hash WHERE t.type = "
            "'reward' AND t.recipient = ? AND b.network_type = ?");
        own.bind(1, address).bind(2, facts.network);
        if (own.next() && !own.is_null(0)) facts.highest_own.emplace_back(address, own.integer(0));
    }
    live->end_pass();
    return facts;
}

struct Unlocked {
    std::string network, reason;
    bool was_locked = false;
    std::vector<std::pair<std::string, UnlockDecision>> decisions;  ///< by address
    bool allowed() const {
        return std::ranges::all_of(decisions,
                                   [](const auto& entry) { return entry.second.refusals.empty(); });
    }
};

class NetworkUnlockCommand final : public Command {
    About about() const override {
        return {.name = "network unlock-signing",
                .summary = "let a restored validator sign again, after checks that no other host does",
                .description =
                    "A restore leaves signing locked: the host that was lost may still run with the same "
                    "key, and two "
                    "blocks by one validator at one height ban it for ever. This command proves the chain, "
                    "asks peers "
                    "whether this node is synced and when the key last signed, sets the watermark beyond "
                    "every height "
                    "that may have been signed, and only then takes the lock away. It says what it could not "
                    "check. "
                    "A check that fails cannot be overruled; the lock stays.\n\n"
                    "--old-host-dead is your word, kept in the record, how you know that the old host cannot "
                    "sign: it was "
                    "fenced, switched off, its disk is in your hand. Silence alone proves nothing.\n\n"
                    "After a total outage the chain goes on from a backup on all nodes. Nobody then has the "
                    "blocks that "
                    "were made after it, and heights are signed anew: with --total-outage you answer for it.",
                .examples =
                    {{"bt2c-dr network unlock-signing --old-host-dead 'switched off, disk removed' --peer "
                      "http://10.0.0.2:8335",
                      "ask one peer"},
                     {"bt2c-dr network unlock-signing --dry-run", "only the checks"}},
                .exits = {ErrorKind::failed, ErrorKind::findings, ErrorKind::busy}};
    }

    void declare(Options& options) override {
        options.value(attestation_, "--old-host-dead", "TEXT",
                      "how it is known that the old host cannot sign");
        options.value(address_, "--address", "ADDRESS",
                      "the validator, where its key is in none of this home's wallets");
        options.texts(peers_, "--peer", "URL",
                      "a node's REST interface to ask; else network.rest_urls of dr.toml");
        options.flag(total_outage_, "--total-outage",
                     "the chain goes on from here on all nodes: sign from its tip on");
        options.value(order_, "--order", "FILE",
                      "an order of the response team, where the policy asks for one");
        options.flag(dry_run_, "--dry-run", "check, and leave the lock");
    }

    Result run(Context& context) override {
        const config::Home& home = context.home();
        const auto lock = keys::signing_lock(home);
        const ChainFacts chain = read_chain(context, address_);
        if (chain.addresses.empty())
            throw Error(ErrorKind::failed, "there is no key of a validator in this home")
                .cause(base::format("none of its wallets and tokens is a validator of network {}",
                                    base::printable(chain.network)))
                .state("nothing was changed")
                .hint("name the validator with --address");
        const auto unlocked = std::make_shared<Unlocked>();
        unlocked->network = chain.network;
        unlocked->was_locked = lock.has_value();
        unlocked->reason = lock ? lock->reason : "";
        const std::string problem = integrity_problem(context, chain.network);
        for (const std::string& address : chain.addresses)
            unlocked->decisions.emplace_back(address,
                                             decide_unlock(facts_of(context, chain, address, problem)));
        const bool allowed = unlocked->allowed();
        if (allowed && !dry_run_) {
            const std::string authority = require_order(context, chain);
            // The decision's height is no lower than any that could be read, but where a person decided so.
            for (const auto& [address, decision] : unlocked->decisions)
                keys::set_watermark(home, {chain.network, chain.state.genesis_hash, address},
                                    decision.watermark);
            keys::unlock_signing(home);
            network::append_audit(home,
                                  {.event = network::AuditEvent::signing_unlocked,
                                   .network = chain.network,
                                   .actor = authority,
                                   .detail = acts_of(*unlocked)},
                                  base::now_unix_ms());
        }
        return {.document = document(*unlocked),
                .print = [this, unlocked](Output& out) { print(out, *unlocked); },
                .outcome = allowed ? std::nullopt : std::optional(ErrorKind::findings)};
    }

    /// Who unlocks: the members who signed the order, where the policy asks for their signatures. An order
    /// counts once, for each of the addresses that it names.
    std::string require_order(Context& context, const ChainFacts& chain) const {
        const auto policy = config::load_emergency_policy(context.home());
        const int needed = policy ? policy->unlock_threshold : 0;
        if (!order_) {
            if (needed == 0) return local_authority();
            throw Error(ErrorKind::failed,
                        base::format("the policy asks for an order that {} members signed", needed))
                .state("signing stays locked")
                .hint(base::format(
                    "bt2c-dr network order create --unlock {} -o FILE; then each signs it with 'network "
                    "order sign FILE', and here: --order FILE",
                    chain.addresses.front()));
        }
        if (!policy) throw Error(ErrorKind::usage, "there is no policy here that says whose orders count");
        const network::Order order = network::read_order(*order_);
        if (order.action != network::Action::unlock || chain.addresses != std::vector{order.scope})
            throw Error(ErrorKind::failed, "this order does not unlock the validator of this home")
                .state("signing stays locked");
        network::OrderSituation situation{.network = chain.network,
                                          .genesis_hash = chain.state.genesis_hash,
                                          .now = base::now_unix_ms(),
                                          .last_order = std::nullopt,
                                          .earlier_pauses = {}};
        if (was_logged(context.home(), network::AuditEvent::order_accepted, order))
            throw Error(ErrorKind::failed, "this order was used before").state("signing stays locked");
        std::string signers;
        for (const std::string& name : network::check(order, *policy, situation, network::CheckMode::fresh))
            signers += (signers.empty() ? "" : ", ") + name;
        network::append_audit(context.home(),
                              {.event = network::AuditEvent::order_accepted,
                               .network = chain.network,
                               .sequence = order.sequence,
                               .actor = signers,
                               .order = order.text()},
                              situation.now);
        return signers;
    }

    std::string acts_of(const Unlocked& unlocked) const {
        std::string text = base::format("the old host: {}", base::printable(attestation_));
        for (const auto& [address, decision] : unlocked.decisions) {
            text += base::format("; {} signs above {}", address, decision.watermark);
            for (const std::string& line : decision.not_checked) text += "; not checked: " + line;
        }
        return text;
    }

    static std::string integrity_problem(Context& context, const std::string& network) {
        verify::Options options;
        options.network = network;
        options.threads = base::worker_count();
        options.examples_max = 1;
        const verify::Report report =
            verify::verify_live(context.home().database(), options, context.progress());
        for (const verify::CheckResult& check : report.checks)
            if (check.count > 0) return base::format("{} ({})", verify::check_name(check.check), check.count);
        return "";
    }

    UnlockFacts facts_of(Context& context, const ChainFacts& chain, const std::string& address,
                         const std::string& problem) const {
        UnlockFacts facts;
        facts.now_s = static_cast<double>(base::now_unix_ms()) / 1000;
        facts.block_time_s = chain.block_time_s;
        facts.height = chain.state.height;
        facts.tip_hash = chain.state.tip_hash;
        facts.tip_at_s = chain.tip_at_s;
        facts.paused = chain.state.paused;
        facts.integrity_problem = problem;
        facts.other_validators = std::max<std::int64_t>(0, chain.active_validators - 1);
        facts.attestation = base::printable(attestation_);
        facts.total_outage = total_outage_;
        facts.damaged_watermarks = chain.watermarks.damaged;
        for (const keys::Watermark& mark : chain.watermarks.marks)
            if (mark.identity.network == chain.network && mark.identity.address == address)
                facts.watermark = std::max(facts.watermark.value_or(0), mark.height);
        for (const auto& [owner, height] : chain.highest_own)
            if (owner == address) facts.highest_own = height;
        platform::HttpClient client;
        for (const std::string& url : peers_.empty() ? context.settings().network.rest_urls : peers_)
            facts.peers.push_back(
                network::ask_peer(client, url, {chain.network, facts.height.value_or(0), address}));
        return facts;
    }

    Json document(const Unlocked& unlocked) const {
        const auto list = [](const std::vector<std::string>& lines) {
            Json array = Json::array();
            for (const std::string& line : lines) array.push(line);
            return array;
        };
        Json validators = Json::array();
        for (const auto& [address, decision] : unlocked.decisions)
            validators.push(Json::object({{"address", address},
                                          {"watermark", decision.watermark},
                                          {"checked", list(decision.checked)},
                                          {"not_checked", list(decision.not_checked)},
                                          {"refusals", list(decision.refusals)}}));
        return Json::object({{"network", unlocked.network},
                             {"unlocked", unlocked.allowed() && !dry_run_},
                             {"was_locked", unlocked.was_locked},
                             {"validators", std::move(validators)}});
    }

    void print(Output& out, const Unlocked& unlocked) const {
        for (const auto& [address, decision] : unlocked.decisions) {
            out.line("Validator {} on {}:", base::printable(address), base::printable(unlocked.network));
            for (const std::string& line : decision.checked)
                out.line("  {}  {}", out.styled(Style::green, "ok"), line);
            for (const std::string& line : decision.not_checked)
                out.line("  {}  {}", out.styled(Style::yellow, "not checked"), line);
            for (const std::string& line : decision.refusals)
                out.line("  {}  {}", out.styled(Style::red, "refused"), line);
        }
        if (!unlocked.allowed()) {
            out.line("Signing stays {}.", unlocked.was_locked ? "locked" : "as it was");
            return;
        }
        for (const auto& [address, decision] : unlocked.decisions)
            out.line("{} {} above height {}.", base::printable(address), dry_run_ ? "would sign" : "may sign",
                     decision.watermark);
    }

    std::string attestation_, address_;
    std::vector<std::string> peers_;
    std::optional<std::filesystem::path> order_;
    bool total_outage_ = false;
    bool dry_run_ = false;
};

}  // namespace

std::unique_ptr<Command> network_unlock_command() {
    return std::make_unique<NetworkUnlockCommand>();
}

}  // namespace bt2c::cli
