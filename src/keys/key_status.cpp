#include "keys/key_status.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <map>

#include "base/error.hpp"
#include "base/text.hpp"
#include "chaindb/key_rotations.hpp"
#include "keys/key_history.hpp"
#include "keys/wallet_file.hpp"

namespace bt2c::keys {

namespace fs = std::filesystem;
using base::UnixMs;

namespace {

constexpr std::array<std::string_view, 5> source_names{"rotation", "phrase", "wallet", "token", "unknown"};

void note_time(std::optional<UnixMs>& earliest, UnixMs time) {
    if (!earliest || time < *earliest) earliest = time;
}

/// "2025-04-06 00:00:00.000000", or with a 'T', or only a day: all of them UTC.
std::optional<UnixMs> time_of_row(std::string text) {
    if (text.size() == 10) text += "T00:00:00";
    if (text.size() < 19) return std::nullopt;
    text.resize(19);
    text[10] = 'T';
    return base::parse_utc(text + "Z");
}

KeyStatus status_of_wallet(const fs::path& file) {
    KeyStatus status;
    status.address = file.stem().native();
    try {
        const WalletFile wallet = WalletFile::read(file);
        status.address = wallet.address;
        status.source = wallet.versioned ? KeyStatus::Source::phrase : KeyStatus::Source::wallet;
        if (wallet.creation_time_s) status.since = *wallet.creation_time_s * 1000;
    } catch (const base::Error& error) {
        status.problem = error.in_full();
    }
    return status;
}

std::map<std::string, KeyStatus> keys_of_home(const config::Home& home) {
    std::map<std::string, KeyStatus> keys;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(home.wallets(), error)) {
        if (entry.path().extension() != ".json") continue;
        KeyStatus status = status_of_wallet(entry.path());
        keys.emplace(status.address, std::move(status));
    }
    if (error && error != std::errc::no_such_file_or_directory)
        throw base::system_error(base::format("cannot list {}", base::printable(home.wallets().native())),
                                 error.value());
    for (const KeyAct& act : key_history(home))
        if (act.kind == KeyAct::Kind::in_token && !keys.contains(act.address)) {
            KeyStatus& status = keys[act.address];
            status.address = act.address;
            status.source = KeyStatus::Source::token;
            status.since = act.at;
        }
    return keys;
}

void count_copies(KeyStatus& status, const std::vector<repository::Manifest>& backups) {
    const std::string path = "wallets/" + status.address + ".json";
    for (const repository::Manifest& backup : backups) {
        if (std::ranges::none_of(backup.files, [&](const auto& file) { return file.path == path; })) continue;
        ++status.copies;
        if (!status.newest_copy || backup.finished_at > *status.newest_copy)
            status.newest_copy = backup.finished_at;
        note_time(status.since, backup.finished_at);
    }
}

void look_up(KeyStatus& status, chaindb::sqlite::Connection& database,
             const std::vector<chaindb::KeyRotation>& rotations) {
    status.validators = chaindb::find_validators(database, status.address);
    if (const auto joined = chaindb::joined_at(database, status.address))
        if (const auto time = time_of_row(*joined)) note_time(status.since, *time);
    for (const chaindb::KeyRotation& rotation : rotations) {
        if (rotation.old_address == status.address) status.followed_by = rotation.new_address;
        if (rotation.new_address != status.address) continue;
        status.since = static_cast<UnixMs>(rotation.rotated_at * 1000);
        if (status.source == KeyStatus::Source::phrase) status.source = KeyStatus::Source::rotation;
    }
}

bool in_use(const KeyStatus& status, bool chain_known) {
    if (!chain_known) return true;  // better a reminder too many
    return std::ranges::any_of(status.validators, [](const auto& row) { return row.status != "TOMBSTONED"; });
}

}  // namespace

std::string_view source_name(KeyStatus::Source source) {
    return source_names[static_cast<std::size_t>(source)];
}

UnixMs months_after(UnixMs time, int months) {
    namespace chrono = std::chrono;
    const chrono::sys_time<chrono::milliseconds> at{chrono::milliseconds(time)};
    const auto day = chrono::floor<chrono::days>(at);
    chrono::year_month_day date = chrono::year_month_day(day) + chrono::months(months);
    if (!date.ok()) date = date.year() / date.month() / chrono::last;
    return (chrono::sys_days(date) + (at - day)).time_since_epoch().count();
}

std::vector<KeyStatus> key_status(const config::Home& home, const KeySurroundings& surroundings,
                                  int rotation_months) {
    std::vector<chaindb::KeyRotation> rotations;
    if (surroundings.database) rotations = chaindb::read_rotations(*surroundings.database);
    std::vector<KeyStatus> statuses;
    for (auto& [address, status] : keys_of_home(home)) {
        if (surroundings.backups) count_copies(status, *surroundings.backups);
        if (surroundings.database) look_up(status, *surroundings.database, rotations);
        const bool given_up = status.followed_by && status.validators.empty();
        if (status.since && !given_up && in_use(status, surroundings.database != nullptr))
            status.due = months_after(*status.since, rotation_months);
        statuses.push_back(std::move(status));
    }
    return statuses;
}

}  // namespace bt2c::keys
