#include "node/evidence.hpp"

#include <utility>

#include "base/error.hpp"
#include "base/json.hpp"
#include "node/proof.hpp"

namespace bt2c::node {

using base::Error;
using base::ErrorKind;
using base::Json;

namespace {

constexpr std::string_view evidence_purpose = "bt2c double signing";

[[noreturn]] void unsound(std::string cause) {
    throw Error(ErrorKind::failed, "the payload is not sound").cause(std::move(cause));
}

Evidence evidence_of(const Json& json, const std::string& network, const chain::Hash& genesis) {
    if (json.members().size() != 3) unsound("it has not the members that it must have");
    Evidence evidence{parse_header(json.at("first").dump()), parse_header(json.at("second").dump())};
    const auto& [first, second] = evidence;
    if (first.height != second.height || first.validator != second.validator)
        unsound("the blocks are not of one validator at one height");
    if (!(first.hash < second.hash)) unsound("its blocks are the same, or not in the order of their hashes");
    for (const BlockHeader* header : {&first, &second})
        if (std::string fault = header_fault(*header, network, genesis); !fault.empty())
            unsound(std::move(fault));
    return evidence;
}

}  // namespace

std::string evidence_payload(const BlockHeader& one, const BlockHeader& other) {
    const bool in_order = one.hash < other.hash;
    return Json::object({{"purpose", evidence_purpose},
                         {"first", Json::parse(to_json(in_order ? one : other))},
                         {"second", Json::parse(to_json(in_order ? other : one))}})
        .dump();
}

ValidatorPayload parse_payload(std::string_view payload, const std::string& network,
                               const chain::Hash& genesis) {
    const Json json = Json::parse(payload);
    ValidatorPayload parsed;
    if (json.string_at("purpose") == evidence_purpose) {
        parsed.evidence = evidence_of(json, network, genesis);
        return parsed;
    }
    parsed.rotation = keys::RotationRecord::parse(payload);
    if (parsed.rotation->network != network || parsed.rotation->genesis_hash != chain::hash_text(genesis))
        unsound("the rotation belongs to another chain");
    return parsed;
}

}  // namespace bt2c::node
