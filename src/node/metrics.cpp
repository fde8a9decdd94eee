#include "base/text.hpp"
#include "node/rest_api.hpp"

namespace bt2c::node {

using base::format;

namespace {

class Text {
 public:
    Text& metric(std::string_view name, std::string_view type, std::string_view help) {
        name_ = name;
        text_ += format("# HELP {0} {2}\n# TYPE {0} {1}\n", name, type, help);
        return *this;
    }
    Text& value(double value, const std::string& labels = {}) {
        text_ += format("{}{} {}\n", name_, labels, value);
        return *this;
    }
    Text& value(std::int64_t value, const std::string& labels = {}) {
        text_ += format("{}{} {}\n", name_, labels, value);
        return *this;
    }
    Text& value(bool value) { return this->value(std::int64_t{value ? 1 : 0}); }
    const std::string& text() const { return text_; }

 private:
    std::string name_, text_;
};

}  // namespace

std::string metrics_text(const Chain& chain, const NodeFacts& facts) {
    const ChainTip tip = chain.tip();
    Text out;
    out.metric("bt2c_node_info", "gauge", "What runs here.")
        .value(std::int64_t{1}, format("{{name=\"{}\",network=\"{}\",version=\"{}\",validator=\"{}\"}}",
                                       facts.name, chain.options().network, facts.version, facts.validator));
    out.metric("bt2c_node_height", "gauge", "Height of the newest block.").value(tip.height);
    out.metric("bt2c_node_last_block_timestamp_seconds", "gauge", "Time of the newest block.")
        .value(tip.timestamp);
    out.metric("bt2c_node_peers", "gauge", "Peers that are connected and proved who they are.")
        .value(static_cast<std::int64_t>(facts.peers.size()));
    out.metric("bt2c_node_synced", "gauge", "1 while no peer is known to have more blocks.")
        .value(facts.synced);
    out.metric("bt2c_node_paused", "gauge", "1 while the network is paused here.").value(chain.paused());
    out.metric("bt2c_node_pause_sequence", "gauge", "Number of the newest order that was applied.")
        .value(chain.pause_sequence());
    out.metric("bt2c_node_signing_locked", "gauge", "1 while a signing lock is in place.")
        .value(facts.signing_locked);
    out.metric("bt2c_node_pending_transactions", "gauge", "Transactions that wait for a block.")
        .value(static_cast<std::int64_t>(chain.pending_count()));
    out.metric("bt2c_node_slashing_cases", "gauge", "Cases of two blocks by one validator at one height.")
        .value(chain.evidence_count());
    out.metric("bt2c_node_blocks_made_total", "counter", "Blocks that this node made since it began.")
        .value(facts.blocks_made);
    out.metric("bt2c_node_blocks_accepted_total", "counter", "Blocks of others that this node added.")
        .value(facts.blocks_accepted);
    out.metric("bt2c_node_abstained_total", "counter", "How often that became the reason to make no block.");
    for (const auto& [reason, count] : facts.abstained_total)
        out.value(count, format("{{reason=\"{}\"}}", reason));
    return out.text();
}

}  // namespace bt2c::node
