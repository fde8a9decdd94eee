#pragma once
// Asking a person for a secret.

#include <optional>
#include <string>

#include "crypto/secret.hpp"

namespace bt2c::cli {

/// Asks on the process's terminal (/dev/tty, wherever stdin and stdout lead) without echo; where it has none
/// of its own, on the one that stdin and stderr are on. Returns the line without its end; nullopt when there
/// is no terminal to ask on. Throws Error(interrupted) on Ctrl-C, Error(failed) when the input ends or the
/// line is longer than 1024 bytes.
std::optional<crypto::SecretBytes> ask_secret(const std::string& question);

/// The same for what may be seen while it is typed.
std::optional<std::string> ask_visibly(const std::string& question);

/// The same for a secret to be set: asked twice; Error(usage) when it is empty or the two differ.
std::optional<crypto::SecretBytes> ask_new_secret(const std::string& question);

}  // namespace bt2c::cli
