#pragma once
// What a write-only node is given: it makes backups with it, and opens none. docs/repository-format.md.

#include "crypto/sealed_box.hpp"
#include "repository/format.hpp"

namespace bt2c::repository {

constexpr std::size_t content_key_bytes = 64;
constexpr std::size_t writer_secret_bytes = 32;
constexpr std::size_t write_key_file_bytes_max = 4096;

struct WriteKey {
    ObjectId repository;
    crypto::BoxPublicKey sealing_key{};  ///< whose secret half only the master key gives
    crypto::SecretBytes content_key;
    crypto::SecretBytes writer_secret;  ///< proves that a writer was given the file

    /// The file's contents.
    crypto::SecretBytes to_file() const;
    /// Throws Error(wrong_secret) when it is no write key file, one of a version that is not known, or not as
    /// it was written.
    static WriteKey from_file(base::ByteView contents);
    WriteKey copy() const { return {repository, sealing_key, content_key.copy(), writer_secret.copy()}; }
};

}  // namespace bt2c::repository
