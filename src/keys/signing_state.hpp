#pragma once
// What keeps a validator from signing two blocks of one height: its watermark, and the lock that a restore
// leaves behind. docs/network.md. Both are files of the home, apart from the database and from the key: a
// restore of one must not bring back an older state of another.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "config/home.hpp"

namespace bt2c::keys {

/// Whose watermark: one key on one chain. Heights of another genesis say nothing.
struct SigningIdentity {
    std::string network;
    std::string genesis_hash;  ///< of the chain's lowest block
    std::string address;
};

/// The highest height that this key may have signed; nothing where no file says. Throws Error(failed) when
/// the file is damaged or speaks of another chain: the caller must not sign then.
std::optional<std::int64_t> read_watermark(const config::Home& home, const SigningIdentity& identity);

/// Makes `height` the watermark unless it is higher already; durable when it returns. To be called before a
/// signature is made. Throws Error(failed) when it cannot be written, or read_watermark() would: the caller
/// must not sign then. One process at a time.
void raise_watermark(const config::Home& home, const SigningIdentity& identity, std::int64_t height);

/// Makes `height` the watermark, be it lower. For the one case where a person has decided so: a total outage
/// after which the chain goes on from an older block. Replaces a damaged file, too.
void set_watermark(const config::Home& home, const SigningIdentity& identity, std::int64_t height);

struct Watermark {
    SigningIdentity identity;
    std::int64_t height = 0;
};
/// Of all keys and chains.
struct Watermarks {
    std::vector<Watermark> marks;
    std::vector<std::string> damaged;  ///< files that cannot be used, and why
};
Watermarks all_watermarks(const config::Home& home);
/// Reads the contents of a watermark's file; throws Error(failed) when it is malformed.
Watermark parse_watermark(std::string_view json);

struct SigningLock {
    base::UnixMs since = 0;
    std::string reason;
};
/// The lock; nothing where signing is free. One that cannot be read is a lock, with the reason why.
std::optional<SigningLock> signing_lock(const config::Home& home);
/// Durable when it returns. An older lock stays, with its reason.
void lock_signing(const config::Home& home, const std::string& reason);
/// False where there was no lock.
bool unlock_signing(const config::Home& home);

}  // namespace bt2c::keys
