#include "network/control_plane.hpp"

#include <algorithm>
#include <charconv>
#include <iterator>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/json.hpp"
#include "base/text.hpp"

namespace bt2c::network {

using base::Error;
using base::ErrorKind;
using base::format;
using base::Json;

namespace {

constexpr std::size_t name_bytes_max = 64;
/// So many fit into one answer of etcd, however large somebody has made them.
constexpr std::size_t orders_a_page = 8;
constexpr std::size_t entries_a_page = 1000;
/// More nodes than this never answer; a store with more is not ours.
constexpr std::size_t entries_max = 100'000;
constexpr base::UnixMs requests_kept_ms = 3'600'000;

/// The folders of a network, by who reads them.
constexpr std::string_view to_nodes = "to-nodes", from_nodes = "from-nodes";

std::string checked(const std::string& name, std::string_view what) {
    if (name.empty() || name.size() > name_bytes_max)
        throw Error(ErrorKind::usage,
                    format("cannot use '{}' as the name of a {}: it must have 1 to {} bytes",
                           base::printable(name), what, name_bytes_max));
    return encode_name(name);
}

std::string folder_of(const std::string& network, std::string_view side) {
    return format("{}/{}", checked(network, "network"), side);
}
std::string folder_of(const std::string& network, std::string_view side, std::string_view kind) {
    return format("{}/{}", folder_of(network, side), kind);
}

std::string checked_text(std::string text, std::size_t bytes_max, std::string_view what) {
    if (text.size() > bytes_max)
        throw Error(ErrorKind::usage,
                    format("cannot send {}: it is larger than {}", what, base::human_size(bytes_max)));
    return text;
}

/// Names that sort as the numbers do.
std::string sequence_name(std::int64_t sequence) {
    if (sequence < 1) throw Error(ErrorKind::usage, format("there is no order number {}", sequence));
    return format("{:019}", sequence);
}

std::optional<std::int64_t> sequence_of(std::string_view name) {
    std::int64_t sequence = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), sequence);
    if (error != std::errc() || sequence < 1 || sequence_name(sequence) != name) return std::nullopt;
    return sequence;
}

std::string checked_id(const std::string& id) {
    const auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
    };
    if (id.empty() || id.size() > 36 || !std::ranges::all_of(id, allowed))
        throw Error(ErrorKind::usage, format("cannot ask for reports as '{}'", base::printable(id)));
    return id;
}

/// "0000000000000000012.node-1": what a node answered to an order or a request.
std::string answer_name(const std::string& question, const std::string& node) {
    return format("{}.{}", question, checked(node, "node"));
}
std::string answering_node(const std::string& name) {
    return decode_name(std::string_view(name).substr(name.find('.') + 1));
}

std::int64_t unix_ms_at(const Json& json, std::string_view key) {
    return base::parse_utc(json.string_at(key)).value_or(0);
}
std::optional<std::int64_t> optional_integer(const Json& json, std::string_view key) {
    const Json* value = json.find(key);
    return value ? std::optional(value->integer()) : std::nullopt;
}

Json document(const Acknowledgement& acknowledgement) {
    return Json::object({{"status", acknowledgement.status},
                         {"detail", acknowledgement.detail},
                         {"height", acknowledgement.height},
                         {"tip_hash", acknowledgement.tip_hash},
                         {"validators_changed", acknowledgement.validators_changed},
                         {"at", base::format_utc(acknowledgement.at)},
                         {"settled", acknowledgement.settled},
                         {"settled_height", acknowledgement.settled_height}});
}

Acknowledgement read_acknowledgement(const StoredEntry& entry, std::int64_t sequence) {
    const Json json = Json::parse(entry.text);
    return {.node = answering_node(entry.name),
            .sequence = sequence,
            .status = json.string_at("status"),
            .detail = json.string_at("detail"),
            .height = optional_integer(json, "height"),
            .tip_hash = json.string_at("tip_hash"),
            .validators_changed = json.integer_at("validators_changed"),
            .at = unix_ms_at(json, "at"),
            .settled = json.bool_at("settled"),
            .settled_height = optional_integer(json, "settled_height")};
}

NodeRecord read_node(const StoredEntry& entry) {
    const Json json = Json::parse(entry.text);
    return {.name = decode_name(entry.name),
            .validator = json.string_at("validator"),
            .stake = json.number_at("stake"),
            .since = unix_ms_at(json, "since"),
            .sequence = json.find("sequence") ? json.integer_at("sequence") : 0};
}

/// What `read` makes of each entry that it can read.
template <typename Read>
auto readable(const std::vector<StoredEntry>& entries, const Read& read) {
    std::vector<decltype(read(entries.front()))> found;
    for (const StoredEntry& entry : entries) {
        try {
            found.push_back(read(entry));
        } catch (const Error& error) {
            if (error.kind() == ErrorKind::interrupted) throw;
        }
    }
    return found;
}

}  // namespace

std::string encode_name(std::string_view name) {
    std::string encoded;
    for (const char c : name) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                           c == '-' || c == '_' || (c == '.' && !encoded.empty());
        if (plain)
            encoded += c;
        else
            encoded += format("%{:02X}", static_cast<unsigned char>(c));
    }
    return encoded;
}

