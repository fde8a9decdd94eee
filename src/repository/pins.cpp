#include "repository/pins.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace bt2c::repository {

using base::Error;
using base::ErrorKind;
using base::Json;

std::map<std::string, Pin> read_pins(const Repository& repository) {
    std::map<std::string, Pin> pins;
    for (const storage::ObjectInfo& object : repository.location().list("pins")) {
        const auto id = ObjectId::try_parse(leaf_of(object.name));
        // One that cannot be read just now may be what keeps a backup: that is no time to go on.
        const auto json = id ? repository.sound_small(ObjectType::pin, *id, true) : std::nullopt;
        if (!json) continue;
        try {
            const Pin pin{json->bool_at("pinned"), json->unsigned_at("number"),
                          base::parse_utc(json->string_at("at")).value_or(0), json->string_at("reason")};
            Pin& last = pins[json->string_at("backup")];
            // Of two with one number, made at once in two places, the one that keeps counts.
            if (pin.number > last.number || (pin.number == last.number && pin.pinned)) last = pin;
        } catch (const Error&) {
            // Of another form than ours: 'repository check' names it.
        }
    }
    return pins;
}

bool set_pin(const Repository& repository, const ObjectId& backup, bool pinned, const std::string& reason) {
    BT2C_ASSERT(reason.size() <= pin_reason_bytes_max);
    repository.keys().require_reader();
    const auto pins = read_pins(repository);
    const auto before = pins.find(backup.hex());
    const bool is_pinned = before != pins.end() && before->second.pinned;
    const bool is_reason_new = pinned && !reason.empty() && is_pinned && reason != before->second.reason;
    if (is_pinned == pinned && !is_reason_new) return false;
    const std::uint64_t number = before == pins.end() ? 1 : before->second.number + 1;
    const auto add = [&](bool state, std::uint64_t its_number) {
        if (!repository.store_small(repository.location(), ObjectType::pin, ObjectId::random(),
                                    Json::object({{"backup", backup.hex()},
                                                  {"pinned", state},
                                                  {"number", its_number},
                                                  {"at", base::format_utc(base::now_unix_ms())},
                                                  {"reason", reason}})))
            throw Error(ErrorKind::failed, "cannot store a pin: its name is taken");
    };
    const auto refusal = [&] {
        return Error(ErrorKind::failed,
                     base::format("cannot pin backup {}: a prune has retired it", backup.brief()))
            .state("it is not pinned");
    };
    // One that is pinned already stays so, whatever mark an earlier plan of a prune just made: that looks for
    // pins.
    if (is_pinned) {
        add(pinned, number);
        return true;
    }
    if (pinned && repository.is_retired(backup)) throw refusal();
    add(pinned, number);
    // A prune looks for pins after it has written its marks, and this for marks after the pin: one of them
    // sees the other.
    if (pinned && repository.is_retired(backup)) {
        add(false, number + 1);
        throw refusal();
    }
    return true;
}

}  // namespace bt2c::repository
