#include "network/etcd_store.hpp"

#include <algorithm>
#include <random>
#include <utility>

#include "base/error.hpp"
#include "base/text.hpp"
#include "crypto/base64.hpp"

namespace bt2c::network {

using base::Error;
using base::ErrorKind;
using base::format;
using base::Json;
using Clock = std::chrono::steady_clock;

namespace {

/// Texts of one message of a watch: etcd cuts longer ones into fragments of about its request limit, 1.5 MiB.
constexpr std::size_t watch_message_bytes_max = 8 << 20;

std::string key_of(const std::string& folder, const std::string& name) {
    return format("bt2c/{}/{}", folder, name);
}
Json encoded(std::string_view text) {
    return crypto::to_base64(base::as_bytes(text));
}
/// A thousand acknowledgements are not read a thousand times: changes are told so far apart, but the first of
/// a storm at once.
constexpr std::chrono::milliseconds storm_turn(100);

/// The first key after all that begin with `prefix`.
std::string end_of(std::string prefix) {
    prefix.back() = static_cast<char>(prefix.back() + 1);
    return prefix;
}

/// A field of bytes; absent is empty.
std::string decoded(const Json& json, std::string_view field) {
    const Json* value = json.find(field);
    if (!value) return "";
    const auto bytes = crypto::from_base64(value->string());
    if (!bytes) throw Error(ErrorKind::busy, format("etcd's answer has a {} that is not base64", field));
    return std::string(base::as_text(*bytes));
}

/// Reads an answer. One that is not as etcd answers is none.
template <typename Read>
auto reading(const Read& read) {
    try {
        return read();
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::failed) throw;
        throw Error(ErrorKind::busy, "cannot understand etcd's answer").cause(error.message());
    }
}

/// Everybody reads again at another time.
Clock::duration until_next_look() {
    static thread_local std::minstd_rand random(std::random_device{}());
    return std::chrono::milliseconds(std::uniform_int_distribution(10'000, 20'000)(random));
}

}  // namespace

void EtcdStore::lose_stream() {
    stream_.reset();
    unread_.clear();
}

Json EtcdStore::call(const std::string& path, const Json& body) {
    try {
        return gateway_.call(path, body);
    } catch (const Error&) {
        // A stream to the same place may be dead without a sign of it.
        lose_stream();
        throw;
    }
}

bool EtcdStore::create(const std::string& folder, const StoredEntry& entry) {
    const Json key = encoded(key_of(folder, entry.name));
    const Json answer =
        call("/v3/kv/txn",
             Json::object(
                 {{"compare",
                   Json::array().push(Json::object(
                       {{"key", key}, {"target", "CREATE"}, {"result", "EQUAL"}, {"create_revision", "0"}}))},
                  {"success",
                   Json::array().push(Json::object(
                       {{"request_put", Json::object({{"key", key}, {"value", encoded(entry.text)}})}}))},
                  {"failure",
                   Json::array().push(Json::object({{"request_range", Json::object({{"key", key}})}}))}}));
    if (const Json* succeeded = answer.find("succeeded"); succeeded && succeeded->dump() == "true")
        return true;
    return reading([&] {
        const Json::Array& responses = answer.array_at("responses");
        if (responses.empty()) throw Error(ErrorKind::busy, "etcd's answer says nothing");
        const Json* there = responses.front().at("response_range").find("kvs");
        return there && !there->elements().empty() &&
               decoded(there->elements().front(), "value") == entry.text;
    });
}

void EtcdStore::put(const std::string& folder, const StoredEntry& entry) {
    call("/v3/kv/put",
         Json::object({{"key", encoded(key_of(folder, entry.name))}, {"value", encoded(entry.text)}}));
}

std::vector<StoredEntry> EtcdStore::list(const std::string& folder, const std::string& prefix,
                                         const std::string& after, std::size_t limit, std::size_t text_max) {
    const std::string first = key_of(folder, prefix);
    std::string from = after.empty() ? first : key_of(folder, after) + '\0';
    const Json answer = call("/v3/kv/range", Json::object({{"key", encoded(std::max(from, first))},
                                                           {"range_end", encoded(end_of(first))},
                                                           {"limit", std::to_string(limit)}}));
    return reading([&] {
        std::vector<StoredEntry> entries;
        const Json* found = answer.find("kvs");
        if (!found) return entries;
        const std::size_t name_at = key_of(folder, "").size();
        for (const Json& pair : found->elements()) {
            const std::string key = decoded(pair, "key");
            if (!key.starts_with(first) || entries.size() == limit)
                throw Error(ErrorKind::busy, "etcd's answer has keys that nobody asked for");
            std::string text = decoded(pair, "value");
            if (text.size() > text_max) text.clear();
            entries.push_back({key.substr(name_at), std::move(text)});
        }
        return entries;
    });
}

