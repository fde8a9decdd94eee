#include "network/order.hpp"

#include <algorithm>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "chain/hash.hpp"
#include "crypto/base64.hpp"
#include "crypto/ed25519.hpp"
#include "platform/file.hpp"

namespace bt2c::network {

namespace fs = std::filesystem;
using base::Bytes;
using base::Error;
using base::ErrorKind;
using base::Json;
using base::UnixMs;

namespace {

constexpr std::string_view purpose = "bt2c network order";
constexpr int version = 1;
constexpr unsigned order_mode = 0644;
// Times beyond these are no times of an order, and leave room to add to them.
constexpr UnixMs earliest_ms = 946'684'800'000;   // 2000-01-01
constexpr UnixMs latest_ms = 32'503'680'000'000;  // 3000-01-01

Error unsound(std::string cause) {
    return Error(ErrorKind::failed, "the order is damaged").cause(std::move(cause));
}

std::string time_text(UnixMs time) {
    return time == 0 ? std::string() : base::format_utc(time);
}

Json members_of(const Order& order) {
    return Json::object({{"purpose", purpose},
                         {"version", version},
                         {"network", order.network},
                         {"genesis_hash", order.genesis_hash},
                         {"action", config::action_name(order.action)},
                         {"scope", order.scope},
                         {"sequence", order.sequence},
                         {"issued_at", time_text(order.issued_at)},
                         {"expires_at", time_text(order.expires_at)},
                         {"pause_until", time_text(order.pause_until)},
                         {"resumes", order.resumes},
                         {"reason", order.reason},
                         {"incident", order.incident}});
}

UnixMs time_at(const Json& json, std::string_view key) {
    const std::string& text = json.string_at(key);
    if (text.empty()) return 0;
    const auto time = base::parse_utc(text);
    if (!time) throw unsound(base::format("its {} is no time", key));
    return *time;
}

Bytes bytes_at(const Json& json, std::string_view key) {
    auto bytes = crypto::from_base64(json.string_at(key));
    if (!bytes) throw unsound(base::format("its {} is not base64", key));
    return std::move(*bytes);
}

Order read(const Json& json) {
    if (json.string_at("purpose") != purpose || json.integer_at("version") != version)
        throw unsound("it is no order to a network, or of a version that this program does not know");
    Order order;
    order.network = json.string_at("network");
    order.genesis_hash = json.string_at("genesis_hash");
    const auto action = config::parse_action(json.string_at("action"));
    if (!action) throw unsound("its action is not pause, resume or unlock");
    order.action = *action;
    order.scope = json.string_at("scope");
    order.sequence = json.integer_at("sequence");
    order.issued_at = time_at(json, "issued_at");
    order.expires_at = time_at(json, "expires_at");
    order.pause_until = time_at(json, "pause_until");
    order.resumes = json.integer_at("resumes");
    order.reason = json.string_at("reason");
    order.incident = json.string_at("incident");
    const Json::Array& signatures = json.array_at("signatures");
    if (signatures.size() > order_signatures_max)
        throw unsound(base::format("it has more than {} signatures", order_signatures_max));
    for (const Json& element : signatures)
        order.signatures.push_back({element.string_at("signer"), bytes_at(element, "public_key"),
                                    time_at(element, "signed_at"), bytes_at(element, "signature")});
    return order;
}

bool is_time(UnixMs time) {
    return time >= earliest_ms && time < latest_ms;
}

bool is_plain_word(std::string_view text) {
    return !text.empty() && text.size() <= order_id_bytes_max &&
           std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f'; });
}

/// What depends on the action.
std::string action_fault(const Order& order) {
    const bool pauses = order.action == Action::pause, resumes = order.action == Action::resume;
    if ((order.scope == "all") != (order.action != Action::unlock))
        return "its scope must be 'all', or of an unlock the address of a validator";
    if (pauses && (!is_time(order.pause_until) || order.pause_until <= order.issued_at))
        return "it is a pause without a time after its issue at which it ends";
    if (!pauses && order.pause_until != 0) return "it has an end of a pause, and is none";
    if (resumes && (order.resumes < 1 || order.resumes >= order.sequence))
        return "it is a resume that does not name an earlier pause";
    if (!resumes && order.resumes != 0) return "it names a pause to end, and is no resume";
    return {};
}

}  // namespace

std::string Order::unsigned_text() const {
    return members_of(*this).dump();
}

std::string Order::signed_text(std::string_view signer, UnixMs signed_at) const {
    Json json = members_of(*this);
    json.set("signer", signer);
    json.set("signed_at", time_text(signed_at));
    return json.dump();
}

std::string Order::text() const {
    Json json = members_of(*this);
    Json list = Json::array();
    for (const OrderSignature& one : signatures)
        list.push(Json::object({{"signer", one.signer},
                                {"public_key", crypto::to_base64(one.public_key)},
                                {"signed_at", time_text(one.signed_at)},
                                {"signature", crypto::to_base64(one.signature)}}));
    json.set("signatures", std::move(list));
    return json.dump();
}

std::string Order::id() const {
    constexpr std::size_t digits = 16;
    return base::to_hex(crypto::sha256(base::as_bytes(unsigned_text()))).substr(0, digits);
}

std::string Order::fault() const {
    chain::Hash genesis;
    if (!config::is_emergency_name(network)) return "its network is no name of a network";
    if (!chain::parse_hash(genesis_hash, genesis)) return "its genesis_hash is no hash";
    if (!is_plain_word(scope)) return "its scope is neither 'all' nor an address";
    if (sequence < 1 || sequence > sequence_max) return "its sequence is not 1 to 2^53";
    if (!is_time(issued_at) || !is_time(expires_at) || expires_at <= issued_at)
        return "it does not expire after its issue";
    if (reason.size() > reason_bytes_max)
        return base::format("its reason is longer than {} bytes", reason_bytes_max);
    if (incident.size() > order_id_bytes_max)
        return base::format("its incident is longer than {} bytes", order_id_bytes_max);
    for (const OrderSignature& one : signatures)
        if (!config::is_emergency_name(one.signer) || !is_time(one.signed_at) ||
            one.public_key.size() != crypto::ed25519_public_bytes ||
            one.signature.size() != crypto::ed25519_signature_bytes)
            return "one of its signatures has no name, time, key or signature of the right form";
    return action_fault(*this);
}

Order Order::parse(std::string_view text) {
    if (text.size() > order_bytes_max)
        throw unsound(base::format("it is longer than {} bytes", order_bytes_max));
    if (text.ends_with('\n')) text.remove_suffix(1);
    Order order;
    try {
        order = read(Json::parse(text));
    } catch (const Error& error) {
        if (error.message().starts_with("the order")) throw;
        throw unsound(error.in_full());
    }
    const std::string fault = order.fault();
    if (!fault.empty()) throw unsound(fault);
    // One order has one text: members that are there twice or unknown, blanks and other spellings of the
    // same value would be understood differently elsewhere.
    if (order.text() != text) throw unsound("it is not written in the one form that orders have");
    return order;
}

void sign_order(Order& order, const OrderSigner& signer, UnixMs now) {
    const std::string fault = order.fault();
    if (!fault.empty())
        throw Error(ErrorKind::usage, "the order cannot be signed: " + fault).state("nothing was signed");
    const auto refused = [](const std::string& why) {
        return Error(ErrorKind::failed, "the order cannot be signed: " + why).state("nothing was signed");
    };
    if (order.signatures.size() >= order_signatures_max)
        throw refused(base::format("it has {} signatures already", order_signatures_max));
    for (const OrderSignature& there : order.signatures)
        if (there.signer == signer.name || there.public_key == signer.public_key)
            throw refused(base::format("'{}' has signed it already", there.signer));
    OrderSignature added{signer.name, signer.public_key, now, {}};
    added.signature = signer.sign(base::as_bytes(order.signed_text(signer.name, now)));
    if (!verifies(order, added, signer.public_key))
        throw refused(base::format("the signature of '{}' does not verify with its key", signer.name));
    order.signatures.push_back(std::move(added));
}

bool verifies(const Order& order, const OrderSignature& signature, base::ByteView public_key) {
    const std::string message = order.signed_text(signature.signer, signature.signed_at);
    return crypto::verify_ed25519(public_key, base::as_bytes(message), signature.signature);
}

Order read_order(const fs::path& file) {
    try {
        return Order::parse(base::as_text(platform::read_file(file, order_bytes_max)));
    } catch (Error& error) {
        if (error.state().empty()) error.state("nothing was changed");
        if (error.hint().empty()) error.hint("an order's file comes from: bt2c-dr network order create");
        throw;
    }
}

void write_order(const fs::path& file, const Order& order, bool replace) {
    using Existing = platform::DurableFile::Existing;
    platform::DurableFile out(file, order_mode);
    out.append(base::as_bytes(order.text() + "\n"));
    if (!out.commit(replace ? Existing::replace : Existing::refuse))
        throw Error(ErrorKind::failed, base::format("{} exists already", base::printable(file.native())))
            .state("it was not changed")
            .hint("name another file");
}

}  // namespace bt2c::network
