#pragma once
// Making SLIP-0039 shares of a phrase and handing them out.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "cli/context.hpp"
#include "cli/options.hpp"
#include "crypto/secret.hpp"

namespace bt2c::cli {

/// One share, and what its file or heading is called: "share-2-of-3".
struct NamedShare {
    std::string name;
    crypto::SecretBytes words;
};

/// The options of commands that split a phrase: one group (--threshold, --shares), or several (--group).
class ShareOutput {
 public:
    void declare(Options& options);
    /// Whether any of them was given.
    bool asked_for() const;
    /// Throws Error(usage) for numbers that cannot be, and for shares that would be part of a JSON document.
    void check(const Context& context) const;

    /// Shares of a valid BIP39 phrase, tried out before they are returned.
    std::vector<NamedShare> make(const crypto::SecretBytes& phrase) const;
    /// Writes each share into a file of the folder that --output names and returns the files; without it
    /// shows them on `out` and returns nothing.
    std::vector<std::string> hand_out(const std::vector<NamedShare>& shares, Terminal& out) const;
    /// "any 2 of 3 shares"
    std::string rule() const;

 private:
    struct Group {
        std::uint64_t threshold, count;
    };
    /// Throws Error(usage).
    std::vector<Group> groups() const;
    void prove(const std::vector<std::vector<crypto::SecretBytes>>& shares, base::ByteView passphrase,
               base::ByteView secret) const;

    std::uint64_t threshold_ = 0, count_ = 0;
    std::uint64_t group_threshold_ = 1;
    std::vector<std::string> groups_;
    std::optional<std::filesystem::path> passphrase_file_, folder_;
};

}  // namespace bt2c::cli
