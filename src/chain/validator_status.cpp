#include "chain/validator_status.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace bt2c::chain {
namespace {

constexpr std::array<std::string_view, 5> names = {"ACTIVE", "INACTIVE", "JAILED", "TOMBSTONED", "UNSTAKING"};

std::string in_lower_case(std::string_view text) {
    std::string lower(text);
    std::transform(lower.begin(), lower.end(), lower.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return lower;
}

}  // namespace

std::optional<ValidatorStatus> parse_validator_status(std::string_view text) {
    for (std::size_t i = 0; i < names.size(); ++i)
        if (text == names[i] || text == in_lower_case(names[i])) return static_cast<ValidatorStatus>(i);
    return std::nullopt;
}

std::string_view status_name(ValidatorStatus status) {
    return names[static_cast<std::size_t>(status)];
}

bool is_open_unstake_request(std::string_view status) {
    const std::string lower = in_lower_case(status.substr(0, 16));
    return lower == "pending" || lower == "processing";
}

}  // namespace bt2c::chain
