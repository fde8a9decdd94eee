#include "storage/fan_out/fan_out.hpp"

#include <algorithm>

#include "base/progress.hpp"
#include "base/text.hpp"
#include "storage/fan_out/inquiry.hpp"

namespace bt2c::storage::fan_out {

using base::Bytes;
using base::Error;
using base::ErrorKind;
using base::format;

namespace {

std::vector<std::shared_ptr<Part>> parts_of(std::vector<Place> places) {
    std::vector<std::shared_ptr<Part>> parts;
    parts.reserve(places.size());
    for (Place& place : places) parts.push_back(std::make_shared<Part>(std::move(place)));
    return parts;
}

/// How long a list may take where another place has given its own: as long as a read, and a second more for
/// each 20 objects, as by a modem. Where the others have little it may be the only one that has much.
std::chrono::milliseconds list_patience(const Part& part, std::size_t objects) {
    constexpr std::size_t little = 20;
    return objects < little ? 3 * part.read_wait()
                            : part.read_wait() + std::chrono::milliseconds(objects * 50);
}

/// " from sftp://host/folder", with a question where `described` names its server and gives no address.
std::string from_server(const std::string& described) {
    std::string_view host = described;
    if (const std::size_t at = host.rfind(" at "); at != std::string_view::npos)
        host.remove_prefix(at + 4);
    else if (const std::size_t scheme = host.find("://"); scheme != std::string_view::npos)
        host.remove_prefix(scheme + 3);
    host = host.substr(0, host.find('/'));
    host.remove_prefix(host.find('@') + 1);
    const bool is_address =
        std::ranges::count(host, ':') > 1 || host.find_first_not_of("0123456789.:") == std::string_view::npos;
    return format(" from {}{}", described, is_address ? "" : ": does its name resolve?");
}

Error unread_error(const std::string& name, const Error& failure) {
    return Error(failure.kind(),
                 format("cannot read {}: no location that can be reached has it", base::printable(name)))
        .cause(failure.in_full())
        .hint(failure.hint().empty() ? "'bt2c-dr location status' shows what each location has"
                                     : failure.hint());
}

}  // namespace

FanOut::FanOut(std::vector<Place> places, std::size_t bytes_max)
    : parts_(parts_of(std::move(places))),
      nearest_first_(parts_),
      refused_(parts_.size()),
      uploads_(parts_, bytes_max) {
    std::ranges::stable_sort(nearest_first_, {}, [](const auto& part) { return part->remote(); });
}

std::vector<std::optional<Bytes>> FanOut::ask_all(const std::string& name, std::uint64_t size_max,
                                                  std::chrono::milliseconds patience) {
    std::vector<std::optional<Bytes>> answers(parts_.size());
    std::vector<bool> silent;
    {
        Inquiry inquiry(parts_, [&](std::size_t i) {
            // Nobody waits for a second attempt: who fails now is away.
            try {
                answers[i] = parts_[i]->get_range(name, 0, size_max);
            } catch (const Error& error) {
                if (error.kind() != ErrorKind::interrupted) parts_[i]->leave(error);
            }
        });
        silent = inquiry.wait(patience);
    }
    for (std::size_t i = 0; i < parts_.size(); ++i) {
        if (silent[i] && !answers[i])
            parts_[i]->leave(
                Error(ErrorKind::failed,
                      format("cannot reach location '{}': it does not answer", parts_[i]->name()))
                    .cause(format("no answer within {}{}",
                                  base::human_duration(static_cast<double>(patience.count()) / 1000),
                                  parts_[i]->remote() ? from_server(parts_[i]->describe()) : "")));
        if (const auto away = parts_[i]->away()) leave(i, *away);
    }
    return answers;
}

void FanOut::refuse(std::size_t part, const Error& reason) {
    refused_.at(part) = true;
    leave(part, reason);
}

void FanOut::leave(std::size_t part, const Error& reason) {
    parts_.at(part)->leave(reason);
    uploads_.drop(part, reason_of(reason));
}

std::string FanOut::describe() const {
    std::string text;
    for (const auto& part : parts_) text += (text.empty() ? "" : ", ") + part->describe();
    return text;
}

unsigned FanOut::puts_at_once() const {
    unsigned least = parts_.front()->puts_at_once();
    for (const auto& part : parts_) least = std::min(least, part->puts_at_once());
    return least;
}

bool FanOut::put(const std::string& name, base::ByteView contents) {
    return uploads_.put(name, contents);
}

/// In the order in which they are to be asked. Nobody hurries the last one: slow is better than nothing.
std::vector<std::shared_ptr<Part>> FanOut::readable() {
    std::vector<std::shared_ptr<Part>> parts, slow;
    for (const auto& part : nearest_first_)
        if (!part->away()) (part->slow() ? slow : parts).push_back(part);
    for (const auto& part : parts) part->limit_reads(part != parts.back());
    for (const auto& part : slow) part->limit_reads(false);
    parts.insert(parts.end(), slow.begin(), slow.end());
    return parts;
}

template <typename Ask>
auto FanOut::first_answer(const std::string& name, Ask ask) {
    std::optional<Error> failure;
    // Who proves slow meanwhile comes last in the next round.
    for (auto parts = readable(), now = parts;; parts = now) {
        failure.reset();
        for (const auto& part : parts) try {
                if (auto answer = ask(*part)) return answer;
            } catch (const Error& error) {
                if (error.kind() == ErrorKind::interrupted) throw;
                if (!failure) failure = error;
            }
        now = readable();
        if (now == parts) break;
    }
    if (failure) throw unread_error(name, *failure);
    if (const auto away = unread(name)) throw Error(*away);
    return decltype(ask(*parts_.front()))();
}

std::optional<Error> FanOut::unread(const std::string& name) const {
    for (std::size_t i = 0; i < parts_.size(); ++i)
        if (const auto away = parts_[i]->away(); away && !refused_[i]) return unread_error(name, *away);
    return std::nullopt;
}

std::optional<Bytes> FanOut::get(const std::string& name) {
    return first_answer(name, [&](Part& part) { return part.get(name); });
}
std::optional<Bytes> FanOut::get_range(const std::string& name, std::uint64_t offset, std::uint64_t size) {
    return first_answer(name, [&](Part& part) { return part.get_range(name, offset, size); });
}
std::optional<std::uint64_t> FanOut::size_of(const std::string& name) {
    return first_answer(name, [&](Part& part) { return part.size_of(name); });
}

std::vector<std::optional<std::vector<ObjectInfo>>> FanOut::list_each(
    const std::string& folder, std::vector<std::optional<Error>>& failures) {
    failures.assign(parts_.size(), std::nullopt);
    std::vector<std::optional<std::vector<ObjectInfo>>> lists(parts_.size());
    std::vector<bool> silent;
    const auto begin = std::chrono::steady_clock::now();
    const auto waited = [&] { return std::chrono::steady_clock::now() - begin; };
    {
        Inquiry inquiry(parts_, [&](std::size_t i) {
            try {
                lists[i] = parts_[i]->list(folder);
            } catch (const Error& error) {
                failures[i] = error;
            }
        });
        for (bool is_over = false; !is_over;) {
            silent = inquiry.wait(std::chrono::milliseconds(100));
            std::optional<std::size_t> longest;
            for (std::size_t i = 0; i < lists.size(); ++i)
                if (!silent[i] && lists[i]) longest = std::max(longest.value_or(0), lists[i]->size());
            is_over = true;
            for (std::size_t i = 0; i < lists.size(); ++i)
                is_over =
                    is_over && (!silent[i] || (longest && waited() > list_patience(*parts_[i], *longest)));
        }
    }
    for (std::size_t i = 0; i < lists.size(); ++i)
        if (silent[i] && !lists[i])
            leave(i,
                  Error(ErrorKind::failed, "it does not answer any more")
                      .cause(format("no list of what it has within {}",
                                    base::human_duration(std::chrono::duration<double>(waited()).count()))));
    for (std::size_t i = 0; i < lists.size(); ++i)
        if (const auto away = parts_[i]->away(); away && !lists[i]) failures[i] = away;
    return lists;
}

std::vector<ObjectInfo> FanOut::list(const std::string& folder) {
    std::vector<std::optional<Error>> failures;
    const auto lists = list_each(folder, failures);
    std::map<std::string, std::uint64_t> sizes;
    bool answered = false;
    for (const auto& part : nearest_first_) {
        const auto at = static_cast<std::size_t>(std::ranges::find(parts_, part) - parts_.begin());
        if (!lists[at]) continue;
        answered = true;
        for (const ObjectInfo& object : *lists[at]) sizes.try_emplace(object.name, object.bytes);
    }
    if (!answered) {
        std::string all;
        for (std::size_t i = 0; i < parts_.size(); ++i)
            if (failures[i])
                all +=
                    format("{}{}: {}", all.empty() ? "" : "; ", parts_[i]->name(), reason_of(*failures[i]));
        throw Error(ErrorKind::failed, format("cannot list {}: no location could do it",
                                              folder.empty() ? "what is stored" : folder))
            .cause(all)
            .hint("'bt2c-dr location status' looks at each of them");
    }
    std::vector<ObjectInfo> found;
    found.reserve(sizes.size());
    for (const auto& [name, bytes] : sizes) found.push_back({name, bytes});
    return found;
}

std::vector<std::shared_ptr<Location>> FanOut::copies() {
    const auto parts = readable();
    return {parts.begin(), parts.end()};
}

void FanOut::note_fault(const Location& copy, const std::string& name, const std::string& what) {
    const std::lock_guard lock(mutex_);
    for (const auto& part : parts_)
        if (part.get() == &copy && !empty_.contains(part.get()) && part->slow() != what) {
            Faults& faults = faults_[part->name()];
            if (++faults.count == 1) faults.first = format("{}: {}", name, what);
        }
}

std::vector<Note> FanOut::slow() const {
    std::vector<Note> notes;
    for (const auto& part : nearest_first_)
        if (const auto what = part->slow()) notes.push_back({part->name(), *what});
    return notes;
}

std::vector<Note> FanOut::faults() const {
    const std::lock_guard lock(mutex_);
    std::vector<Note> notes;
    for (const auto& [part, faults] : faults_)
        notes.push_back({part, faults.count == 1
                                   ? faults.first
                                   : format("{} readings failed, the first {}", faults.count, faults.first)});
    return notes;
}

}  // namespace bt2c::storage::fan_out
