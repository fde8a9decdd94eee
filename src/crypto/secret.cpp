#include "crypto/secret.hpp"

#include <sodium.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <algorithm>
#include <new>
#include <utility>

#include "base/error.hpp"
#include "crypto/random.hpp"

namespace bt2c::crypto {
namespace {

void start_sodium() {
    static const int result = sodium_init();
    BT2C_ASSERT(result >= 0);
}

}  // namespace

SecretBytes::SecretBytes(std::size_t size) : size_(size) {
    start_sodium();
    if (size == 0) return;
    data_ = static_cast<std::uint8_t*>(sodium_malloc(size));
    if (!data_) throw std::bad_alloc();
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
