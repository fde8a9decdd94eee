// The node: its home, settings, database, and whether it may sign.

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <optional>
#include <set>

#include "base/text.hpp"
#include "chaindb/chain_tables.hpp"
#include "chaindb/sqlite/live_database.hpp"
#include "cli/health_checks.hpp"
#include "cli/network_target.hpp"
#include "cli/scheduled_jobs.hpp"
#include "config/emergency_policy.hpp"
#include "config/job_record.hpp"
#include "config/node_config.hpp"
#include "keys/signing_state.hpp"
#include "platform/process.hpp"

namespace bt2c::cli {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorKind;
using base::printable;
using Status = HealthCheck::Status;

namespace {

/// Records, the lock of jobs and the local repository lie in its backups; folders there are made when needed.
HealthChecks check_home(Context& context) {
    const config::Home& home = context.home();
    fs::path folder = config::jobs_folder(home);
    while (folder != home.root && !is_there(folder)) folder = folder.parent_path();
    const int refusal = refusal_to_write(folder);
    if (refusal == 0) return {{"home", "", Status::ok, printable(home.root.native()), ""}};
    const Error error = base::system_error(
        base::format("no job can run: {} cannot be written to", printable(folder.native())), refusal);
    std::string mend = error.hint();
    if (refusal == EROFS)
        mend =
            "mount it for writing (mount -o remount,rw); if the kernel made it read-only the disk may be "
            "failing: dmesg tells";
    struct stat info {};
    if (refusal == EACCES && ::stat(folder.c_str(), &info) == 0)
        mend = base::format("it belongs to {}, mode {:o}: {}", printable(platform::user_name(info.st_uid)),
                            info.st_mode & 07777U, error.hint());
    return {{"home", "", Status::finding, error.in_full(), mend}};
}

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

/// Jobs and commands that are given it fail.
void check_named_network(const Context& context, const std::vector<chaindb::NetworkTip>& tips,
                         HealthChecks& checks) {
    const auto named = context.network();
    if (!named || tips.empty() ||
        std::ranges::find(tips, *named, &chaindb::NetworkTip::network) != tips.end())
        return;
    checks.push_back({"database", *named, Status::finding,
                      "it holds no block of this network, which --network names",
                      "name another network with --network, or leave it out"});
}

HealthChecks check_database(Context& context, std::chrono::milliseconds lock_patience) {
    const fs::path file = context.home().database();
    const std::string mend = "bt2c-dr restore --backup latest";
    if (is_keeper(context))
        return {
            {"database", "", Status::skipped,
             "this home has no chain: it keeps the key of a repository, whose backups are tested and pruned "
             "here (schedule.keeper in dr.toml)",
             ""}};
    if (!is_there(file))
        return {{"database", "", Status::finding, base::format("there is no {}", printable(file.native())),
                 mend}};
    HealthChecks checks;
    try {
        const auto live = chaindb::sqlite::LiveDatabase::open(
            file, {.patience_ms = static_cast<int>(lock_patience.count())});
        live->begin_pass(chaindb::sqlite::Hold::whole);
        auto database = chaindb::sqlite::Connection::open_image(live->image());
        const std::vector<chaindb::NetworkTip> tips = chaindb::network_tips(database);
        std::string text;
        for (const chaindb::NetworkTip& tip : tips)
            text += base::format("{}{} at height {}", text.empty() ? "" : ", ", printable(tip.network),
                                 tip.height);
        if (text.empty())
            checks.push_back({"database", "", Status::finding, "it holds no block of any network", mend});
        else
            checks.push_back({"database", "", Status::ok, text, ""});
        check_named_network(context, tips, checks);
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

HealthChecks check_node(Context& context, std::chrono::milliseconds lock_patience) {
    HealthChecks checks;
    const auto add = [&](const std::string& name, const std::function<HealthChecks()>& look) {
        for (HealthCheck& check : looked_at(name, look)) checks.push_back(std::move(check));
    };
    add("home", [&] { return check_home(context); });
    add("settings", [&] { return check_settings(context); });
    add("database", [&] { return check_database(context, lock_patience); });
    add("signing", [&] { return check_signing(context); });
    return checks;
}

}  // namespace bt2c::cli
