#pragma once
// The way through a set-up: each step looks first, asks where somebody can be asked, and says what it did.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "cli/context.hpp"
#include "cli/init_wishes.hpp"
#include "repository/repository.hpp"

namespace bt2c::cli {

struct InitStep {
    std::string name;    ///< "home", "location usb", "recovery phrase", "schedule times", "backup"
    std::string status;  ///< "done", "already", "left"
    std::string detail;
};

/// Belongs to one run of one command. Each step is durable when the next one begins; done again it changes
/// nothing that is right.
class InitGuide {
 public:
    InitGuide(const GlobalOptions& globals, Console& console, InitWishes wishes);

    /// All steps, in their order. Throws Error where one cannot be done; those before it stay done.
    void run();

    const std::vector<InitStep>& steps() const { return steps_; }
    /// With the home that was chosen.
    const GlobalOptions& globals() const { return globals_; }
    /// What somebody gave to open the repository with, for the checks that follow.
    const std::optional<crypto::SecretBytes>& password() const { return password_; }
    /// Some locations lack what they should have by now.
    bool is_partial() const { return partial_; }

 private:
    // init_guide.cpp
    /// Throws Error(usage) for what was said beforehand and cannot be.
    void check_wishes() const;
    void settle_home();
    void look_at_chain();
    void settle_schedule();
    void settle_first_backup();
    void catch_up(Context& in);
    /// Of the home that was chosen, with the settings as they are now.
    Context context() const;
    void say(const std::string& text) const;
    /// Tells why an answer cannot be used.
    void complain(const base::Error& error) const;
    void done(std::string name, std::string status, std::string detail);
    /// Asks until `take` accepts the answer; what it throws is shown. An empty answer is `usual`. Throws
    /// Error(failed) when the terminal is gone.
    std::string ask(const std::string& question, const std::string& usual,
                    const std::function<void(const std::string&)>& take = {}) const;
    bool ask_yes(const std::string& question, bool usual) const;

    // init_places.cpp
    void settle_places();
    void settle_repository_folder();
    void settle_wished_location(const KeyValues& wished);
    void ask_for_locations();
    KeyValues ask_location(const std::string& kind, const KeyValues& before) const;
    /// Tries it and adds it to dr.toml. Throws Error where it cannot be used.
    void add_location(const KeyValues& location);
    void add_settings(const SettingsAdditions& additions) const;

    // init_repository.cpp
    void settle_repository();
    void make_new_repository(Context& in);
    void open_present_repository(Context& in);
    void require_as_wished(storage::Location& whole) const;
    void settle_phrase(Context& in, const repository::Repository& repository);
    void make_new_phrase(Context& in, const repository::Repository& repository);
    void show_until_on_paper(Context& in, const crypto::SecretBytes& phrase) const;
    void share(Context& in, const repository::Repository& repository);

    GlobalOptions globals_;
    Console& console_;
    InitWishes wishes_;
    bool asks_;  ///< somebody is there to be asked
    bool partial_ = false;
    std::optional<crypto::SecretBytes> password_;
    std::vector<InitStep> steps_;
};

}  // namespace bt2c::cli
