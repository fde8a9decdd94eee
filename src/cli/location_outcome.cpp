#include "cli/location_outcome.hpp"

#include <algorithm>

namespace bt2c::cli {

using base::Json;

void print_unreached(Output& out, const std::vector<LocationOutcome>& outcomes, std::string_view what) {
    for (const LocationOutcome& outcome : outcomes)
        if (outcome.status != "ok" && outcome.status != "double")
            out.line("{} location '{}' {}: {}", out.styled(Style::yellow, "warning:"), outcome.name, what,
                     outcome.error);
}

Json outcomes_document(const std::vector<LocationOutcome>& outcomes) {
    Json list = Json::array();
    for (const LocationOutcome& outcome : outcomes)
        list.push(Json::object({{"name", outcome.name},
                                {"status", outcome.status},
                                {"error", outcome.error.empty() ? Json() : Json(outcome.error)}}));
    return list;
}

bool is_partial(const std::vector<LocationOutcome>& outcomes) {
    return std::ranges::any_of(outcomes, [](const auto& outcome) { return outcome.status != "ok"; });
}

}  // namespace bt2c::cli
