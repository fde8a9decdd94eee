#pragma once
// What every command can ask for while it runs.

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/progress.hpp"
#include "cli/terminal.hpp"
#include "config/home.hpp"
#include "config/settings.hpp"
#include "crypto/secret.hpp"

namespace bt2c::cli {

class Locations;

/// The options that stand before or after any command.
struct GlobalOptions {
    std::optional<std::filesystem::path> home, config;
    std::string network;  ///< empty when not given
    bool json = false;
    bool quiet = false;
    bool verbose = false;
};

/// Belongs to one run of one command. Not thread-safe, but for what progress() hands out.
class Context {
 public:
    Context(const GlobalOptions& options, Console& console);
    ~Context();

    /// The node's home; throws Error(failed) unless it is there and readable.
    const config::Home& home() const;
    /// The same without that check, for commands that make a home.
    const config::Home& home_unchecked() const { return home_; }
    /// dr.toml, read at the first call. Throws Error(usage) when it is wrong.
    const config::Settings& settings() const;
    /// Where backups rest, by dr.toml; found out at the first call. `start_anew` as in locations.hpp.
    Locations& locations(const std::vector<std::string>& start_anew = {});
    /// --network, when it was given.
    std::optional<std::string> network() const;
    /// Opens the repository where the environment gives nothing: so a command that was given it hands it on
    /// to those that it runs.
    void use_password(std::optional<crypto::SecretBytes> password) { password_ = std::move(password); }
    const std::optional<crypto::SecretBytes>& password() const { return password_; }

    /// As they were given.
    const GlobalOptions& globals() const { return options_; }
    bool json() const { return options_.json; }
    bool quiet() const { return options_.quiet; }
    bool verbose() const { return options_.verbose; }

    /// Shows progress on stderr by the rules of the command line; silent with --quiet. Lives as long as
    /// the context.
    base::Progress& progress();
    Console& console() { return console_; }

 private:
    GlobalOptions options_;
    Console& console_;
    config::Home home_;
    std::optional<crypto::SecretBytes> password_;
    mutable std::optional<config::Settings> settings_;
    std::unique_ptr<base::Progress> progress_;
    std::unique_ptr<Locations> locations_;
};

}  // namespace bt2c::cli
