#include "crypto/secret.hpp"

#include <sodium.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <algorithm>
#include <mutex>
#include <new>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "crypto/random.hpp"

namespace bt2c::crypto {
namespace {

void start_sodium() {
    static const int result = sodium_init();
    BT2C_ASSERT(result >= 0);
}

std::uint8_t* guarded_memory(std::size_t size) {
    auto* memory = static_cast<std::uint8_t*>(sodium_malloc(size));
    if (!memory) throw std::bad_alloc();
    return memory;
}

/// Secrets of the size of a key share guarded blocks. A block of each one's own costs ten system calls, of
/// which those that change page tables interrupt every other core: half of the time in which 10,000
/// manifests, each with its key, are read. Blocks stay until the process ends; slots are zero while unused.
class KeySlots {
 public:
    static constexpr std::size_t slot_bytes = 64;

    std::uint8_t* take() {
        const std::scoped_lock lock(mutex_);
        if (unused_.empty()) add_block();
        std::uint8_t* slot = unused_.back();
        unused_.pop_back();
        return slot;
    }

    void give_back(std::uint8_t* slot) noexcept {
        sodium_memzero(slot, slot_bytes);
        const std::scoped_lock lock(mutex_);
        unused_.push_back(slot);
    }

 private:
    void add_block() {
        constexpr std::size_t block_bytes = 4096;
        capacity_ += block_bytes / slot_bytes;
        unused_.reserve(capacity_);  // giving back never allocates
        std::uint8_t* block = guarded_memory(block_bytes);
        std::fill_n(block, block_bytes, std::uint8_t{0});
        for (std::size_t at = block_bytes; at > 0; at -= slot_bytes)
            unused_.push_back(block + at - slot_bytes);
    }

    std::mutex mutex_;
    std::vector<std::uint8_t*> unused_;
    std::size_t capacity_ = 0;
};

/// Never destroyed: secrets of static storage may outlive any static object.
KeySlots& key_slots() {
    static auto* slots = new KeySlots;
    return *slots;
}

}  // namespace

SecretBytes::SecretBytes(std::size_t size) : size_(size) {
    start_sodium();
    if (size == 0) return;
    if (size <= KeySlots::slot_bytes) {
        data_ = key_slots().take();
        return;
    }
    data_ = guarded_memory(size);
    std::fill_n(data_, size, std::uint8_t{0});
}

SecretBytes SecretBytes::copy_of(base::ByteView bytes) {
    SecretBytes secret(bytes.size());
    std::copy(bytes.begin(), bytes.end(), secret.data_);
    return secret;
}

SecretBytes SecretBytes::random(std::size_t size) {
    SecretBytes secret(size);
    fill_random(secret.bytes());
    return secret;
}

SecretBytes::~SecretBytes() {
    if (!data_) return;
    if (size_ <= KeySlots::slot_bytes)
        key_slots().give_back(data_);
    else
        sodium_free(data_);
}

SecretBytes::SecretBytes(SecretBytes&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

SecretBytes& SecretBytes::operator=(SecretBytes&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
}

void fill_random(base::MutableBytes out) {
    start_sodium();
    if (!out.empty()) randombytes_buf(out.data(), out.size());
}

void wipe(void* data, std::size_t size) noexcept {
    sodium_memzero(data, size);
}

void wipe_stack() noexcept {
    constexpr std::size_t reach_bytes = 64 << 10;
    sodium_stackzero(reach_bytes);
}

bool equal(base::ByteView a, base::ByteView b) noexcept {
    return a.size() == b.size() && (a.empty() || sodium_memcmp(a.data(), b.data(), a.size()) == 0);
}

void forbid_core_dumps() noexcept {
    const rlimit none{0, 0};
    ::setrlimit(RLIMIT_CORE, &none);
    ::prctl(PR_SET_DUMPABLE, 0);
}

}  // namespace bt2c::crypto
