// The node: its home, settings, database, and whether it may sign.

#include <filesystem>
#include <optional>
#include <set>

#include "base/text.hpp"
#include "chaindb/chain_tables.hpp"
#include "chaindb/sqlite/live_database.hpp"
#include "cli/health_checks.hpp"
#include "cli/network_target.hpp"
#include "config/emergency_policy.hpp"
#include "config/node_config.hpp"
#include "keys/signing_state.hpp"

namespace bt2c::cli {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorKind;
using base::printable;
using Status = HealthCheck::Status;

namespace {

HealthChecks check_settings(Context& context) {
    HealthChecks checks;
    const auto read = [&](const std::string& file, const std::function<bool()>& load) {
        try {
            if (!load()) return;
            checks.push_back({"settings", file, Status::ok, "it can be read", ""});
        } catch (const Error& error) {
            if (error.kind() == ErrorKind::interrupted) throw;
            HealthCheck check = unknown_check("settings", error);
            check.subject = file;
            check.status = Status::finding;
            if (check.mend.empty()) check.mend = "mend the file";
            checks.push_back(std::move(check));
        }
    };
    const config::Home& home = context.home();
    read("dr.toml", [&] {
        context.settings();
        return true;
    });
    read("emergency-policy.toml", [&] {
        const bool there = is_there(config::emergency_policy_file(home));
        if (there) config::load_emergency_policy(home);
        return there;
    });
    read("node.toml", [&] {
        const bool there = is_there(config::node_config_file(home));
        if (there) config::load_node_config(home);
        return there;
    });
    return checks;
}

HealthChecks check_signing(Context& context) {
    const config::Home& home = context.home();
    HealthChecks checks;
    if (const auto lock = keys::signing_lock(home))
        checks.push_back({"signing", "", Status::finding,
                          base::format("signing is locked: {}", printable(lock->reason)),
                          "bt2c-dr network unlock-signing"});
    else
        checks.push_back({"signing", "", Status::ok, "signing is not locked", ""});
    for (const std::string& damaged : keys::all_watermarks(home).damaged)
        checks.push_back(
            {"signing", "watermark", Status::finding, printable(damaged), "bt2c-dr network unlock-signing"});
    return checks;
}

void check_network(chaindb::sqlite::Connection& database, const std::string& network, HealthChecks& checks) {
    const chaindb::PauseState state = chaindb::read_pause_state(database, network);
    const std::string resume = "bt2c-dr --network " + shell_word(network) + " network resume";
    for (const std::string& problem : pause_problems(state))
        checks.push_back({"network_pause", network, Status::finding, printable(problem), ""});
    if (state.paused)
        checks.push_back({"network_pause", network, Status::finding,
                          base::format("it is paused since {}{}", utc_text(state.since),
                                       state.reason.empty() ? "" : ": " + printable(state.reason)),
                          resume});
    else
        checks.push_back({"network_pause", network, Status::ok, "it is not paused", ""});
    const double newest_s = chaindb::newest_block_time_s(database, network);
    // Blocks of the other nodes came with it: their clocks have a say here.
    checks.push_back(clock_check("chain", "the newest block of " + printable(network),
                                 {static_cast<base::UnixMs>(newest_s * 1000)}, base::now_unix_ms()));
}

HealthChecks check_database(Context& context) {
    const fs::path file = context.home().database();
    const std::string mend = "bt2c-dr restore --backup latest";
    if (!is_there(file))
        return {{"database", "", Status::finding, base::format("there is no {}", printable(file.native())),
                 mend}};
    HealthChecks checks;
    try {
        const auto live = chaindb::sqlite::LiveDatabase::open(file);
        live->begin_pass(chaindb::sqlite::Hold::whole);
        auto database = chaindb::sqlite::Connection::open_image(live->image());
        std::string text;
        for (const chaindb::NetworkTip& tip : chaindb::network_tips(database))
            text += base::format("{}{} at height {}", text.empty() ? "" : ", ", printable(tip.network),
                                 tip.height);
        if (text.empty())
            checks.push_back({"database", "", Status::finding, "it holds no block of any network", mend});
        else
            checks.push_back({"database", "", Status::ok, text, ""});
        for (const std::string& network : networks_of(database)) check_network(database, network, checks);
        live->end_pass();
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::interrupted) throw;
        HealthCheck check = unknown_check("database", error);
        if (error.kind() != ErrorKind::busy) check.status = Status::finding;
        // Where the database's own words send to restore they cannot know which backup.
        if (check.mend.empty() || check.mend.find("bt2c-dr restore'") != std::string::npos) check.mend = mend;
        checks.push_back(std::move(check));
    }
    return checks;
}

}  // namespace

HealthChecks check_node(Context& context) {
    const config::Home& home = context.home();
    HealthChecks checks{{"home", "", Status::ok, printable(home.root.native()), ""}};
    const auto add = [&](const std::string& name, HealthChecks (*look)(Context&)) {
        for (HealthCheck& check : looked_at(name, [&] { return look(context); }))
            checks.push_back(std::move(check));
    };
    add("settings", check_settings);
    add("database", check_database);
    add("signing", check_signing);
    return checks;
}

}  // namespace bt2c::cli
