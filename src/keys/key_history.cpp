#include "keys/key_history.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "base/error.hpp"
#include "base/json.hpp"
#include "base/text.hpp"
#include "platform/file.hpp"

namespace bt2c::keys {

namespace fs = std::filesystem;
using base::Json;

namespace {

constexpr std::array<std::string_view, 4> kind_names{"recovered", "made", "given_up", "in_token"};
constexpr std::size_t history_bytes_max = 1 << 20;
constexpr unsigned history_mode = 0600;

fs::path history_file(const config::Home& home) {
    return home.keys() / key_history_name;
}

std::string read_text(const fs::path& file) {
    if (!fs::exists(file)) return {};
    return std::string(base::as_text(platform::read_file(file, 2 * history_bytes_max)));
}

std::optional<KeyAct> parse_act(std::string_view line) {
    try {
        const Json json = Json::parse(line);
        KeyAct act;
        act.at = base::parse_utc(json.string_at("at")).value_or(0);
        const auto kind = std::ranges::find(kind_names, json.string_at("act"));
        if (kind == kind_names.end()) return std::nullopt;
        act.kind = static_cast<KeyAct::Kind>(kind - kind_names.begin());
        act.address = json.string_at("address");
        act.reason = json.string_at("reason");
        return act;
    } catch (const base::Error&) {
        return std::nullopt;  // a line that somebody edited must not hide the others
    }
}

}  // namespace

std::string_view act_name(KeyAct::Kind kind) {
    return kind_names[static_cast<std::size_t>(kind)];
}

void remember_act(const config::Home& home, const KeyAct& act) {
    platform::durable_mkdir(home.keys(), 0700);
    const fs::path file = history_file(home);
    std::string text = read_text(file);
    if (!text.empty() && text.back() != '\n') text += '\n';
    text += Json::object({{"at", base::format_utc(act.at)},
                          {"act", act_name(act.kind)},
                          {"address", act.address},
                          {"reason", act.reason}})
                .dump() +
            "\n";
    while (text.size() > history_bytes_max) text.erase(0, text.find('\n') + 1);
    platform::DurableFile out(file, history_mode);
    out.append(base::as_bytes(text));
    platform::give_to_owner_of(home.keys(), out.fd());
    out.commit(platform::DurableFile::Existing::replace);
}

std::vector<KeyAct> key_history(const config::Home& home) {
    std::vector<KeyAct> acts;
    const std::string text = read_text(history_file(home));
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        if (auto act = parse_act(std::string_view(text).substr(at, end - at)))
            acts.push_back(std::move(*act));
        at = end + 1;
    }
    return acts;
}

}  // namespace bt2c::keys
