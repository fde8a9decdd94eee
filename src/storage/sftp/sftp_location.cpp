#include "storage/sftp/sftp_location.hpp"

#include <algorithm>
#include <random>
#include <utility>

#include "base/text.hpp"
#include "storage/object_name.hpp"
#include "storage/sftp/remote_error.hpp"
#include "storage/sftp/remote_folder.hpp"
#include "storage/sftp/transfer.hpp"

namespace bt2c::storage::sftp {

using base::Error;
using base::ErrorKind;
using base::format;
using base::printable;

namespace {

constexpr std::uint32_t object_mode = 0400, writable_mode = 0600;
constexpr int depth_max = 64;
/// More than any object has; else a server could go on for ever.
constexpr std::uint64_t object_bytes_max = std::uint64_t{256} << 20;

/// Names that no other writer draws.
std::string temporary_in(const std::string& folder) {
    std::random_device random;
    return format("{}/{}{:08x}{:08x}{:08x}{:08x}", folder, temporary_prefix, random(), random(), random(),
                  random());
}

void list_into(SftpSession& session, const Options& options, const std::string& folder,
               const std::string& prefix, int depth, ListBound& bound, std::vector<ObjectInfo>& found) {
    if (depth > depth_max)
        throw Error(ErrorKind::failed,
                    format("cannot list {} on {}", printable(folder), server_name(options)))
            .cause("folders are nested without an end");
    const auto entries = entries_of(session, options, folder, bound, prefix.size());
    if (!entries) return;  // another process may remove a folder while we list
    for (const Entry& entry : *entries) {
        if (entry.name.starts_with(temporary_prefix)) continue;
        const std::string path = folder + "/" + entry.name;
        std::optional<Attributes> attributes = entry.attributes;
        if (!attributes->mode || !attributes->bytes) attributes = session.look(path, false);
        if (!attributes) continue;
        if (attributes->is_folder())
            list_into(session, options, path, prefix + entry.name + "/", depth + 1, bound, found);
        else if (attributes->is_file())
            found.push_back({prefix + entry.name, attributes->bytes.value_or(0)});
    }
}

}  // namespace

SftpLocation::SftpLocation(Options options)
    : options_(with_defaults(std::move(options))),
      pool_(options_),
      upload_limit_(options_.upload_bytes_per_second) {}

std::string SftpLocation::describe() const {
    return format("sftp://{}{}{}", server_name(options_), options_.path.starts_with('/') ? "" : "/",
                  printable(options_.path));
}

std::string SftpLocation::path_of(const std::string& name) const {
    if (!is_object_name(name))
        throw Error(ErrorKind::failed, format("'{}' is no object name", printable(name)));
    return options_.path + "/" + name;
}

/// Whether the folder is there; throws Error when it was and is gone.
bool SftpLocation::is_there(SftpSession& session) {
    const auto found = session.look(options_.path, true);
    if (found && !found->is_folder())
        throw Error(ErrorKind::failed, format("cannot use the repository {}: it is no folder", describe()))
            .state("nothing was changed")
            .hint("move it out of the way, or name another path in the location's settings");
    if (found) {
        seen_ = true;
        return true;
    }
    if (seen_)
        throw Error(ErrorKind::failed, format("cannot reach the repository {}", describe()))
            .cause(
                "the folder was there and is gone: it was removed, or its disk was unmounted on the server")
            .state("nothing more was stored")
            .hint("bring the folder back (mount its disk there), then run the same command again");
    return false;
}

/// As is_there(), but a name that is absent from a folder that is there tells nothing new.
std::nullopt_t SftpLocation::absent(SftpSession& session) {
    is_there(session);
    return std::nullopt;
}

void SftpLocation::prepare(SftpSession& session, const std::string& folder) {
    const std::lock_guard lock(mutex_);
    if (prepared_.contains(folder)) return;
    is_there(session);
    make_folders(session, options_, folder);
    remove_stale_temporaries(session, options_, folder);
    prepared_.insert(folder);
    seen_ = true;
}

SftpLocation::Begun SftpLocation::make_temporary(SftpSession& session, const std::string& temporary,
                                                 const std::string& what, std::size_t size) {
    const Answer opened = session.ask(Packet(Type::open)
                                          .text(temporary)
                                          .number(open_write | open_create | open_exclusive)
                                          .mode(object_mode));
    if (opened.status == Status::no_such_file) is_there(session);  // says more, where the whole folder went
    if (!opened.is_ok()) throw write_error(what, options_, opened, session, folder_of(temporary), size);
    auto handle = read_handle(opened);
    if (!handle) session.broke_protocol();
    return {std::move(*handle), 0, false};
}

/// What an earlier try left, whose connection broke; nothing where the server lets it not be changed, or has
/// something else there. It is read: a server that fell down meanwhile may have kept the size alone.
std::optional<SftpLocation::Begun> SftpLocation::continue_temporary(SftpSession& session,
                                                                    const std::string& temporary,
                                                                    base::ByteView contents) {
    if (!session.ask(Packet(Type::setstat).text(temporary).mode(writable_mode)).is_ok()) return std::nullopt;
    const Answer opened =
        session.ask(Packet(Type::open).text(temporary).number(open_read | open_write).number(0));
    const auto handle = read_handle(opened);
    if (!opened.is_ok() || !handle) return std::nullopt;
    const auto found = read_attributes(session.ask(Packet(Type::fstat).text(*handle)));
    Answer failure;
    const base::Bytes there = download(
        session, *handle, 0,
        std::min<std::uint64_t>(found && found->bytes ? *found->bytes : 0, contents.size()), failure);
    if (failure.is_ok() && std::ranges::equal(there, contents.first(there.size())))
        return Begun{*handle, there.size(), true};
    session.close(*handle);
    return std::nullopt;
}

void SftpLocation::write_temporary(SftpSession& session, const std::string& temporary, const Begun& begun,
                                   const std::string& what, base::ByteView contents) {
    Answer written = upload(session, begun.handle, contents, begun.bytes, upload_limit_);
    if (written.is_ok() && begun.is_writable) {
        written = session.ask(Packet(Type::fsetstat).text(begun.handle).mode(object_mode));
        if (!written.is_ok()) written = session.ask(Packet(Type::setstat).text(temporary).mode(object_mode));
    }
    if (written.is_ok() && session.has("fsync@openssh.com"))
        written = session.ask(Packet("fsync@openssh.com").text(begun.handle));
    Answer looked = session.ask(Packet(Type::fstat).text(begun.handle));
    const Answer closed = session.close(begun.handle);
    if (written.is_ok()) written = closed;
    // A server may refuse it for a handle alone (-P fstat).
    if (written.is_ok() && !looked.is_ok())
        written = looked = session.ask(Packet(Type::lstat).text(temporary));
    const auto kept = read_attributes(looked);
    if (written.is_ok() && kept && kept->bytes == contents.size()) return;
    Error error = written.is_ok()
                      ? Error(ErrorKind::failed, format("{} on {}", what, server_name(options_)))
                            .cause("the server took it all and kept another number of bytes")
                            .state("nothing was stored under that name")
                            .hint("look into the server's log; its disk may be failing")
                      : write_error(what, options_, written, session, folder_of(temporary), contents.size());
    session.ask(Packet(Type::remove).text(temporary));
    throw error;
}

bool SftpLocation::put(const std::string& name, base::ByteView contents) {
    const std::string path = path_of(name), folder = folder_of(path);
    const std::string what = format("cannot store {}", path);
    bool stored = false, maybe_named = false;
    std::string temporary;
    std::size_t reached = 0;
    std::vector<std::string> left_behind;
    const auto attempt = [&](SftpSession& session) {
        prepare(session, folder);
        // An earlier try may have given the name just when its connection broke: then both are one file.
        if (const auto there = maybe_named ? read(session, path, 0, contents.size() + 1) : std::nullopt) {
            stored = std::ranges::equal(*there, contents);
            left_behind.push_back(temporary);
            sync_folder(session, folder);
            for (const std::string& lost : left_behind) session.ask(Packet(Type::remove).text(lost));
            return;
        }
        std::optional<Begun> begun;
        if (!temporary.empty()) {
            begun = continue_temporary(session, temporary, contents);
            if (!begun) left_behind.push_back(temporary);
        }
        if (!begun) {
            temporary = temporary_in(folder);
            begun = make_temporary(session, temporary, what, contents.size());
        }
        reached = std::max(reached, begun->bytes);
        write_temporary(session, temporary, *begun, what, contents);
        const bool earlier = std::exchange(maybe_named, true);
        stored = place_new(session, options_, temporary, path);
        // An earlier try may have given the name just when its connection broke.
        if (!stored && earlier) {
            const auto there = read(session, path, 0, contents.size() + 1);
            stored = there && std::ranges::equal(*there, contents);
        }
        sync_folder(session, folder);
        for (const std::string& lost : left_behind) session.ask(Packet(Type::remove).text(lost));
    };
    for (std::size_t before = 0;; before = reached) try {
            pool_.run(attempt);
            return stored;
        } catch (const NetworkError&) {
            if (reached <= before) throw;
        }
}

std::optional<base::Bytes> SftpLocation::read(SftpSession& session, const std::string& path,
                                              std::uint64_t offset, std::uint64_t size) {
    // Both at once; what was opened is not read from unless it is a plain file.
    const SftpSession::Id looked = session.send(Packet(Type::lstat).text(path));
    const SftpSession::Id open = session.send(Packet(Type::open).text(path).number(open_read).number(0));
    const Answer attributes = session.answer(looked), opened = session.answer(open);
    const auto handle = read_handle(opened);
    const std::string what = format("cannot read {}", path);
    if (attributes.status == Status::no_such_file) {
        if (handle) session.close(*handle);
        return absent(session);
    }
    const auto found = read_attributes(attributes);
    if (found && !found->is_file())
        throw Error(ErrorKind::failed, format("{} on {}", printable(what), server_name(options_)))
            .cause("it is not a plain file");
    if (!attributes.is_ok()) throw remote_error(what, options_, attributes);
    if (!opened.is_ok()) throw remote_error(what, options_, opened);
    if (!found || !found->bytes || !handle) session.broke_protocol();
    seen_ = true;
    const std::uint64_t wanted = std::min(size, *found->bytes - std::min(offset, *found->bytes));
    Answer failure;
    base::Bytes contents = download(session, *handle, offset, wanted, failure);
    session.close(*handle);
    if (failure.status == Status::end_of_file)
        failure = {.type = Type::status,
                   .status = Status::failure,
                   .message = "it is shorter than it says",
                   .body = {}};
    if (!failure.is_ok()) throw remote_error(what, options_, failure);
    return contents;
}

std::optional<base::Bytes> SftpLocation::get(const std::string& name) {
    return get_range(name, 0, object_bytes_max);
}

std::optional<base::Bytes> SftpLocation::get_range(const std::string& name, std::uint64_t offset,
                                                   std::uint64_t size) {
    const std::string path = path_of(name);
    std::optional<base::Bytes> contents;
    pool_.run([&](SftpSession& session) { contents = read(session, path, offset, size); });
    return contents;
}

std::optional<std::uint64_t> SftpLocation::size_of(const std::string& name) {
    const std::string path = path_of(name);
    std::optional<std::uint64_t> bytes;
    pool_.run([&](SftpSession& session) {
        const auto found = session.look(path, false);
        if (!found) {
            bytes = absent(session);
            return;
        }
        if (!found->is_file() || !found->bytes)
            throw Error(ErrorKind::failed,
                        format("cannot read {} on {}", printable(path), server_name(options_)))
                .cause("it is not a plain file");
        seen_ = true;
        bytes = found->bytes;
    });
    return bytes;
}

std::vector<ObjectInfo> SftpLocation::list(const std::string& folder) {
    const std::string top = folder.empty() ? options_.path : path_of(folder);
    std::vector<ObjectInfo> found;
    pool_.run([&](SftpSession& session) {
        found.clear();
        if (!is_there(session)) return;
        ListBound bound(folder);
        list_into(session, options_, top, folder.empty() ? "" : folder + "/", 0, bound, found);
    });
    std::ranges::sort(found, {}, &ObjectInfo::name);
    return found;
}

bool SftpLocation::remove(const std::string& name) {
    const std::string path = path_of(name);
    bool removed = false, maybe_removed = false;
    pool_.run([&](SftpSession& session) {
        // An earlier try may have removed it just when its connection broke.
        const bool earlier = std::exchange(maybe_removed, true);
        const Answer answer = session.ask(Packet(Type::remove).text(path));
        removed = answer.is_ok() || (earlier && answer.status == Status::no_such_file);
        if (answer.status == Status::no_such_file) return static_cast<void>(absent(session));
        if (!answer.is_ok()) throw remote_error(format("cannot remove {}", path), options_, answer);
        sync_folder(session, folder_of(path));
    });
    return removed;
}

}  // namespace bt2c::storage::sftp
