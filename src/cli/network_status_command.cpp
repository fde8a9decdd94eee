#include "base/text.hpp"
#include "base/time.hpp"
#include "chaindb/sqlite/live_database.hpp"
#include "cli/commands.hpp"
#include "cli/network_target.hpp"
#include "config/emergency_policy.hpp"
#include "keys/signing_state.hpp"

namespace bt2c::cli {
namespace {

using base::Error;
using base::ErrorKind;
using base::Json;
using chaindb::PauseState;

class NetworkStatusCommand final : public Command {
    About about() const override {
        return {.name = "network status",
                .summary = "show whether the network is paused, since when, by whom, and what may sign here",
                .description =
                    "Reads the node's database and home without disturbing a node that runs, and without any "
                    "other "
                    "machine. A pause that does not hold (the guard gone, a validator awake, saved states "
                    "changed) "
                    "is a finding.",
                .examples = {{"bt2c-dr network status", "is it paused?"},
                             {"bt2c-dr --json network status", "the same for programs"}},
                .exits = {ErrorKind::failed, ErrorKind::findings},
                .if_it_fails = "nothing was changed"};
    }

    Result run(Context& context) override {
        const config::Home& home = context.home();
        if (!std::filesystem::exists(home.database()))
            throw Error(ErrorKind::failed, "there is no chain database in this home")
                .cause(base::format("{} is not there", base::printable(home.database().native())));
        const auto live = chaindb::sqlite::LiveDatabase::open(home.database());
        live->begin_pass(chaindb::sqlite::Hold::whole);
        auto database = chaindb::sqlite::Connection::open_image(live->image());
        database.query_integer("SELECT count(*) FROM sqlite_master");
        const std::string network = chosen_network(context, database);
        const auto state = std::make_shared<PauseState>(chaindb::read_pause_state(database, network));
        live->end_pass();
        const auto lock = keys::signing_lock(home);
        std::vector<std::string> problems = pause_problems(*state);
        try {
            config::load_emergency_policy(home);
        } catch (const Error& error) {
            problems.push_back("no order can be obeyed here: " + error.in_full());
        }
        const keys::Watermarks watermarks = keys::all_watermarks(home);
        for (const std::string& damaged : watermarks.damaged) problems.push_back(damaged);

        Json document = network_document(network, *state, 0, this_node(*state));
        document.set("guarded", state->guarded);
        document.set("saved_validators", state->saved_validators);
        document.set("active_validators", state->active_validators);
        document.set("validators", state->validators);
        document.set("signing_locked", lock.has_value());
        document.set("signing_lock_reason", lock ? Json(lock->reason) : Json());
        Json marks = Json::array();
        std::string marks_text;
        for (const keys::Watermark& mark : watermarks.marks) {
            if (mark.identity.network != network) continue;
            marks.push(Json::object({{"address", mark.identity.address}, {"height", mark.height}}));
            marks_text += base::format("{}{} above height {}", marks_text.empty() ? "" : ", ",
                                       base::printable(mark.identity.address), mark.height);
        }
        document.set("watermarks", std::move(marks));
        Json list = Json::array();
        for (const std::string& problem : problems) list.push(problem);
        document.set("problems", std::move(list));
        return {.document = std::move(document),
                .print = [=](Output& out) { print(out, network, *state, lock, marks_text, problems); },
                .outcome = problems.empty() ? std::nullopt : std::optional(ErrorKind::findings)};
    }

    static void print(Output& out, const std::string& network, const PauseState& state,
                      const std::optional<keys::SigningLock>& lock, const std::string& watermarks,
                      const std::vector<std::string>& problems) {
        const auto time = [](double seconds) {
            return base::format_utc(static_cast<base::UnixMs>(seconds) * 1000);
        };
        std::vector<std::pair<std::string, Cell>> fields;
        out.line("Network {} is {}.", base::printable(network),
                 state.paused ? out.styled(Style::yellow, "PAUSED") : out.styled(Style::green, "ACTIVE"));
        if (state.paused) {
            fields.emplace_back("since", time(state.since));
            fields.emplace_back("until", state.until ? time(*state.until) : "it is resumed");
            fields.emplace_back("reason",
                                state.reason.empty() ? "none given" : base::printable(state.reason));
            if (state.recorded) fields.emplace_back("ordered by", base::printable(state.authority));
        }
        fields.emplace_back("last order", state.sequence == 0 ? "none"
                                                              : base::format("{}, {}", state.sequence,
                                                                             base::printable(state.action)));
        fields.emplace_back("chain", tip_text(state));
        fields.emplace_back(
            "validators",
            base::format("{} of {} are ACTIVE{}", state.active_validators, state.validators,
                         state.recorded ? base::format("; {} saved", state.saved_validators) : ""));
        fields.emplace_back("new blocks", state.guarded ? "refused by the database" : "taken");
        fields.emplace_back(
            "signing", lock ? Cell(base::format("locked: {}", base::printable(lock->reason)), Style::yellow)
                            : Cell("not locked"));
        if (!watermarks.empty()) fields.emplace_back("signs", watermarks);
        out.fields(fields);
        for (const std::string& problem : problems)
            out.line("{}: {}", out.styled(Style::red, "problem"), problem);
    }
};

}  // namespace

std::unique_ptr<Command> network_status_command() {
    return std::make_unique<NetworkStatusCommand>();
}

}  // namespace bt2c::cli
