#pragma once
// Secrets as operators hand them over: the phrase of a key, and the password of a wallet file.

#include <filesystem>
#include <optional>
#include <string>

#include "cli/context.hpp"
#include "crypto/secret.hpp"

namespace bt2c::cli {

/// What `option` (--seed-phrase) gives: the text itself, standard input for "-", a prompt when it is empty.
/// Only the end of the last line is cut off. Throws Error(usage) when there is no terminal to ask on, and
/// Error(failed) when the text is longer than any phrase.
crypto::SecretBytes read_phrase(const std::optional<std::string>& option, const std::string& question);

/// The first line of a file that only its owner should read; at most 4 KiB.
crypto::SecretBytes read_secret_file(const std::filesystem::path& path);

/// BT2C_WALLET_PASSWORD, else the file's first line, else a prompt; asked twice when `is_new`.
crypto::SecretBytes wallet_password(const std::optional<std::filesystem::path>& file,
                                    const std::string& question, bool is_new);

}  // namespace bt2c::cli
