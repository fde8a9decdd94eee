#include "network/audit_log.hpp"

#include <algorithm>
#include <array>
#include <deque>
#include <optional>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/progress.hpp"
#include "base/text.hpp"
#include "crypto/hash.hpp"
#include "network/order.hpp"
#include "platform/file.hpp"

namespace bt2c::network {

namespace fs = std::filesystem;
using base::Bytes;
using base::Error;
using base::ErrorKind;
using base::format;
using base::Json;

namespace {

constexpr std::array<std::string_view, 12> event_names{
    "order_created", "order_signed", "order_sent", "order_accepted", "order_refused",    "paused",
    "resumed",       "lapsed",       "forced",     "signing_locked", "signing_unlocked", "log_mended"};

constexpr std::size_t detail_bytes_max = 4000;
constexpr std::size_t act_name_bytes_max = 1000;
/// An order in a JSON string doubles at worst: each quote and backslash of it gets one more.
constexpr std::size_t line_bytes_max = 3 * order_bytes_max;
constexpr std::size_t piece_bytes = 64 << 10;
constexpr std::size_t findings_max = 100;
constexpr int patience_ms = 10'000;
constexpr unsigned audit_mode = 0600;
const std::string no_hash(64, '0');

std::string hex_hash(std::string_view text) {
    return base::to_hex(crypto::sha256(base::as_bytes(text)));
}

Json members_of(const AuditEntry& entry) {
    return Json::object({{"number", entry.number},
                         {"at", base::format_utc(entry.at)},
                         {"event", entry.event},
                         {"network", entry.network},
                         {"sequence", entry.sequence},
                         {"actor", entry.actor},
                         {"detail", entry.detail},
                         {"order", entry.order},
                         {"previous", entry.previous}});
}

std::optional<AuditEntry> try_parse(std::string_view line) {
    try {
        return AuditEntry::parse(line);
    } catch (const Error&) {
        return std::nullopt;
    }
}

/// Hands out the lines of a file in memory that does not grow with it.
class LineReader {
 public:
    LineReader(int fd, const fs::path& name) : fd_(fd), name_(name) {}

    struct Line {
        std::string text;       ///< without its end
        bool too_long = false;  ///< only its beginning is in `text`
        bool ended = true;
    };
    bool next(Line& line) {
        line = {};
        for (;;) {
            if (at_ == filled_ && !fill()) {
                line.ended = false;
                return !line.text.empty() || line.too_long;
            }
            const std::string_view rest(reinterpret_cast<const char*>(piece_.data()) + at_, filled_ - at_);
            const std::size_t end = rest.find('\n');
            const std::string_view part = rest.substr(0, end);
            const std::size_t room = line_bytes_max - line.text.size();
            line.too_long = line.too_long || part.size() > room;
            line.text += part.substr(0, room);
            at_ += std::min(part.size() + 1, rest.size());
            if (end != std::string_view::npos) return true;
        }
    }

