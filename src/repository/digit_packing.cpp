#include "repository/digit_packing.hpp"

#include <algorithm>

#include "repository/digit_lanes.hpp"

namespace bt2c::repository {

using base::Bytes;
using base::ByteView;
using base::MutableBytes;

namespace {

/// A run's place: bytes since the run before it, then its length in units, doubled, and its alphabet in the
/// lowest bit. Each has 16 bits.
constexpr std::size_t gap_max = 0xffff, units_max = 0x7fff;
constexpr std::size_t header_bytes = 8, field_bytes = 2;

/// Shorter runs are not looked for. Words are digits of base64, too.
constexpr std::size_t hex_digits_min = 32, base64_digits_min = 64;
/// What is to be saved at least, of the whole: an eighth.
constexpr std::size_t saving_share = 8;

/// Calls found(first, last) for each run that is as long as can be and no shorter than `least`.
template <typename Alphabet, typename Found>
BT2C_INLINE void find_runs(const std::uint8_t* begin, const std::uint8_t* end, std::size_t least,
                           Found found) {
    // It holds the last of any `least` neighbours that it begins in, so most bytes need not be looked at.
    while (static_cast<std::size_t>(end - begin) >= least) {
        const std::uint8_t* probe = begin + least - 1;
        if (!is_digit<Alphabet>(*probe)) {
            begin = probe + 1;
            continue;
        }
        const std::uint8_t* first = probe;
        while (first > begin && is_digit<Alphabet>(first[-1])) --first;
        const std::uint8_t* last = probe + count_digits<Alphabet>(probe, end);
        if (static_cast<std::size_t>(last - first) >= least) found(first, last);
        begin = last;
    }
}

/// Buffers that stay: fresh memory would cost more than what is written into it.
struct Scratch {
    Bytes text, bytes, gaps, lengths;
};

/// Takes runs from front to back.
class Packer {
 public:
    Packer(ByteView plain, Scratch& scratch) : scratch_(scratch), plain_(plain), at_(plain.data()) {
        scratch.gaps.clear();
        scratch.lengths.clear();
        for (Bytes* buffer : {&scratch.text, &scratch.bytes})
            buffer->resize(std::max(buffer->size(), header_bytes + plain.size()));
        literal_ = scratch.text.data() + header_bytes;
        byte_ = scratch.bytes.data();
    }

    template <typename Alphabet>
    BT2C_INLINE void add(const std::uint8_t* first, const std::uint8_t* last) {
        std::size_t gap = keep_until(first);
        for (; gap > gap_max; gap -= gap_max) place(gap_max, 0, 0);
        for (std::size_t units = static_cast<std::size_t>(last - first) / Alphabet::digits; units > 0;) {
            const std::size_t part = std::min(units, units_max);
            place(gap, part, Alphabet::bit);
            Alphabet::pack(at_, part, byte_);
            at_ += part * Alphabet::digits;
            byte_ += part * Alphabet::bytes;
            units -= part;
            gap = 0;
        }
    }

    std::optional<PackedDigits> finish() {
        keep_until(plain_.data() + plain_.size());
        std::uint8_t* text = scratch_.text.data();
        const auto literals = static_cast<std::uint32_t>(literal_ - (text + header_bytes));
        const auto runs = static_cast<std::uint32_t>(scratch_.gaps.size() / field_bytes);
        const ByteView bytes(scratch_.bytes.data(), byte_);
        const std::size_t size = header_bytes + literals + 2 * field_bytes * std::size_t{runs};
        if (size + bytes.size() > plain_.size() - plain_.size() / saving_share) return std::nullopt;
        put_le(text, runs);
        put_le(text + 4, literals);
        literal_ = std::ranges::copy(scratch_.gaps, literal_).out;
        std::ranges::copy(scratch_.lengths, literal_);
        return PackedDigits{{text, size}, bytes};
    }

 private:
    static void put_le(std::uint8_t* to, std::uint32_t value) {
        for (int i = 0; i < 4; ++i) to[i] = static_cast<std::uint8_t>(value >> 8 * i);
    }
    std::size_t keep_until(const std::uint8_t* to) {
        const auto size = static_cast<std::size_t>(to - at_);
        std::memcpy(literal_, at_, size);
        literal_ += size;
        at_ = to;
        return size;
    }
    void place(std::size_t gap, std::size_t units, unsigned alphabet_bit) {
        base::put_le(scratch_.gaps, static_cast<std::uint16_t>(gap));
        base::put_le(scratch_.lengths, static_cast<std::uint16_t>(units << 1 | alphabet_bit));
    }

