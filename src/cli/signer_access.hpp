#pragma once
// Which member's key signs an order, and how it is opened.

#include <filesystem>
#include <optional>
#include <string>

#include "cli/command.hpp"
#include "cli/token_access.hpp"
#include "network/signer.hpp"

namespace bt2c::cli {

/// --as, --key, and the options of tokens.
class SignerOptions {
 public:
    void declare(Options& options);
    /// The key's file: that of --key or --as, else the only one of this home. Throws Error(usage) naming
    /// those that are there.
    network::SignerFile read(Context& context) const;
    /// Under its password, or on its token. Throws Error(wrong_secret) when that does not open it.
    network::OrderSigner open(Context& context, const network::SignerFile& key) const;

 private:
    std::filesystem::path key_path(Context& context) const;

    std::optional<std::string> name_;
    std::optional<std::filesystem::path> key_file_;
    TokenOptions token_;
};

}  // namespace bt2c::cli