 private:
    bool fill() {
        base::throw_if_interrupted();
        filled_ = platform::read_at(fd_, piece_, offset_, name_);
        offset_ += filled_;
        at_ = 0;
        return filled_ > 0;
    }
    int fd_;
    const fs::path& name_;
    Bytes piece_ = Bytes(piece_bytes);
    std::size_t at_ = 0, filled_ = 0;
    std::uint64_t offset_ = 0;
};

/// Calls `use` with each line while writers wait; nothing where there is no file.
void for_each_line(const fs::path& file, const std::function<void(const LineReader::Line&)>& use) {
    if (!fs::exists(fs::symlink_status(file))) return;
    const platform::Descriptor fd = platform::open_for_reading(file, false);
    platform::lock_for_reading(fd.get(), file, patience_ms);
    LineReader reader(fd.get(), file);
    LineReader::Line line;
    while (reader.next(line)) use(line);
}

/// What the end of a log says.
struct Tail {
    std::int64_t number = 0;  ///< of its last whole line
    std::string hash = no_hash;
    std::uint64_t end = 0;   ///< of its last whole line
    std::string torn;        ///< what comes after that
    bool unbounded = false;  ///< there is no whole line as far as a torn one can reach; `end` is the file's
};

Tail read_tail(const platform::GrowingFile& file, const fs::path& name) {
    const std::uint64_t size = file.size();
    // A torn line and a whole one before it.
    const std::uint64_t begin = size - std::min<std::uint64_t>(size, 2 * (line_bytes_max + 1));
    Bytes bytes(size - begin);
    bytes.resize(platform::read_at(file.fd(), bytes, begin, name));
    const std::string_view text = base::as_text(bytes);
    Tail tail;
    const std::size_t end = text.rfind('\n') + 1;  // 0 where there is none
    if (end == 0 && begin > 0) {
        tail.end = size;
        tail.unbounded = true;
        return tail;
    }
    tail.end = begin + end;
    tail.torn = text.substr(end);
    if (end == 0) return tail;
    const std::size_t start = end == 1 ? 0 : text.rfind('\n', end - 2) + 1;
    if (const auto last = try_parse(text.substr(start, end - 1 - start))) {
        tail.number = last->number;
        tail.hash = last->hash;
    }
    return tail;
}

AuditEntry entry_after(const Tail& tail, base::UnixMs now, const AuditAct& act) {
    AuditEntry entry;
    entry.number = tail.number + 1;
    entry.at = now;
    entry.event = event_name(act.event);
    entry.network = act.network.substr(0, act_name_bytes_max);
    entry.sequence = act.sequence;
    entry.actor = act.actor.substr(0, act_name_bytes_max);
    entry.detail = act.detail.substr(0, detail_bytes_max);
    entry.order = act.order;
    entry.previous = tail.hash;
    // Bytes that are no UTF-8 are replaced in the line, and the hash is over what stands there.
    entry.hash = hex_hash(entry.hashed_text());
    return entry;
}

AuditAct mended(const std::string& torn) {
    constexpr std::size_t shown_bytes = 200;
    AuditAct act;
    act.event = AuditEvent::log_mended;
    act.actor = "audit log";
    act.detail = format(
        "the last line had no end, as after a power failure; its {} bytes (SHA-256 {}) were "
        "dropped: {}",
        torn.size(), hex_hash(torn), base::printable(torn.substr(0, shown_bytes)));
    return act;
}

/// Follows the chain from line to line.
class Verifier {
 public:
    void look_at(const LineReader::Line& line) {
        ++line_;
        if (!line.ended) {
            report_.torn = true;
            return;
        }
        const auto entry = line.too_long ? std::nullopt : try_parse(line.text);
        if (!entry) {
            find("is no entry of the log");
            // The next one may be sound in itself; what it continues is not known.
            previous_.clear();
            ++expected_;
            return;
        }
        ++report_.entries;
        const std::string hash = hex_hash(entry->hashed_text());
        if (hash != entry->hash)
            find(format("was changed: entry {} does not have its hash", entry->number));
        else if (entry->number > expected_)
            find(format("is entry {}, but {} should come here: {}", entry->number, expected_,
                        "entries were removed or put elsewhere"));
        else if (entry->number < expected_)
            find(format("is entry {}, but {} should come here: {}", entry->number, expected_,
                        "it was put elsewhere or is there twice"));
        else if (!previous_.empty() && entry->previous != previous_)
            find(
                format("is entry {}, which does not continue the line before it: that was changed or "
                       "replaced, or this one was",
                       entry->number));
        expected_ = entry->number + 1;
        previous_ = entry->hash;
        report_.last_hash = entry->hash;
    }
    AuditReport report() && { return std::move(report_); }

