#include "storage/sftp/packet.hpp"

#include <algorithm>

namespace bt2c::storage::sftp {

namespace {

constexpr std::size_t id_at = 5;  ///< behind length and type

template <typename T>
void put_be(base::Bytes& out, T value) {
    for (std::size_t i = sizeof(T); i-- > 0;) out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

/// Big-endian fields of a hostile buffer; any read past the end sets failed() and yields nothing.
class Fields {
 public:
    explicit Fields(base::ByteView bytes) : reader_(bytes) {}
    template <typename T>
    T integer() {
        const base::ByteView bytes = reader_.bytes(sizeof(T));
        return bytes.size() == sizeof(T) ? base::get_be<T>(bytes.data()) : T{};
    }
    std::uint32_t number() { return integer<std::uint32_t>(); }
    base::ByteView data() { return reader_.bytes(number()); }
    std::string text() { return std::string(base::as_text(data())); }
    bool failed() const { return reader_.failed(); }
    std::size_t left() const { return reader_.left(); }

 private:
    base::Reader reader_;
};

Attributes attributes_of(Fields& fields) {
    constexpr std::uint32_t has_size = 1, has_owner = 2, has_mode = 4, has_times = 8, has_more = 0x80000000;
    Attributes found;
    const std::uint32_t flags = fields.number();
    if (flags & has_size) found.bytes = fields.integer<std::uint64_t>();
    if (flags & has_owner) fields.integer<std::uint64_t>();
    if (flags & has_mode) found.mode = fields.number();
    if (flags & has_times) {
        fields.number();
        found.modified_at = fields.number();
    }
    if (flags & has_more)
        for (std::uint32_t left = fields.number(); left > 0 && !fields.failed(); --left) {
            fields.data();
            fields.data();
        }
    return found;
}

/// `value` where `fields` were all there.
template <typename T>
std::optional<T> whole(const Fields& fields, T value) {
    if (fields.failed()) return std::nullopt;
    return value;
}

}  // namespace

Packet::Packet(Type type) {
    bytes_.resize(id_at - 1);
    bytes_.push_back(static_cast<std::uint8_t>(type));
    bytes_.resize(id_at + 4);
}
Packet::Packet(std::string_view extension) : Packet(Type::extended) {
    text(extension);
}
Packet& Packet::number(std::uint32_t value) {
    put_be(bytes_, value);
    return *this;
}
Packet& Packet::offset(std::uint64_t value) {
    put_be(bytes_, value);
    return *this;
}
Packet& Packet::text(std::string_view value) {
    return data(base::as_bytes(value));
}
Packet& Packet::data(base::ByteView value) {
    number(static_cast<std::uint32_t>(value.size()));
    bytes_.insert(bytes_.end(), value.begin(), value.end());
    return *this;
}
Packet& Packet::mode(std::uint32_t mode) {
    return number(4).number(mode);
}
base::ByteView Packet::finish(std::uint32_t id) {
    base::Bytes head;
    put_be(head, static_cast<std::uint32_t>(bytes_.size() - 4));
    std::ranges::copy(head, bytes_.begin());
    head.clear();
    put_be(head, id);
    std::ranges::copy(head, bytes_.begin() + id_at);
    return bytes_;
}

std::optional<Answer> read_answer(base::ByteView packet, std::uint32_t& id) {
    if (packet.empty()) return std::nullopt;
    Answer answer{.type = static_cast<Type>(packet[0]), .status = Status::ok, .message = {}, .body = {}};
    Fields fields(packet.subspan(1));
    id = fields.number();
    if (answer.type == Type::status) {
        answer.status = static_cast<Status>(fields.number());
        if (fields.failed()) return std::nullopt;
        if (fields.left() > 0) answer.message = fields.text();  // early versions send none
        return answer;
    }
    if (fields.failed()) return std::nullopt;
    answer.body.assign(packet.end() - static_cast<std::ptrdiff_t>(fields.left()), packet.end());
    return answer;
}

std::optional<std::string> read_handle(const Answer& answer) {
    if (answer.type != Type::handle) return std::nullopt;
    Fields fields(answer.body);
    return whole(fields, fields.text());
}

std::optional<base::ByteView> read_data(const Answer& answer) {
    if (answer.type != Type::data) return std::nullopt;
    Fields fields(answer.body);
    const base::ByteView data = fields.data();
    return whole(fields, data);
}

std::optional<Attributes> read_attributes(const Answer& answer) {
    if (answer.type != Type::attrs) return std::nullopt;
    Fields fields(answer.body);
    const Attributes found = attributes_of(fields);
    return whole(fields, found);
}

std::optional<std::vector<Entry>> read_entries(const Answer& answer) {
    if (answer.type != Type::name) return std::nullopt;
    Fields fields(answer.body);
    std::vector<Entry> entries;
    for (std::uint32_t left = fields.number(); left > 0 && !fields.failed(); --left) {
        Entry entry;
        entry.name = fields.text();
        fields.data();  // the line that "ls -l" would show
        entry.attributes = attributes_of(fields);
        entries.push_back(std::move(entry));
    }
    if (fields.failed()) return std::nullopt;
    return entries;
}

std::optional<DiskState> read_disk_state(const Answer& answer) {
    if (answer.type != Type::extended_reply) return std::nullopt;
    Fields fields(answer.body);
    std::uint64_t numbers[11] = {};
    for (std::uint64_t& number : numbers) number = fields.integer<std::uint64_t>();
    // bsize frsize blocks bfree bavail files ffree favail fsid flag namemax
    const std::uint64_t block = numbers[1], free_blocks = numbers[4];
    const bool fits = block == 0 || free_blocks <= UINT64_MAX / block;
    return whole(fields, DiskState{.free_bytes = fits ? block * free_blocks : UINT64_MAX,
                                   // File systems without a fixed number of files say that they have none.
                                   .free_files = numbers[5] == 0 ? UINT64_MAX : numbers[7],
                                   .read_only = (numbers[9] & 1) != 0});
}

std::optional<std::uint64_t> read_piece_bytes_max(const Answer& answer) {
    if (answer.type != Type::extended_reply) return std::nullopt;
    Fields fields(answer.body);
    fields.integer<std::uint64_t>();  // of a packet
    const auto read = fields.integer<std::uint64_t>(), write = fields.integer<std::uint64_t>();
    // Nought is no limit.
    return whole(fields, std::min(read == 0 ? UINT64_MAX : read, write == 0 ? UINT64_MAX : write));
}

std::optional<std::vector<std::string>> read_extensions(const Answer& answer) {
    if (answer.type != Type::version) return std::nullopt;
    Fields fields(answer.body);
    std::vector<std::string> names;
    while (fields.left() > 0 && !fields.failed()) {
        names.push_back(fields.text());
        fields.data();
    }
    if (fields.failed()) return std::nullopt;
    return names;
}

}  // namespace bt2c::storage::sftp
