#include "cli/commands.hpp"
#include "cli/latest_backup.hpp"
#include "cli/locations.hpp"
#include "cli/repository_access.hpp"
#include "repository/pins.hpp"

namespace bt2c::cli {
namespace {

using base::Error;
using base::ErrorKind;
using base::Json;

class PinCommand final : public Command {
    About about() const override {
        return {
            .name = "pin",
            .summary = "keep a backup whatever the retention rules say",
            .description =
                "A pinned backup, and what it is made against, stays until its pin is removed. Without ID it "
                "lists the pins. Pins stand in the repository and hold for every location.",
            .examples = {{"bt2c-dr pin 40dc1520 --reason 'before the fork'", "keep it"},
                         {"bt2c-dr pin", "list all pins"},
                         {"bt2c-dr pin 40dc1520 --remove", "let the rules decide again"}},
            .exits = {ErrorKind::failed, ErrorKind::findings, ErrorKind::wrong_secret, ErrorKind::partial,
                      ErrorKind::no_repository},
            .if_it_fails = "no backup was touched"};
    }

    void declare(Options& options) override {
        options.argument(id_, "ID", "the backup: an id, the beginning of one, or 'latest'");
        options.value(reason_, "--reason", "TEXT", "why, for those who read the list later");
        options.flag(remove_, "--remove", "end the pin");
    }

    Result run(Context& context) override {
        if (id_.empty() && (remove_ || !reason_.empty()))
            throw Error(ErrorKind::usage, "no backup was named").hint("bt2c-dr pin ID");
        if (remove_ && !reason_.empty())
            throw Error(ErrorKind::usage, "--remove and --reason exclude each other");
        if (reason_.size() > repository::pin_reason_bytes_max)
            throw Error(ErrorKind::usage,
                        base::format("the reason is longer than {} bytes", repository::pin_reason_bytes_max));
        const repository::Repository repository = open_repository(context);
        if (id_.empty()) return list(repository);
        const repository::Manifest manifest =
            find_backup(context, repository, id_, remove_ ? "bt2c-dr pin --remove" : "bt2c-dr pin");
        const bool changed = repository::set_pin(repository, manifest.id, !remove_, reason_);
        auto reached = context.locations().finish_backup(
            repository, std::chrono::seconds(context.settings().patience_seconds));
        // One that was away when the pin was made may be here now.
        if (!changed) reached = context.locations().share_small(repository);
        Result result{.document = Json::object({{"id", manifest.id.hex()},
                                                {"pinned", !remove_},
                                                {"changed", changed},
                                                {"locations", outcomes_document(reached)}}),
                      .print = [id = manifest.id.brief(), reached, changed, remove = remove_](Output& out) {
                          out.line("Backup {} {} {}.", out.styled(Style::bold, id),
                                   changed ? "is now" : "was already", remove ? "not pinned" : "pinned");
                          print_unreached(out, reached, "does not know it yet; 'location sync' tells it");
                      }};
        if (is_partial(reached)) result.outcome = ErrorKind::partial;
        add_unasked(context, id_, result);
        return result;
    }

    static Result list(const repository::Repository& repository) {
        const auto pins =
            std::make_shared<std::map<std::string, repository::Pin>>(repository::read_pins(repository));
        std::erase_if(*pins, [](const auto& pin) { return !pin.second.pinned; });
        Json all = Json::array();
        for (const auto& [backup, pin] : *pins)
            all.push(Json::object(
                {{"id", backup}, {"pinned_at", base::format_utc(pin.at)}, {"reason", pin.reason}}));
        return {.document = Json::object({{"pins", std::move(all)}}), .print = [pins](Output& out) {
                    Table table({{"BACKUP"}, {"PINNED (UTC)"}, {"REASON", Column::Align::left, true}});
                    for (const auto& [backup, pin] : *pins)
                        table.row({base::printable(backup.substr(0, 8)),
                                   base::format_utc(pin.at).substr(0, 10), base::printable(pin.reason)});
                    if (table.empty())
                        out.line("No backup is pinned.");
                    else
                        out.table(table);
                }};
    }

    std::string id_, reason_;
    bool remove_ = false;
};

}  // namespace

std::unique_ptr<Command> pin_command() {
    return std::make_unique<PinCommand>();
}

}  // namespace bt2c::cli
