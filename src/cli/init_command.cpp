#include "cli/commands.hpp"
#include "cli/doctor.hpp"
#include "cli/init_guide.hpp"

namespace bt2c::cli {
namespace {

using base::ErrorKind;
using base::Json;

class InitCommand final : public Command {
    About about() const override {
        return {
            .name = "init",
            .summary = "set up backups on this node, step by step",
            .description =
                "Goes through all that backups need: the home, the folder for backups and other locations "
                "(each is tried: an object is written, read back and listed), key file or password, the "
                "recovery phrase, which is shown once and asked back, the schedule, the first backup. Each "
                "answer is checked at once. What is there already stays as it is: run again, it changes "
                "nothing that is right, and goes on where it was cut off. At the end 'doctor' says what is "
                "still missing.\n\n"
                "Answers are added to config/dr.toml; what stands in it stays, with its comments. With "
                "--non-interactive nothing is asked: options, or the same in a file (--answers, lines "
                "'option = value'), say what the defaults do not. Secrets are never options: "
                "BT2C_REPO_PASSWORD_FILE and its like give the password.\n\n"
                "Exit status 0 says that the set-up is done as it was asked for, whatever 'doctor' finds "
                "beside it; 6, that some location could not be reached.",
            .examples = {{"bt2c-dr init", "be asked"},
                         {"bt2c-dr init --non-interactive --phrase-file /media/usb/words --first-backup",
                          "for scripts: a key file, and the phrase on a stick"},
                         {"bt2c-dr init --non-interactive --location name=usb,kind=folder,path=/mnt/usb",
                          "add a location"},
                         {"bt2c-dr init --answers node.answers --non-interactive", "as a file says"}},
            .exits = {ErrorKind::failed, ErrorKind::busy, ErrorKind::wrong_secret, ErrorKind::partial}};
    }

    void declare(Options& options) override {
        wishes_.declare(options);
        options.value(answers_, "--answers", "FILE",
                      "take these options from a file; '-' reads standard input");
    }

    Result run(Context& context) override {
        if (answers_) wishes_.read_answers(*answers_);
        wishes_.locations();  // throws for wrong ones before anything is done
        InitGuide guide(context.globals(), context.console(), wishes_);
        try {
            guide.run();
        } catch (base::Error& error) {
            if (error.state().empty()) error.state("the steps that were told before are done, and stay");
            if (error.hint().empty() && error.kind() != ErrorKind::usage)
                error.hint("run the command again: it goes on from there");
            throw;
        }
        const HealthChecks checks = examine(guide.globals(), doctor_patience, guide.password());
        Json steps = Json::array();
        bool changed = false;
        for (const InitStep& step : guide.steps()) {
            changed |= step.status == "done";
            steps.push(Json::object({{"name", step.name}, {"status", step.status}, {"detail", step.detail}}));
        }
        return {.document = Json::object(
                    {{"changed", changed}, {"steps", std::move(steps)}, {"doctor", health_document(checks)}}),
                .print =
                    [checks, changed](Output& out) {
                        out.line("{}", changed ? "The set-up is done. What doctor says:"
                                               : "Nothing had to be changed. What doctor says:");
                        print_health(out, checks, false);
                    },
                .outcome = guide.is_partial() ? std::optional(ErrorKind::partial) : std::nullopt};
    }

    InitWishes wishes_;
    std::optional<std::filesystem::path> answers_;
};

}  // namespace

std::unique_ptr<Command> init_command() {
    return std::make_unique<InitCommand>();
}

}  // namespace bt2c::cli
