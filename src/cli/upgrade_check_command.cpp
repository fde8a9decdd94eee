#include "cli/commands.hpp"
#include "cli/upgrade_check.hpp"

namespace bt2c::cli {
namespace {

using base::Error;
using base::ErrorKind;

class UpgradeCheckCommand final : public Command {
    About about() const override {
        return {
            .name = "upgrade-check",
            .summary = "before and after an upgrade of the node's software: verify, back up, compare",
            .description =
                "'before' verifies the chain, keeps what there is in "
                "HOME/backups/upgrade-check.json (heights, tips, tables and columns, coins paid, "
                "validators, digests of all blocks, of their transactions, of the other tables, and of "
                "indexes, "
                "views and triggers), and makes a backup that holds it: a full one unless the latest full "
                "one "
                "is less than a day old, and neither it nor a backup that builds on it failed its restore "
                "test; on a write-only node always. This home's prune keeps that backup for 30 days; where "
                "prune runs in another home, as for a write-only node, only a pin there keeps it: bt2c-dr "
                "pin ID.\n\n"
                "'after' verifies again and compares. It ends with 3 when the database is gone or cannot be "
                "read, when the chain does not verify, when "
                "history up to the height of before is another one or anything in it has changed, a height "
                "is lower, a table, a column or a validator is gone, who signed twice is forgotten, a "
                "validator is TOMBSTONED no more, or something changed that only blocks may "
                "change while there was none; what else is different is told, a new or changed trigger first "
                "and with its SQL. A paused or resumed network, a key that was rotated with a record that "
                "both keys signed, and a better chain in place of the last 6 blocks are no fault.\n\n"
                "'before' ends with 3, and leaves all as it is, while the latest record was not found sound "
                "by "
                "'after' and the chain has since lost what 'after' would miss; with 6 when some location has "
                "not got the backup.",
            .examples = {{"bt2c-dr upgrade-check before", "with the old software still running"},
                         {"bt2c-dr upgrade-check after", "when the new one runs"}},
            .exits = {ErrorKind::failed, ErrorKind::findings, ErrorKind::busy, ErrorKind::wrong_secret,
                      ErrorKind::no_repository, ErrorKind::partial},
            .if_it_fails = "the node's data and earlier backups are as they were"};
    }

    void declare(Options& options) override {
        Option& option = options.argument(when_, "WHEN", "before or after");
        option.choices = {"before", "after"};
        option.required = true;
    }

    Result run(Context& context) override {
        if (when_ == "before") return upgrade_check_before(context);
        if (when_ == "after") return upgrade_check_after(context);
        throw Error(ErrorKind::usage,
                    base::format("WHEN is before or after; '{}' is neither", base::printable(when_)));
    }

    std::string when_;
};

}  // namespace

std::unique_ptr<Command> upgrade_check_command() {
    return std::make_unique<UpgradeCheckCommand>();
}

}  // namespace bt2c::cli
