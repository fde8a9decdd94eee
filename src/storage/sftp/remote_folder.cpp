#include "storage/sftp/remote_folder.hpp"

#include <algorithm>
#include <deque>

#include "base/text.hpp"
#include "base/time.hpp"
#include "storage/sftp/remote_error.hpp"

namespace bt2c::storage::sftp {

using base::Error;
using base::ErrorKind;
using base::format;

namespace {

constexpr std::uint32_t folder_mode = 0700;
constexpr std::size_t readdirs_ahead = 4;
constexpr std::int64_t stale_seconds = 86'400;

void make_folder(SftpSession& session, const Options& options, const std::string& folder) {
    const Answer made = session.ask(Packet(Type::mkdir).text(folder).mode(folder_mode));
    if (made.is_ok()) return sync_folder(session, folder_of(folder));
    // Another writer may have been faster.
    const auto there = session.look(folder, true);
    if (there && there->is_folder()) return;
    if (there)
        throw Error(ErrorKind::failed, format("cannot store anything in {} on {}: it is no folder",
                                              base::printable(folder), server_name(options)))
            .state("nothing was changed")
            .hint("move it out of the way, or name another path in the location's settings");
    throw write_error(format("cannot make the folder {}", folder), options, made, session, folder_of(folder),
                      0);
}

}  // namespace

std::string folder_of(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    if (slash == std::string::npos) return ".";
    return slash == 0 ? "/" : path.substr(0, slash);
}

void make_folders(SftpSession& session, const Options& options, const std::string& folder) {
    if (folder == "." || folder == "/") return;
    const auto there = session.look(folder, true);
    if (there && there->is_folder()) return;
    if (!there) make_folders(session, options, folder_of(folder));
    make_folder(session, options, folder);
}

std::optional<std::vector<Entry>> entries_of(SftpSession& session, const Options& options,
                                             const std::string& folder, ListBound& bound,
                                             std::size_t prefix_bytes) {
    const std::string what = format("cannot list {}", folder);
    const Answer opened = session.ask(Packet(Type::opendir).text(folder));
    if (opened.status == Status::no_such_file) return std::nullopt;
    if (!opened.is_ok()) throw remote_error(what, options, opened);
    const auto handle = read_handle(opened);
    if (!handle) session.broke_protocol();
    std::vector<Entry> found;
    std::deque<SftpSession::Id> under_way;
    Answer last;
    while (last.is_ok() || !under_way.empty()) {
        while (last.is_ok() && under_way.size() < readdirs_ahead)
            under_way.push_back(session.send(Packet(Type::readdir).text(*handle)));
        Answer answer = session.answer(under_way.front());
        under_way.pop_front();
        if (!answer.is_ok()) {
            if (last.is_ok()) last = std::move(answer);
            continue;
        }
        auto entries = read_entries(answer);
        if (!entries || entries->empty()) session.broke_protocol();
        for (Entry& entry : *entries) {
            const auto refuse = [&](std::string_view why) {
                return Error(ErrorKind::failed,
                             format("{} on {}", base::printable(what), server_name(options)))
                    .cause(format("the server lists what cannot be there: {}", why))
                    .hint(endless_list_hint);
            };
            // The two as well: else a server could name nothing else for ever.
            if (const auto why = bound.refusal(prefix_bytes + entry.name.size()); !why.empty())
                throw refuse(why);
            if (entry.name == "." || entry.name == "..") continue;
            if (entry.name.empty() || entry.name.find('/') != std::string::npos)
                throw refuse("a name that is none").hint("do not trust this server");
            found.push_back(std::move(entry));
        }
    }
    session.close(*handle);
    if (last.status != Status::end_of_file) throw remote_error(what, options, last);
    return each_once(std::move(found));
}

std::vector<Entry> each_once(std::vector<Entry> entries) {
    std::ranges::sort(entries, {}, &Entry::name);
    const auto twice = std::ranges::unique(entries, {}, &Entry::name);
    entries.erase(twice.begin(), twice.end());
    return entries;
}

void remove_stale_temporaries(SftpSession& session, const Options& options, const std::string& folder) {
    ListBound bound("packs");
    const auto entries = entries_of(session, options, folder, bound, 0);
    if (!entries) return;
    const std::int64_t now = base::now_unix_ms() / 1000;
    for (const Entry& entry : *entries) {
        const auto& modified_at = entry.attributes.modified_at;
        if (!entry.name.starts_with(temporary_prefix) || !modified_at || *modified_at > now - stale_seconds)
            continue;
        // A server that refuses one refuses all.
        if (session.ask(Packet(Type::remove).text(folder + "/" + entry.name)).status ==
            Status::permission_denied)
            return;
    }
}

void sync_folder(SftpSession& session, const std::string& folder) {
    if (!session.has("fsync@openssh.com")) return;
    // Handles of opendir cannot be synced, but on POSIX systems a folder can be opened as a file is.
    const Answer opened = session.ask(Packet(Type::open).text(folder).number(open_read).number(0));
    const auto handle = read_handle(opened);
    if (!handle) return;
    const SftpSession::Id synced = session.send(Packet("fsync@openssh.com").text(*handle));
    session.close(*handle);
    session.answer(synced);
}

bool place_new(SftpSession& session, const Options& options, const std::string& temporary,
               const std::string& path) {
    const auto remove_temporary = [&] { session.ask(Packet(Type::remove).text(temporary)); };
    if (session.has("hardlink@openssh.com") &&
        session.ask(Packet("hardlink@openssh.com").text(temporary).text(path)).is_ok()) {
        remove_temporary();
        return true;
    }
    // A file system without hard links, or another server than OpenSSH's. The protocol says that a rename
    // does not replace; since servers are known that do, what is there is looked for first.
    if (!session.look(path, false)) {
        const Answer renamed = session.ask(Packet(Type::rename).text(temporary).text(path));
        if (renamed.is_ok()) return true;
        if (!session.look(path, false)) {
            Error error =
                write_error(format("cannot store {}", path), options, renamed, session, folder_of(path), 0);
            remove_temporary();
            throw error;
        }
    }
    remove_temporary();
    return false;
}

}  // namespace bt2c::storage::sftp
