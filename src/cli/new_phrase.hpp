#pragma once
// A new key's phrase on its way to the people who will keep it.

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "cli/context.hpp"
#include "cli/options.hpp"
#include "cli/share_output.hpp"

namespace bt2c::cli {

/// Asks on the terminal for some words of a phrase that was just shown; the person has a few attempts, each
/// with other words. False when none was right.
bool is_on_paper(Terminal& err, std::string_view phrase);

/// Where a new phrase goes: the terminal, where some of its words are asked back; a file; or shares of it.
class NewPhrase {
 public:
    void declare(Options& options);
    /// Throws Error(usage) unless the phrase can be handed over in one way.
    void check(Context& context) const;
    /// A phrase of 12 or 24 words.
    crypto::SecretBytes make() const;
    /// Throws Error(failed) when it is not in safe hands then: nothing may depend on the phrase yet.
    void hand_over(Context& context, const crypto::SecretBytes& phrase);

    /// The files that hold it or its shares; empty when it was shown.
    const std::vector<std::string>& files() const { return files_; }

 private:
    void show(Context& context, const crypto::SecretBytes& phrase) const;
    void write(const crypto::SecretBytes& phrase);

    std::string words_ = "24";
    std::optional<std::filesystem::path> file_;
    ShareOutput shares_;
    std::vector<std::string> files_;
};

}  // namespace bt2c::cli
