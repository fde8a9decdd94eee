#include "storage/sftp/sftp_session.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "base/time.hpp"
#include "storage/sftp/remote_error.hpp"

namespace bt2c::storage::sftp {

using base::Error;
using base::ErrorKind;
using base::format;

namespace {

constexpr std::uint32_t protocol_version = 3;
constexpr std::size_t head_bytes = 4;
/// Every server takes and gives so much at once; where one says that it takes more, more is quicker.
constexpr std::size_t piece_bytes_always = std::size_t{32} << 10, piece_bytes_most = std::size_t{128} << 10;
/// OpenSSH's sshd holds what it cannot pass on yet in memory that grows and shrinks with it: 2 MiB ahead cost
/// it twice the processor time of half a MiB. So only what a line of 400 Mbit/s holds goes ahead in addition,
/// and never more than sshd lets a channel have.
constexpr std::size_t window_bytes_least = std::size_t{512} << 10, window_bytes_most = std::size_t{2} << 20;
constexpr double line_bytes_per_second = 50e6;
/// A subsystem that is a program is run by the user's shell.
constexpr std::string_view quiet_login =
    "must print nothing (its shell's start files; with the shell nologin sshd_config needs 'ForceCommand "
    "internal-sftp' for this user)";

}  // namespace

SftpSession::SftpSession(const Options& options)
    : options_(options),
      connection_(options),
      received_(head_bytes + packet_bytes_max),
      piece_bytes_(piece_bytes_always),
      round_trip_s_(options.timeout_ms / 1000.0) {
    try {
        connection_.write(Packet(Type::init).finish(protocol_version));
        Id version = 0;
        const auto extensions = read_extensions(next(version));
        if (!extensions || version != protocol_version) broke_protocol();
        extensions_.insert(extensions->begin(), extensions->end());
        if (has("limits@openssh.com")) ask_for_limits();
    } catch (NetworkError& error) {
        error.hint(
            format("look into the server's log; SFTP must be switched on for this user, whose login {}",
                   quiet_login));
        throw;
    }
}

SftpSession::Id SftpSession::send(Packet packet) {
    const Id id = ++last_id_;
    connection_.write(packet.finish(id));
    due_.insert(id);
    return id;
}

Answer SftpSession::ask(Packet packet) {
    const base::Stopwatch watch;
    Answer got = answer(send(std::move(packet)));
    round_trip_s_ = std::min(round_trip_s_, watch.seconds());
    return got;
}

void SftpSession::ask_for_limits() {
    const auto most = read_piece_bytes_max(ask(Packet("limits@openssh.com")));
    if (most) piece_bytes_ = std::clamp<std::uint64_t>(*most, piece_bytes_always, piece_bytes_most);
}

std::size_t SftpSession::window_bytes() const {
    const double line = round_trip_s_ * line_bytes_per_second;
    return std::min(window_bytes_most, window_bytes_least + static_cast<std::size_t>(line));
}

Answer SftpSession::answer(Id id) {
    for (;;) {
        if (const auto found = early_.find(id); found != early_.end()) {
            Answer answer = std::move(found->second);
            early_.erase(found);
            return answer;
        }
        Id got = 0;
        Answer answer = next(got);
        if (due_.erase(got) == 0) broke_protocol();
        if (got == id) return answer;
        early_.emplace(got, std::move(answer));
    }
}

Answer SftpSession::next(Id& id) {
    for (;;) {
        const base::ByteView there = base::ByteView(received_).subspan(begin_, end_ - begin_);
        if (there.size() >= head_bytes) {
            const std::size_t size = base::get_be<std::uint32_t>(there.data());
            if (size == 0 || size > packet_bytes_max) broke_protocol();
            if (there.size() >= head_bytes + size) {
                auto answer = read_answer(there.subspan(head_bytes, size), id);
                begin_ += head_bytes + size;
                if (!answer) broke_protocol();
                return *std::move(answer);
            }
        }
        if (begin_ > 0) {
            std::copy(there.begin(), there.end(), received_.begin());
            end_ = there.size();
            begin_ = 0;
        }
        end_ += connection_.read(base::MutableBytes(received_).subspan(end_));
    }
}

bool SftpSession::is_idle_and_alive() {
    return due_.empty() && early_.empty() && begin_ == end_ && connection_.is_alive();
}

Answer SftpSession::close(const std::string& handle) {
    return ask(Packet(Type::close).text(handle));
}

std::optional<Attributes> SftpSession::look(const std::string& path, bool follow) {
    const Answer answer = ask(Packet(follow ? Type::stat : Type::lstat).text(path));
    if (answer.status == Status::no_such_file) return std::nullopt;
    if (!answer.is_ok()) throw remote_error(format("cannot look at {}", path), options_, answer);
    const auto found = read_attributes(answer);
    if (!found) broke_protocol();
    return found;
}

void SftpSession::broke_protocol() const {
    throw NetworkError(Error(ErrorKind::failed, format("cannot go on with {}", server_name(options_)))
                           .cause("what it answers is not SFTP version 3")
                           .hint(format("the user's login on the server {}", quiet_login)));
}

}  // namespace bt2c::storage::sftp
