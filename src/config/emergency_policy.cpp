#include "config/emergency_policy.hpp"

#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <system_error>

#include "base/error.hpp"
#include "base/text.hpp"
#include "config/toml_value.hpp"
#include "crypto/base64.hpp"
#include "crypto/ed25519.hpp"
#include "crypto/hash.hpp"
#include "platform/file.hpp"

namespace bt2c::config {
namespace {

using base::Error;
using base::ErrorKind;
using base::format;
using base::printable;

constexpr std::uint64_t policy_size_max = 256 << 10;
constexpr std::size_t members_max = 100;
constexpr std::size_t name_bytes_max = 64;
constexpr std::array<std::string_view, 3> action_names{"pause", "resume", "unlock"};

/// Where a value stands, for messages.
struct Place {
    const fs::path& file;
    std::string key;
    std::uint32_t line;

    Error error(const std::string& what) const {
        return Error(ErrorKind::usage,
                     format("cannot use {} line {}: {}", printable(file.native()), line, what));
    }
};

Place place_of(const fs::path& file, std::string key, const toml::node& value) {
    return {file, std::move(key), value.source().begin.line};
}

struct Number {
    std::string name;
    int EmergencyPolicy::*target;
    int least, most;
};
const std::vector<Number>& numbers() {
    static const std::vector<Number> known{
        {"pause_threshold", &EmergencyPolicy::pause_threshold, 1, 32},
        {"resume_threshold", &EmergencyPolicy::resume_threshold, 1, 32},
        {"unlock_threshold", &EmergencyPolicy::unlock_threshold, 0, 32},
        {"longest_pause_hours", &EmergencyPolicy::longest_pause_hours, 1, 8760},
        {"order_valid_minutes", &EmergencyPolicy::order_valid_minutes, 1, 10080},
        {"clock_tolerance_seconds", &EmergencyPolicy::clock_tolerance_seconds, 0, 3600},
        {"resume_stake_percent", &EmergencyPolicy::resume_stake_percent, 51, 100},
    };
    return known;
}

std::string text_of(const toml::node& value, const Place& place) {
    const auto text = value.value_exact<std::string>();
    if (!text || text->empty()) throw place.error(format("'{}' must be a text in quotes", place.key));
    return *text;
}

std::string name_of(const toml::node& value, const Place& place) {
    std::string name = text_of(value, place);
    if (!is_emergency_name(name))
        throw place.error(
            format("'{}' must be 1 to {} letters, digits, '-', '_' or '.'", place.key, name_bytes_max));
    return name;
}

int integer_of(const toml::node& value, const Place& place, int least, int most) {
    const auto number = value.value_exact<std::int64_t>();
    if (!number || *number < least || *number > most)
        throw place.error(format("'{}' must be a whole number, {} to {}", place.key, least, most));
    return static_cast<int>(*number);
}

Error unknown_key(const Place& place, const std::vector<std::string>& known) {
    Error error = place.error(format("there is no key '{}'", printable(place.key)));
    const std::string nearest = base::nearest_word(place.key, known);
    if (!nearest.empty()) return std::move(error).hint(format("did you mean '{}'?", nearest));
    std::string list;
    for (const std::string& name : known) list += (list.empty() ? "" : ", ") + name;
    return std::move(error).hint(format("the keys are: {}", list));
}

std::vector<EmergencyAction> actions_of(const toml::node& value, const Place& place) {
    const toml::array* list = value.as_array();
    std::vector<EmergencyAction> actions;
    for (std::size_t i = 0; list && i < list->size(); ++i) {
        const auto action = parse_action(list->get(i)->value_exact<std::string>().value_or(""));
        if (!action) {
            actions.clear();
            break;
        }
        actions.push_back(*action);
    }
    if (actions.empty())
        throw place.error(
            format("'{}' must list one or more of \"pause\", \"resume\", \"unlock\"", place.key));
    return actions;
}

base::Bytes public_key_of(const toml::node& value, const Place& place) {
    auto key = crypto::from_base64(text_of(value, place));
    if (!key || key->size() != crypto::ed25519_public_bytes)
        throw place.error(format("'{}' must be an Ed25519 public key: 32 bytes in base64", place.key))
            .hint("'bt2c-dr network signer create NAME' prints the member's lines for this file");
    return std::move(*key);
}

EmergencyMember member_of(const toml::table& table, const fs::path& file) {
    EmergencyMember member;
    for (const auto& [key, value] : table) {
        const Place place{file, std::string(key.str()), key.source().begin.line};
        if (place.key == "name")
            member.name = name_of(value, place);
        else if (place.key == "public_key")
            member.public_key = public_key_of(value, place);
        else if (place.key == "may")
            member.actions = actions_of(value, place);
        else if (place.key == "pauses_per_30_days")
            member.pauses_per_30_days = integer_of(value, place, 0, 1000);
        else
            throw unknown_key(place, {"name", "public_key", "may", "pauses_per_30_days"});
    }
    const Place place = place_of(file, "member", table);
    if (member.name.empty()) throw place.error("a [[member]] has no 'name'");
    if (member.public_key.empty()) throw place.error(format("member '{}' has no 'public_key'", member.name));
    if (member.actions.empty()) throw place.error(format("member '{}' has no 'may'", member.name));
    return member;
}

void add_members(EmergencyPolicy& policy, const toml::node& value, const Place& place) {
    const toml::array* list = value.as_array();
    if (!list || !list->is_array_of_tables()) throw place.error("'member' must be tables: [[member]]");
    if (list->size() > members_max) throw place.error(format("there are more than {} members", members_max));
    for (const toml::node& element : *list) {
        EmergencyMember member = member_of(*element.as_table(), place.file);
        for (const EmergencyMember& other : policy.members) {
            if (other.name == member.name)
                throw place_of(place.file, "member", element)
                    .error(format("there are two members called '{}'", member.name));
            if (other.public_key == member.public_key)
                throw place_of(place.file, "member", element)
                    .error(format("'{}' has the same key as '{}'", member.name, other.name));
        }
        policy.members.push_back(std::move(member));
    }
}

void apply(EmergencyPolicy& policy, const toml::table& table, const fs::path& file) {
    for (const auto& [key, value] : table) {
        const Place place{file, std::string(key.str()), key.source().begin.line};
        const auto number = std::ranges::find(numbers(), place.key, &Number::name);
        if (place.key == "network") {
            policy.network = name_of(value, place);
        } else if (place.key == "member") {
            add_members(policy, value, place);
        } else if (number != numbers().end()) {
            policy.*number->target = integer_of(value, place, number->least, number->most);
        } else {
            std::vector<std::string> known{"network", "member"};
            for (const Number& other : numbers()) known.push_back(other.name);
            throw unknown_key(place, known);
        }
    }
}

/// Rules that no set of signatures could meet would be found out in an emergency only.
void require_sound(const EmergencyPolicy& policy, const fs::path& file) {
    const auto error = [&](const std::string& what) {
        return Error(ErrorKind::usage, format("cannot use {}: {}", printable(file.native()), what));
    };
    if (policy.network.empty()) throw error("it does not name its 'network'");
    if (policy.members.empty()) throw error("it has no [[member]]");
    for (const auto action : {EmergencyAction::pause, EmergencyAction::resume, EmergencyAction::unlock}) {
        const auto able =
            std::ranges::count_if(policy.members, [&](const auto& member) { return member.may(action); });
        if (policy.threshold(action) > able)
            throw error(format("{}_threshold is {}, but only {} may {}", action_name(action),
                               policy.threshold(action), able == 1 ? "1 member" : format("{} members", able),
                               action_name(action)));
    }
    if (policy.resume_threshold < policy.pause_threshold)
        throw error("resume_threshold must not be lower than pause_threshold")
            .cause("it also extends a pause, which must not be easier than to begin one");
}

}  // namespace

std::string_view action_name(EmergencyAction action) {
    return action_names[static_cast<std::size_t>(action)];
}

std::optional<EmergencyAction> parse_action(std::string_view name) {
    const auto found = std::ranges::find(action_names, name);
    if (found == action_names.end()) return std::nullopt;
    return static_cast<EmergencyAction>(found - action_names.begin());
}

bool is_emergency_name(std::string_view name) {
    const auto plain = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    };
    return !name.empty() && name.size() <= name_bytes_max && plain(name.front()) &&
           std::ranges::all_of(name, [&](char c) { return plain(c) || c == '-' || c == '_' || c == '.'; });
}

