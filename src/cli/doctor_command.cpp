#include <algorithm>
#include <filesystem>

#include "cli/commands.hpp"
#include "cli/doctor.hpp"
#include "cli/repository_access.hpp"
#include "cli/secret_prompt.hpp"

namespace bt2c::cli {
namespace {

using base::Error;
using base::ErrorKind;

class DoctorCommand final : public Command {
    About about() const override {
        return {
            .name = "doctor",
            .summary = "look whether the whole set-up is sound, and tell what mends what is not",
            .description =
                "Looks at home, settings, database, modes and owners of files, disk space, the schedule and "
                "how its jobs ended, the repository and every location, the ages of backups and restore "
                "tests, the recovery phrase, keys, clock, signing lock and pauses. Changes nothing.\n\n"
                "Each finding comes with the command that mends it. What could not be looked at counts as a "
                "finding, too. With --verbose all checks are shown. A location that hangs is given up after "
                "--patience.\n\n"
                "It asks for a password only on a terminal, and only where neither the environment nor a "
                "key file opens the repository.",
            .examples = {{"bt2c-dr doctor", "what is missing or stale?"},
                         {"bt2c-dr doctor --verbose", "all that was looked at"},
                         {"bt2c-dr --json doctor", "the same for monitoring; exit status 3 on findings"}},
            .exits = {ErrorKind::failed, ErrorKind::findings},
            .if_it_fails = "nothing was changed"};
    }

    void declare(Options& options) override {
        options.value(patience_s_, "--patience", "SECONDS",
                      "give up what does not answer after so long (default: 60)");
    }

    Result run(Context& context) override {
        if (patience_s_ < 3 || patience_s_ > 3600)
            throw Error(ErrorKind::usage, "--patience must be 3 to 3600 seconds");
        const HealthChecks checks =
            examine(context.globals(), std::chrono::seconds(patience_s_), typed_secret(context));
        const bool findings = std::ranges::any_of(checks, &HealthCheck::is_finding);
        return {.document = health_document(checks),
                .print = [checks, all = context.verbose()](Output& out) { print_health(out, checks, all); },
                .outcome = findings ? std::optional(ErrorKind::findings) : std::nullopt};
    }

    /// Of a repository in its own folder only: whether a remote one is there is not known yet.
    static std::optional<crypto::SecretBytes> typed_secret(Context& context) {
        namespace fs = std::filesystem;
        const config::Home& home = context.home_unchecked();
        std::error_code error;
        if (context.json() || context.quiet() || !context.console().err.is_terminal() ||
            secret_is_in_environment() || fs::exists(home.key_file(), error) ||
            fs::exists(home.write_key_file(), error))
            return std::nullopt;
        try {
            const config::Settings& settings = context.settings();
            if (!settings.token_module.empty() || settings.repository.empty() ||
                !fs::exists(settings.repository / "format", error))
                return std::nullopt;
        } catch (const Error&) {  // the checks tell
            return std::nullopt;
        }
        auto typed = ask_secret("Password or recovery phrase of the repository (empty: go on without)");
        if (typed && typed->empty()) typed.reset();
        return typed;
    }

    std::uint64_t patience_s_ = static_cast<std::uint64_t>(doctor_patience.count());
};

}  // namespace

std::unique_ptr<Command> doctor_command() {
    return std::make_unique<DoctorCommand>();
}

}  // namespace bt2c::cli
