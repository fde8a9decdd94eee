#pragma once
// What operators hand over on standard input, by prompts and in files: phrases, shares, passwords, answers.

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "cli/context.hpp"
#include "crypto/secret.hpp"

namespace bt2c::cli {

/// What `option`, which is called `name`, gives: the text itself, standard input for "-", a prompt when it is
/// empty. Only the end of the last line is cut off. Throws Error(usage) when there is no terminal to ask on,
/// and Error(failed) when the text is longer than any phrase.
crypto::SecretBytes read_phrase(const std::optional<std::string>& option, const std::string& question,
                                const std::string& name = "--seed-phrase");

/// All of standard input. Throws Error(failed) when it is longer.
crypto::SecretBytes read_standard_input(std::size_t bytes_max);
/// The same of a file, which may be a pipe.
crypto::SecretBytes read_to_end(const std::filesystem::path& file, std::size_t bytes_max);

/// Tells the operator, when a phrase was given on the command line, who may have read it.
void warn_of_secret_argument(Context& context);

/// Shares of a secret, one to a line: out of files, of which each may hold several, or of standard input for
/// "-"; without files each is asked for on the terminal, until an empty line.
std::vector<crypto::SecretBytes> read_shares(const std::vector<std::filesystem::path>& files);

/// The BIP39 phrase of the secret that such shares hold. Throws Error(failed) when they do not fit together,
/// or hold something else.
crypto::SecretBytes combined_phrase(const std::vector<std::filesystem::path>& files,
                                    const std::optional<std::filesystem::path>& passphrase_file);

/// The first line of a file that only its owner should read; at most 4 KiB.
crypto::SecretBytes read_secret_file(const std::filesystem::path& path);

/// BT2C_WALLET_PASSWORD, else the file's first line, else a prompt; asked twice when `is_new`.
crypto::SecretBytes wallet_password(const std::optional<std::filesystem::path>& file,
                                    const std::string& question, bool is_new);

/// The password of a signer's key: BT2C_SIGNER_PASSWORD, else the first line of the file that
/// BT2C_SIGNER_PASSWORD_FILE names, else a prompt; asked twice when `is_new`.
crypto::SecretBytes signer_password(const std::string& question, bool is_new);

}  // namespace bt2c::cli