void EtcdStore::remove(const std::string& folder, const std::string& name) {
    call("/v3/kv/deleterange", Json::object({{"key", encoded(key_of(folder, name))}}));
}

void EtcdStore::remove_all(const std::string& folder, const std::string& prefix) {
    const std::string first = key_of(folder, prefix);
    call("/v3/kv/deleterange",
         Json::object({{"key", encoded(first)}, {"range_end", encoded(end_of(first))}}));
}

bool EtcdStore::take_lines(const std::string& folder, std::set<std::string>& changed) {
    bool created = false;
    const std::string prefix = key_of(folder, "");
    std::size_t begin = 0;
    for (std::size_t end; (end = unread_.find('\n', begin)) != std::string::npos; begin = end + 1) {
        const Json message = Json::parse(std::string_view(unread_).substr(begin, end - begin));
        if (!message.find("result")) throw gateway_.refusal(message);
        const Json& result = message.at("result");
        if (const Json* canceled = result.find("canceled"); canceled && canceled->dump() == "true") {
            const Json* reason = result.find("cancel_reason");
            throw Error(ErrorKind::busy, "etcd ended the watch")
                .cause(base::printable(reason ? reason->string() : "it does not say why"));
        }
        if (result.find("created")) created = true;
        const Json* events = result.find("events");
        if (!events) continue;
        for (const Json& event : events->elements()) {
            const std::string key = decoded(event.at("kv"), "key");
            if (key.starts_with(prefix))
                changed.insert(key.substr(prefix.size(), key.find('/', prefix.size()) - prefix.size()));
        }
    }
    unread_.erase(0, begin);
    if (unread_.size() > watch_message_bytes_max)
        throw Error(ErrorKind::busy, "a message of etcd has no end");
    return created;
}

void EtcdStore::keep_stream(const std::string& folder) {
    if (stream_ && stream_member_ == gateway_.member()) return;
    lose_stream();
    const std::string prefix = key_of(folder, "");
    stream_member_ = gateway_.member();
    next_look_ = Clock::now() + until_next_look();
    stream_ = gateway_.open(
        "/v3/watch", Json::object({{"create_request", Json::object({{"key", encoded(prefix)},
                                                                    {"range_end", encoded(end_of(prefix))},
                                                                    {"fragment", true}})}}));
}

std::set<std::string> EtcdStore::wait(const std::string& folder, const std::set<std::string>& subfolders,
                                      int timeout_ms) {
    const auto deadline = Clock::now() + std::chrono::milliseconds(timeout_ms);
    std::set<std::string> changed;
    try {
        for (;;) {
            keep_stream(folder);
            const auto wake = changed.empty() ? std::min(deadline, next_look_) : last_told_ + storm_turn;
            const auto left = std::chrono::ceil<std::chrono::milliseconds>(wake - Clock::now()).count();
            const std::string more = stream_->read(static_cast<int>(std::max(left, std::int64_t{0})));
            unread_ += more;
            const bool begun = reading([&] { return take_lines(folder, changed); });
            if (begun || Clock::now() >= next_look_) {
                streams_lost_ = 0;
                next_look_ = Clock::now() + until_next_look();
                return subfolders;
            }
            if (stream_->ended()) throw Error(ErrorKind::busy, "etcd closed the watch");
            if (!changed.empty() ? Clock::now() >= last_told_ + storm_turn : Clock::now() >= deadline) {
                if (!changed.empty()) last_told_ = Clock::now();
                return changed;
            }
        }
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::interrupted) throw;
        lose_stream();
        gateway_.next_member();
        // One more than there are members, since a token may have run out.
        if (++streams_lost_ <= gateway_.members()) return {};
        throw Error(error.kind() == ErrorKind::wrong_secret ? ErrorKind::wrong_secret : ErrorKind::busy,
                    error.message())
            .cause(error.cause());
    }
}

}  // namespace bt2c::network