 private:
    void find(std::string what) {
        if (report_.findings_count++ < static_cast<std::int64_t>(findings_max))
            report_.findings.push_back({line_, std::move(what)});
    }
    AuditReport report_;
    std::int64_t line_ = 0, expected_ = 1;
    std::string previous_ = no_hash;
};

}  // namespace

std::string_view event_name(AuditEvent event) {
    return event_names[static_cast<std::size_t>(event)];
}

std::string AuditEntry::hashed_text() const {
    return members_of(*this).dump();
}

std::string AuditEntry::line() const {
    Json json = members_of(*this);
    json.set("hash", hash);
    return json.dump();
}

AuditEntry AuditEntry::parse(std::string_view line) {
    const Json json = Json::parse(line);
    AuditEntry entry;
    entry.number = json.integer_at("number");
    const auto at = base::parse_utc(json.string_at("at"));
    entry.at = at.value_or(0);
    entry.event = json.string_at("event");
    entry.network = json.string_at("network");
    entry.sequence = json.integer_at("sequence");
    entry.actor = json.string_at("actor");
    entry.detail = json.string_at("detail");
    entry.order = json.string_at("order");
    entry.previous = json.string_at("previous");
    entry.hash = json.string_at("hash");
    if (!at || entry.number < 1 || entry.number > sequence_max || entry.line() != line)
        throw Error(ErrorKind::failed, "the line is no entry of an audit log");
    return entry;
}

fs::path audit_file(const config::Home& home) {
    return home.network() / "audit.jsonl";
}

AuditEntry append_audit(const config::Home& home, const AuditAct& act, base::UnixMs now) {
    const fs::path path = audit_file(home);
    BT2C_ASSERT(act.order.size() <= order_bytes_max);
    if (!fs::exists(home.network())) {
        platform::durable_mkdir(home.network(), 0700);
        platform::give_to_owner_of(home.root, platform::open_for_reading(home.network()).get());
    }
    platform::GrowingFile file(path, audit_mode, patience_ms);
    Tail tail = read_tail(file, path);
    std::string text(tail.unbounded ? "\n" : "");
    if (!tail.torn.empty()) {
        const AuditEntry note = entry_after(tail, now, mended(tail.torn));
        text = note.line() + "\n";
        tail.number = note.number;
        tail.hash = note.hash;
    }
    AuditEntry entry = entry_after(tail, now, act);
    text += entry.line() + "\n";
    file.append_at(base::as_bytes(text), tail.end);
    return entry;
}

void for_each_audit_entry(const config::Home& home, const std::function<void(const AuditEntry&)>& use) {
    for_each_line(audit_file(home), [&](const LineReader::Line& line) {
        if (!line.ended || line.too_long) return;
        if (const auto entry = try_parse(line.text)) use(*entry);
    });
}

std::vector<AuditEntry> read_audit(const config::Home& home, std::size_t limit) {
    std::deque<AuditEntry> newest;
    for_each_audit_entry(home, [&](const AuditEntry& entry) {
        newest.push_back(entry);
        if (newest.size() > limit) newest.pop_front();
    });
    return {newest.begin(), newest.end()};
}

AuditReport verify_audit(const config::Home& home) {
    Verifier verifier;
    for_each_line(audit_file(home), [&](const LineReader::Line& line) { verifier.look_at(line); });
    return std::move(verifier).report();
}

bool is_extension_of(const fs::path& longer, const fs::path& shorter) {
    if (!fs::exists(shorter)) return true;
    if (!fs::exists(longer)) return false;
    const platform::Descriptor a = platform::open_for_reading(longer),
                               b = platform::open_for_reading(shorter);
    LineReader long_lines(a.get(), longer), short_lines(b.get(), shorter);
    LineReader::Line in_long, in_short;
    while (short_lines.next(in_short) && in_short.ended) {
        if (in_short.too_long || !long_lines.next(in_long) || !in_long.ended || in_long.too_long ||
            in_long.text != in_short.text)
            return false;
    }
    return true;
}

}  // namespace bt2c::network
