#pragma once
// The packets of SFTP version 3 (draft-ietf-secsh-filexfer-02), written and read. What is read comes from a
// server that is not trusted.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"

namespace bt2c::storage::sftp {

enum class Type : std::uint8_t {
    init = 1,
    version = 2,
    open = 3,
    close = 4,
    read = 5,
    write = 6,
    lstat = 7,
    fstat = 8,
    setstat = 9,
    fsetstat = 10,
    opendir = 11,
    readdir = 12,
    remove = 13,
    mkdir = 14,
    stat = 17,
    rename = 18,
    status = 101,
    handle = 102,
    data = 103,
    name = 104,
    attrs = 105,
    extended = 200,
    extended_reply = 201,
};

/// How a request ended, as the protocol numbers it; a server may send other numbers, which are failures.
enum class Status : std::uint32_t {
    ok = 0,
    end_of_file = 1,
    no_such_file = 2,
    permission_denied = 3,
    failure = 4,
    bad_message = 5,
    unsupported = 8,
};

/// Flags of open().
constexpr std::uint32_t open_read = 1, open_write = 2, open_create = 8, open_exclusive = 0x20;

/// A packet longer than this is refused, in either direction; OpenSSH's own limit.
constexpr std::size_t packet_bytes_max = std::size_t{256} << 10;

/// A request in the making: fields are appended in the protocol's order.
class Packet {
 public:
    explicit Packet(Type type);
    /// An extended request, such as "fsync@openssh.com".
    explicit Packet(std::string_view extension);
    Packet& number(std::uint32_t value);
    Packet& offset(std::uint64_t value);
    Packet& text(std::string_view value);
    Packet& data(base::ByteView value);
    /// Attributes that say the mode and nothing else.
    Packet& mode(std::uint32_t mode);
    /// The packet as it is sent. `id` is the protocol's version in an init packet.
    base::ByteView finish(std::uint32_t id);

 private:
    base::Bytes bytes_;
};

/// What the protocol says about a file; servers may leave out anything.
struct Attributes {
    std::optional<std::uint64_t> bytes;
    std::optional<std::uint32_t> mode;
    std::optional<std::uint32_t> modified_at;  ///< seconds since 1970
    bool is_file() const { return mode && (*mode & 0170000) == 0100000; }
    bool is_folder() const { return mode && (*mode & 0170000) == 0040000; }
};
struct Entry {
    std::string name;
    Attributes attributes;
};
/// Of statvfs@openssh.com.
struct DiskState {
    std::uint64_t free_bytes = 0;
    std::uint64_t free_files = 0;
    bool read_only = false;
};
/// What came back for a request.
struct Answer {
    Type type = Type::status;
    Status status = Status::ok;  ///< `ok` for all that is no status
    std::string message;         ///< the server's words, of a status
    base::Bytes body;            ///< the rest of the packet behind the id, of all else
    bool is_ok() const { return status == Status::ok; }
};

/// Reads a packet without its length; nullopt when it is none. `id` is the protocol's version in a version
/// packet.
std::optional<Answer> read_answer(base::ByteView packet, std::uint32_t& id);
// Of the bodies of answers; nullopt when they are not what the answer's type promises.
std::optional<std::string> read_handle(const Answer& answer);
std::optional<base::ByteView> read_data(const Answer& answer);
std::optional<Attributes> read_attributes(const Answer& answer);
std::optional<std::vector<Entry>> read_entries(const Answer& answer);
std::optional<DiskState> read_disk_state(const Answer& answer);
/// Of limits@openssh.com: the most of a file's contents that one request may carry, either way.
std::optional<std::uint64_t> read_piece_bytes_max(const Answer& answer);
/// The names of the extensions that a version packet announces.
std::optional<std::vector<std::string>> read_extensions(const Answer& answer);

}  // namespace bt2c::storage::sftp
