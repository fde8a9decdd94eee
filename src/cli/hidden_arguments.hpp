#pragma once
// Secrets that somebody gave on the command line, where every user of the machine can read them.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/secret.hpp"

namespace bt2c::cli {

/// Options whose values are secrets.
bool is_secret_option(std::string_view name);

/// The arguments after the program's name. The values of secret options are moved into memory for secrets and
/// overwritten in `argv`, so that they are gone from the process list; a token stands in their place. Called
/// first thing in main.
std::vector<std::string> take_arguments(int argc, char** argv);

/// The secret that a token stands for; of any other text a copy.
crypto::SecretBytes secret_argument(const std::string& token);
/// Whether a secret was taken from the process's own command line.
bool had_secret_argument();

}  // namespace bt2c::cli
