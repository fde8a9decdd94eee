#pragma once
// Options by which an operator says which key is wanted.

#include <filesystem>
#include <optional>
#include <string>

#include "cli/options.hpp"
#include "keys/identity.hpp"

namespace bt2c::cli {

class ExpectedKey {
 public:
    /// --expect-address, --expect-wallet, --expect-public-key
    void declare(Options& options);
    bool given() const { return !address_.empty() || wallet_ || public_key_; }
    /// What is known of the key; nothing when none of the options was given. Throws Error(usage) when they
    /// name different keys, and Error(failed) when a file cannot be read.
    std::optional<keys::KeyIdentity> identity() const;

 private:
    std::string address_;
    std::optional<std::filesystem::path> wallet_, public_key_;
};

}  // namespace bt2c::cli