std::string decode_name(std::string_view encoded) {
    std::string name;
    for (std::size_t i = 0; i < encoded.size(); ++i) {
        const auto byte = encoded[i] == '%' ? base::from_hex(encoded.substr(i + 1, 2)) : std::nullopt;
        if (byte && byte->size() == 1) {
            name += static_cast<char>(byte->front());
            i += 2;
        } else {
            name += encoded[i];
        }
    }
    return name;
}

std::vector<StoredEntry> ControlPlane::all(const std::string& folder, const std::string& prefix) {
    std::vector<StoredEntry> entries;
    for (std::string after;;) {
        auto page = store_->list(folder, prefix, after, entries_a_page, entry_bytes_max);
        const bool last = page.size() < entries_a_page;
        if (!page.empty()) after = page.back().name;
        std::ranges::move(page, std::back_inserter(entries));
        if (last) return entries;
        if (entries.size() > entries_max)
            throw Error(ErrorKind::failed, "cannot read the control plane: it holds too many entries");
    }
}

bool ControlPlane::publish(const std::string& network, std::int64_t sequence, const std::string& text) {
    return store_->create(
        folder_of(network, to_nodes, "orders"),
        {sequence_name(sequence), checked_text(text, published_order_bytes_max, "an order")});
}

std::vector<PublishedOrder> ControlPlane::orders(const std::string& network, std::int64_t after) {
    std::vector<PublishedOrder> orders;
    for (std::string from = after > 0 ? sequence_name(after) : "";;) {
        auto page = store_->list(folder_of(network, to_nodes, "orders"), "", from, orders_a_page,
                                 published_order_bytes_max);
        for (StoredEntry& entry : page)
            if (const auto sequence = sequence_of(entry.name))
                orders.push_back({*sequence, std::move(entry.text)});
        // A page of other names does not end them.
        if (!orders.empty() || page.size() < orders_a_page) return orders;
        from = page.back().name;
    }
}

void ControlPlane::acknowledge(const std::string& network, const Acknowledgement& acknowledgement) {
    store_->put(folder_of(network, from_nodes, "acks"),
                {answer_name(sequence_name(acknowledgement.sequence), acknowledgement.node),
                 checked_text(document(acknowledgement).dump(), entry_bytes_max, "an acknowledgement")});
}

std::vector<Acknowledgement> ControlPlane::acknowledgements(const std::string& network,
                                                            std::int64_t sequence) {
    return readable(all(folder_of(network, from_nodes, "acks"), sequence_name(sequence) + "."),
                    [sequence](const StoredEntry& entry) { return read_acknowledgement(entry, sequence); });
}

void ControlPlane::register_node(const std::string& network, const NodeRecord& node) {
    const Json json = Json::object({{"validator", node.validator},
                                    {"stake", node.stake},
                                    {"since", base::format_utc(node.since)},
                                    {"sequence", node.sequence}});
    store_->put(folder_of(network, from_nodes, "nodes"),
                {checked(node.name, "node"), checked_text(json.dump(), entry_bytes_max, "a node's record")});
}

std::vector<NodeRecord> ControlPlane::nodes(const std::string& network) {
    return readable(all(folder_of(network, from_nodes, "nodes"), ""), read_node);
}

void ControlPlane::forget_node(const std::string& network, const std::string& name) {
    store_->remove(folder_of(network, from_nodes, "nodes"), checked(name, "node"));
}

void ControlPlane::request_report(const std::string& network, const std::string& id) {
    const std::string requests = folder_of(network, to_nodes, "requests");
    const base::UnixMs now = base::now_unix_ms();
    store_->put(requests, {checked_id(id), Json::object({{"at", base::format_utc(now)}}).dump()});
    for (const ReportRequest& old : report_requests(network)) {
        if (old.at > now - requests_kept_ms) continue;
        store_->remove(requests, old.id);
        store_->remove_all(folder_of(network, from_nodes, "reports"), old.id + ".");
    }
}

std::vector<ReportRequest> ControlPlane::report_requests(const std::string& network) {
    return readable(all(folder_of(network, to_nodes, "requests"), ""), [](const StoredEntry& entry) {
        return ReportRequest{checked_id(entry.name), unix_ms_at(Json::parse(entry.text), "at")};
    });
}

void ControlPlane::answer(const std::string& network, const std::string& id, const Report& report) {
    store_->put(
        folder_of(network, from_nodes, "reports"),
        {answer_name(checked_id(id), report.node), checked_text(report.text, entry_bytes_max, "a report")});
}

std::vector<Report> ControlPlane::reports(const std::string& network, const std::string& id) {
    std::vector<Report> reports;
    for (auto& entry : all(folder_of(network, from_nodes, "reports"), checked_id(id) + "."))
        reports.push_back({answering_node(entry.name), std::move(entry.text)});
    return reports;
}

Change ControlPlane::wait_for_change(const std::string& network, Side side, int timeout_ms) {
    static const std::set<std::string> for_nodes{"orders", "requests"};
    static const std::set<std::string> for_operators{"nodes", "acks", "reports"};
    const std::set<std::string> changed =
        side == Side::nodes ? store_->wait(folder_of(network, to_nodes), for_nodes, timeout_ms)
                            : store_->wait(folder_of(network, from_nodes), for_operators, timeout_ms);
    return {.orders = changed.contains("orders"),
            .requests = changed.contains("requests"),
            .nodes = changed.contains("nodes"),
            .acknowledgements = changed.contains("acks"),
            .reports = changed.contains("reports")};
}

}  // namespace bt2c::network