bool EmergencyMember::may(EmergencyAction action) const {
    return std::ranges::find(actions, action) != actions.end();
}

const EmergencyMember* EmergencyPolicy::find(std::string_view name) const {
    const auto found = std::ranges::find(members, name, &EmergencyMember::name);
    return found == members.end() ? nullptr : &*found;
}

int EmergencyPolicy::threshold(EmergencyAction action) const {
    switch (action) {
        case EmergencyAction::pause: return pause_threshold;
        case EmergencyAction::resume: return resume_threshold;
        default: return unlock_threshold;
    }
}

fs::path emergency_policy_file(const Home& home) {
    return home.config() / "emergency-policy.toml";
}

EmergencyPolicy parse_emergency_policy(std::string_view text, const fs::path& name) {
    EmergencyPolicy policy;
    try {
        apply(policy, toml::parse(text), name);
    } catch (const toml::parse_error& error) {
        throw Error(ErrorKind::usage, format("cannot use {} line {}: it is not TOML",
                                             printable(name.native()), error.source().begin.line))
            .cause(printable(error.description()))
            .hint(no_toml_hint);
    }
    require_sound(policy, name);
    policy.digest = base::to_hex(crypto::sha256(base::as_bytes(text)));
    return policy;
}

std::optional<EmergencyPolicy> load_emergency_policy(const Home& home) {
    const fs::path file = emergency_policy_file(home);
    std::error_code error;
    const fs::file_status status = fs::status(file, error);
    if (status.type() == fs::file_type::not_found) return std::nullopt;
    if (!error && (status.permissions() & fs::perms::others_write) != fs::perms::none)
        throw Error(ErrorKind::usage, format("cannot use {}: anybody may write it", printable(file.native())))
            .hint("look at what it says, then take that right away: chmod o-w");
    return parse_emergency_policy(base::as_text(platform::read_file(file, policy_size_max)), file);
}

}  // namespace bt2c::config