    Scratch& scratch_;
    const ByteView plain_;
    const std::uint8_t* at_;
    std::uint8_t* literal_;
    std::uint8_t* byte_;
};

BT2C_INLINE std::optional<PackedDigits> pack(ByteView plain) {
    if (plain.empty()) return std::nullopt;
    thread_local Scratch scratch;
    Packer packer(plain, scratch);
    const std::uint8_t* between = plain.data();
    const std::uint8_t* end = between + plain.size();
    const auto add_base64 = [&](const std::uint8_t* until) {
        find_runs<Base64>(
            between, until, base64_digits_min,
            [&](const std::uint8_t* first, const std::uint8_t* last) { packer.add<Base64>(first, last); });
    };
    // Hex digits are digits of base64, and cost less as what they are.
    find_runs<Hex>(between, end, hex_digits_min, [&](const std::uint8_t* first, const std::uint8_t* last) {
        add_base64(first);
        packer.add<Hex>(first, last);
        between = last;
    });
    add_base64(end);
    return packer.finish();
}

/// Gives runs back from front to back. What would not fit is refused before it is written.
class Unpacker {
 public:
    Unpacker(ByteView literals, ByteView bytes, MutableBytes plain)
        : literals_(literals), bytes_(bytes), to_(plain.data()), room_(plain.size() - literals.size()) {}

    BT2C_INLINE bool literals(std::size_t size) {
        if (size > literals_.size()) return false;
        std::memcpy(to_, literals_.data(), size);
        literals_ = literals_.subspan(size);
        to_ += size;
        return true;
    }
    template <typename Alphabet>
    BT2C_INLINE bool run(std::size_t units) {
        const std::size_t digits = units * Alphabet::digits, bytes = units * Alphabet::bytes;
        if (digits > room_ || bytes > bytes_.size()) return false;
        Alphabet::unpack(bytes_.data(), units, to_);
        bytes_ = bytes_.subspan(bytes);
        to_ += digits;
        room_ -= digits;
        return true;
    }
    bool finish() { return room_ == 0 && bytes_.empty() && literals(literals_.size()); }

 private:
    ByteView literals_, bytes_;
    std::uint8_t* to_;
    std::size_t room_;  ///< for digits
};

BT2C_INLINE bool unpack(ByteView packed, MutableBytes plain) {
    base::Reader reader(packed);
    const auto runs = reader.integer<std::uint32_t>();
    const ByteView literals = reader.bytes(reader.integer<std::uint32_t>());
    const std::size_t table_bytes = std::size_t{runs} * field_bytes;
    const ByteView gaps = reader.bytes(table_bytes);
    const ByteView lengths = reader.bytes(table_bytes);
    if (reader.failed() || plain.empty() || literals.size() > plain.size()) return false;
    Unpacker unpacker(literals, reader.bytes(reader.left()), plain);
    for (std::size_t i = 0; i < table_bytes; i += field_bytes) {
        const std::size_t length = base::get_le<std::uint16_t>(&lengths[i]), units = length >> 1;
        if (!unpacker.literals(base::get_le<std::uint16_t>(&gaps[i])) ||
            !((length & 1) == Hex::bit ? unpacker.run<Hex>(units) : unpacker.run<Base64>(units)))
            return false;
    }
    return unpacker.finish();
}

// Flattened, so that all of it is compiled for the same registers.
#ifdef __x86_64__
[[gnu::target("ssse3"), gnu::flatten]] std::optional<PackedDigits> pack_by_ssse3(ByteView plain) {
    return pack(plain);
}
[[gnu::target("ssse3"), gnu::flatten]] bool unpack_by_ssse3(ByteView packed, MutableBytes plain) {
    return unpack(packed, plain);
}
#endif

[[gnu::flatten]] std::optional<PackedDigits> pack_by_any(ByteView plain) {
    return pack(plain);
}
[[gnu::flatten]] bool unpack_by_any(ByteView packed, MutableBytes plain) {
    return unpack(packed, plain);
}

const DigitPacking& fastest() {
    static const DigitPacking way = ways_to_pack_digits().front();
    return way;
}

}  // namespace

std::vector<DigitPacking> ways_to_pack_digits() {
    std::vector<DigitPacking> ways;
#ifdef __x86_64__
    if (__builtin_cpu_supports("ssse3")) ways.push_back({pack_by_ssse3, unpack_by_ssse3});
#endif
    ways.push_back({pack_by_any, unpack_by_any});
    return ways;
}

std::optional<PackedDigits> pack_digits(ByteView plain) {
    return fastest().pack(plain);
}

bool unpack_digits(ByteView packed, MutableBytes plain) {
    return fastest().unpack(packed, plain);
}

}  // namespace bt2c::repository
