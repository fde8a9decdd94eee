#include <algorithm>

#include "cli/commands.hpp"
#include "cli/key_statuses.hpp"
#include "cli/repository_access.hpp"

namespace bt2c::cli {
namespace {

using base::Error;
using base::ErrorKind;
using base::Json;
using base::UnixMs;
using keys::KeyStatus;

std::string day(UnixMs time) {
    return base::format_utc(time).substr(0, 10);
}

Json time_or_null(const std::optional<UnixMs>& time) {
    return time ? Json(base::format_utc(*time)) : Json();
}

class KeysStatusCommand final : public Command {
    About about() const override {
        return {.name = "keys status",
                .summary = "show each key's age, source, copies in backups, and when it is to be rotated",
                .description =
                    "Lists the wallets of this home and the keys that went into a token. A validator's key "
                    "is due "
                    "six months after it was made (keys.rotation_months in dr.toml); 'keys rotate' gives it "
                    "a new "
                    "one. Keys that are no validator's, were given up in a rotation, or are banned are never "
                    "due.\n\n"
                    "The day a key was made is that of its rotation; else the earliest that is known: of the "
                    "wallet file, of the validator, or of the oldest backup that holds it.",
                .examples = {{"bt2c-dr keys status", "which keys are due?"},
                             {"bt2c-dr --json keys status",
                              "the same for programs; exit status 3 when one is overdue"}},
                .exits = {ErrorKind::failed, ErrorKind::findings},
                .if_it_fails = "nothing was changed"};
    }

    Result run(Context& context) override {
        const auto statuses = std::make_shared<KeyStatuses>();
        const auto backups = read_backups(context, *statuses);
        read_key_statuses(context, backups ? &*backups : nullptr, *statuses);
        const bool findings =
            std::ranges::any_of(statuses->keys, [&](const KeyStatus& key) { return statuses->overdue(key); });
        return {
            .document = document(*statuses, backups.has_value()),
            .print = [statuses, known = backups.has_value()](Output& out) { print(out, *statuses, known); },
            .outcome = findings ? std::optional(ErrorKind::findings) : std::nullopt};
    }

    /// A repository that does not open must not hide how old the keys are.
    static std::optional<std::vector<repository::Manifest>> read_backups(Context& context,
                                                                         KeyStatuses& statuses) {
        try {
            if (!repository::Repository::exists(*repository_location(context)))
                return std::vector<repository::Manifest>();
            return open_repository(context).list().backups;
        } catch (const Error& error) {
            if (error.kind() == ErrorKind::interrupted || error.kind() == ErrorKind::usage) throw;
            statuses.unknown.push_back("copies in backups are not known: " + error.message());
            return std::nullopt;
        }
    }

    static Json document(const KeyStatuses& statuses, bool copies_known) {
        Json list = Json::array();
        for (const KeyStatus& key : statuses.keys) {
            Json validators = Json::array();
            for (const auto& row : key.validators)
                validators.push(
                    Json::object({{"network", row.network}, {"status", row.status}, {"stake", row.stake}}));
            list.push(Json::object(
                {{"address", key.address},
                 {"source", keys::source_name(key.source)},
                 {"problem", key.problem.empty() ? Json() : Json(key.problem)},
                 {"validators", std::move(validators)},
                 {"since", time_or_null(key.since)},
                 {"age_days", key.since ? Json((statuses.now - *key.since) / 86'400'000) : Json()},
                 {"rotated_to", key.followed_by},
                 {"copies", copies_known ? Json(key.copies) : Json()},
                 {"newest_copy", time_or_null(key.newest_copy)},
                 {"next_rotation", time_or_null(key.due)},
                 {"overdue", statuses.overdue(key)}}));
        }
        Json unknown = Json::array();
        for (const std::string& text : statuses.unknown) unknown.push(text);
        return Json::object({{"keys", std::move(list)}, {"unknown", std::move(unknown)}});
    }

    static std::string validator_text(const KeyStatus& key) {
        std::string text;
        for (const auto& row : key.validators)
            text += (text.empty() ? "" : ", ") +
                    base::format("{} on {}", base::printable(row.status), base::printable(row.network));
        if (!text.empty()) return text;
        return key.followed_by ? "given up" : "none";
    }

    static void print(Output& out, const KeyStatuses& statuses, bool copies_known) {
        if (statuses.keys.empty()) {
            out.line("There are no keys in this home.");
        } else {
            Table table({{"ADDRESS"},
                         {"VALIDATOR", Column::Align::left, true},
                         {"SINCE (UTC)"},
                         {"AGE", Column::Align::right},
                         {"SOURCE"},
                         {"IN BACKUPS", Column::Align::right},
                         {"ROTATION"}});
            for (const KeyStatus& key : statuses.keys)
                table.row(
                    {base::printable(key.address), validator_text(key), key.since ? day(*key.since) : "",
                     key.since ? base::human_duration(static_cast<double>(statuses.now - *key.since) / 1000)
                               : "",
                     std::string(keys::source_name(key.source)),
                     !copies_known    ? Cell("?")
                     : key.copies > 0 ? Cell(base::format("{}", key.copies))
                                      : Cell("none", Style::yellow),
                     !key.due                ? Cell("")
                     : statuses.overdue(key) ? Cell("overdue since " + day(*key.due), Style::red)
                                             : Cell("due " + day(*key.due), Style::green)});
            out.table(table);
            out.line();
        }
        for (const KeyStatus& key : statuses.keys)
            if (!key.problem.empty())
                out.line("{}: {}", base::printable(key.address), base::printable(key.problem));
        for (const std::string& text : statuses.unknown) out.line("{}", text);
        const auto overdue =
            std::ranges::count_if(statuses.keys, [&](const KeyStatus& key) { return statuses.overdue(key); });
        if (overdue > 0)
            out.line("{} to be rotated: bt2c-dr keys rotate",
                     overdue == 1 ? std::string("1 key is") : base::format("{} keys are", overdue));
    }
};

}  // namespace

std::unique_ptr<Command> keys_status_command() {
    return std::make_unique<KeysStatusCommand>();
}

}  // namespace bt2c::cli
