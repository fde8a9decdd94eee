#pragma once
// The control plane: how orders reach the nodes of a network, and how they answer. docs/control-plane.md has
// the entries, and what happens when something is away.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "network/plane_store.hpp"

namespace bt2c::network {

constexpr std::size_t published_order_bytes_max = 64 << 10;
constexpr std::size_t entry_bytes_max = 16 << 10;  ///< of everything else

struct PublishedOrder {
    std::int64_t sequence = 0;
    std::string text;  ///< from outside: not checked in any way
};

/// What a node did about an order.
struct Acknowledgement {
    std::string node = {};
    std::int64_t sequence = 0;
    /// "applied", "already", "refused"; "failed": it is tried again; "superseded": it failed until a later
    /// order was obeyed.
    std::string status = {};
    std::string detail = {};
    std::optional<std::int64_t> height = std::nullopt;  ///< of the node's tip when it had obeyed
    std::string tip_hash = {};
    std::int64_t validators_changed = 0;
    base::UnixMs at = 0;
    bool settled = false;  ///< looked at again after a while: a block too many would have been seen
    std::optional<std::int64_t> settled_height = std::nullopt;
};

/// A node that is expected to answer.
struct NodeRecord {
    std::string name;
    std::string validator;  ///< its address; empty: none
    double stake = 0;
    base::UnixMs since = 0;  ///< when its agent was started
    /// Of the newest order that it had obeyed when it registered; orders that it alone was given count too.
    std::int64_t sequence = 0;
};

/// Asks every node for its state.
struct ReportRequest {
    std::string id;
    base::UnixMs at = 0;
};
struct Report {
    std::string node;
    std::string text;  ///< JSON, from outside
};

/// Which entries may have changed.
struct Change {
    bool orders = false, requests = false;                          ///< seen by Side::nodes
    bool nodes = false, acknowledgements = false, reports = false;  ///< seen by Side::operators
    bool any() const { return orders || requests || nodes || acknowledgements || reports; }
};
/// Who waits: the nodes, which obey, or operators, who wait for answers.
enum class Side { nodes, operators };

/// One thread per object, and each object waits for one network and side only.
///
/// Errors: Error(busy) when the control plane does not answer; every function can be called again then, for
/// all are idempotent. Error(wrong_secret) when it refuses the user or password; Error(failed) for other
/// refusals; Error(usage) for a name that is empty or longer than 64 bytes, a sequence below 1, or a text
/// that is too large. Error(interrupted) when this process is asked to stop. What is read comes from outside;
/// entries that are malformed are passed over.
class ControlPlane {
 public:
    explicit ControlPlane(std::unique_ptr<PlaneStore> store) : store_(std::move(store)) {}

    /// Puts an order under its sequence. True when it is there then, also when it was before; false when
    /// another one has that sequence.
    bool publish(const std::string& network, std::int64_t sequence, const std::string& text);
    /// The orders after a sequence, in order, at most 8: ask again until there are none.
    std::vector<PublishedOrder> orders(const std::string& network, std::int64_t after);

    /// The newest of a node for a sequence counts.
    void acknowledge(const std::string& network, const Acknowledgement& acknowledgement);
    std::vector<Acknowledgement> acknowledgements(const std::string& network, std::int64_t sequence);

    void register_node(const std::string& network, const NodeRecord& node);
    std::vector<NodeRecord> nodes(const std::string& network);
    void forget_node(const std::string& network, const std::string& name);

    /// Asks all nodes for a report; `id` is 1 to 36 of [A-Za-z0-9-]. Removes what was asked an hour ago.
    void request_report(const std::string& network, const std::string& id);
    std::vector<ReportRequest> report_requests(const std::string& network);
    void answer(const std::string& network, const std::string& id, const Report& report);
    std::vector<Report> reports(const std::string& network, const std::string& id);

    /// Blocks until something of that side may have changed since the last call, `timeout_ms` are over, or a
    /// signal arrives. The first call says that all did: read then, and nothing is missed. So it does after a
    /// lost connection, and now and then, so that one that is lost is noticed by reading.
    Change wait_for_change(const std::string& network, Side side, int timeout_ms);

 private:
    std::vector<StoredEntry> all(const std::string& folder, const std::string& prefix);

    std::unique_ptr<PlaneStore> store_;
};

}  // namespace bt2c::network
