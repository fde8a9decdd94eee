#include "network/resume_check.hpp"

#include <algorithm>
#include <map>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/text.hpp"

namespace bt2c::network {

using base::Error;
using base::Json;
using base::printable;

namespace {

/// Stakes are coins; sums of doubles differ in the last digits.
constexpr double stake_tolerance = 1e-6;

void read(NodeReport& report, const Json& json) {
    report.genesis_hash = json.string_at("genesis_hash");
    if (json.find("height")) report.height = json.integer_at("height");
    report.tip_hash = json.string_at("tip_hash");
    const Json::Array& recent = json.array_at("recent");
    if (recent.size() > static_cast<std::size_t>(recent_blocks))
        throw Error(base::ErrorKind::failed, "it tells of too many blocks");
    for (const Json& block : recent)
        report.recent.emplace_back(block.integer_at("height"), block.string_at("hash"));
    report.paused = json.bool_at("paused");
    report.sequence = json.integer_at("sequence");
    report.stake = json.number_at("stake");
    report.stake_total = json.number_at("stake_total");
    report.problem = printable(json.string_at("problem"));
    if (!(report.stake >= 0) || !(report.stake_total >= 0))
        throw Error(base::ErrorKind::failed, "its stakes are not sound");
}

class Check {
 public:
    explicit Check(const ResumeFacts& facts) : facts_(facts) {}

    std::vector<std::string> run() {
        for (const NodeReport& report : facts_.reports)
            if (!report.error.empty())
                add(base::format("{} cannot say how it is: {}", printable(report.node), report.error));
            else if (!report.problem.empty())
                add(base::format("the chain of {} does not prove: {}", printable(report.node),
                                 report.problem));
        compare_chains();
        weigh();
        return std::move(reasons_);
    }

 private:
    void add(std::string reason) { reasons_.push_back(std::move(reason)); }

    /// Every two nodes have the same block wherever both tell of one; the first difference of each node
    /// counts.
    void compare_chains() {
        std::map<std::int64_t, std::pair<std::string, const NodeReport*>> known;
        const NodeReport* first = nullptr;
        for (const NodeReport& report : facts_.reports) {
            if (!report.error.empty() || !report.height) continue;
            if (first && report.genesis_hash != first->genesis_hash) {
                add(base::format("{} and {} are on different chains", printable(first->node),
                                 printable(report.node)));
                continue;
            }
            bool meets = known.empty();
            auto blocks = report.recent;
            std::ranges::sort(blocks);
            for (const auto& [height, hash] : blocks) {
                const auto [there, added] = known.try_emplace(height, hash, &report);
                if (added) continue;
                meets = true;
                if (there->second.first == hash) continue;
                add(base::format("{} and {} disagree on block {}: {}… and {}…",
                                 printable(there->second.second->node), printable(report.node), height,
                                 printable(there->second.first.substr(0, 16)),
                                 printable(hash.substr(0, 16))));
                break;
            }
            if (!meets)
                add(base::format("{} is at height {}, too far from the others to be compared",
                                 printable(report.node), *report.height));
            if (!first) first = &report;
        }
    }

    void weigh() {
        double reachable = 0, total = 0;
        bool anybody = false;
        for (const NodeReport& report : facts_.reports) {
            if (!report.error.empty()) continue;
            anybody = true;
            reachable += report.stake;
            total = std::max(total, report.stake_total);
        }
        std::string silent;
        for (const std::string& node : facts_.silent)
            silent += (silent.empty() ? "" : ", ") + printable(node);
        // Without any report nobody knows how much stake there is.
        if (!anybody && !silent.empty()) return add("no node can be reached: no answer from " + silent);
        if (reachable + stake_tolerance >= total * facts_.stake_percent / 100) return;
        add(base::format("{:.1f} % of the active stake can be reached, {} % are needed{}",
                         100 * reachable / total, facts_.stake_percent,
                         silent.empty() ? "" : "; no answer from " + silent));
    }

    const ResumeFacts& facts_;
    std::vector<std::string> reasons_;
};

}  // namespace

std::string NodeReport::text() const {
    Json blocks = Json::array();
    for (const auto& [at, hash] : recent) blocks.push(Json::object({{"height", at}, {"hash", hash}}));
    return Json::object({{"genesis_hash", genesis_hash},
                         {"height", height},
                         {"tip_hash", tip_hash},
                         {"paused", paused},
                         {"sequence", sequence},
                         {"stake", stake},
                         {"stake_total", stake_total},
                         {"problem", problem},
                         {"recent", std::move(blocks)}})
        .dump();
}

NodeReport NodeReport::parse(const std::string& node, std::string_view json) {
    NodeReport report;
    report.node = node;
    try {
        read(report, Json::parse(json));
    } catch (const Error& error) {
        report = {};
        report.node = node;
        report.error = error.message();
    }
    return report;
}

std::vector<std::string> reasons_against_resume(const ResumeFacts& facts) {
    return Check(facts).run();
}

}  // namespace bt2c::network
