#include "cli/location_admission.hpp"

#include <algorithm>
#include <map>

#include "base/text.hpp"
#include "repository/repository_format.hpp"

namespace bt2c::cli {

using base::Error;
using base::ErrorKind;
using base::format;

namespace {

/// What was in use before, and without that what most say: neither one object that is damaged nor two places
/// that another node took must make those of this node strangers.
const Applicant* speaker_of(const std::vector<Applicant>& applicants) {
    struct Votes {
        std::size_t held = 0, named = 0;
        auto operator<=>(const Votes&) const = default;
    };
    std::map<std::string, Votes> votes;
    for (const Applicant& one : applicants) {
        if (const auto id = repository_id_in(one.format)) ++votes[*id].named;
        if (one.held_before && !one.held_id.empty()) ++votes[one.held_id].held;
    }
    const Applicant* speaker = nullptr;
    Votes most;
    for (const Applicant& one : applicants)
        if (const auto id = repository_id_in(one.format); id && (!speaker || votes[*id] > most)) {
            speaker = &one;
            most = votes[*id];
        }
    return speaker;
}

Error without_format(const Applicant& one) {
    if (one.has_backups())
        return Error(ErrorKind::failed, "its object 'format' is missing, though it has backups")
            .cause(format("'bt2c-dr location sync {}' brings it back", one.name));
    return Error(ErrorKind::failed, "it is empty, and held the repository before")
        .cause(
            format("was a disk not mounted? Otherwise 'bt2c-dr location sync {}' fills it again", one.name));
}

Error of_another(const Applicant& one, const std::string& its_id, const std::string& id,
                 const std::string& speaker) {
    if (one.held_before)
        return Error(
                   ErrorKind::failed,
                   format("its object 'format' names another repository ({}) than that of location '{}' ({})",
                          its_id.substr(0, 8), speaker, id.substr(0, 8)))
            .cause(format("if it is damaged, 'bt2c-dr repository check --repair --location {}' mends it",
                          one.name));
    return Error(ErrorKind::failed, format("it holds another repository ({}) than location '{}' ({})",
                                           its_id.substr(0, 8), speaker, id.substr(0, 8)))
        .hint("give this node a place of its own there in dr.toml");
}

}  // namespace

std::optional<std::string> repository_id_in(const std::optional<base::Bytes>& format) {
    if (!format) return std::nullopt;
    try {
        return repository::parse_format(*format, "").id.hex();
    } catch (const Error&) {  // 'repository check' tells; what is sealed is checked anyway
        return std::nullopt;
    }
}

std::vector<Admission> admit(const std::vector<Applicant>& applicants) {
    const Applicant* const speaker = speaker_of(applicants);
    const std::string id = speaker ? repository_id_in(speaker->format).value_or("") : "";
    std::vector<Admission> admissions;
    for (const Applicant& one : applicants) {
        Admission& admission = admissions.emplace_back();
        admission.has_repository = one.format.has_value();
        if (one.is_away) continue;
        const auto its_id = repository_id_in(one.format);
        if (its_id && *its_id != id) {
            admission.refusal = of_another(one, *its_id, id, speaker->name);
            admission.is_strange = true;
            admission.has_repository = one.held_before;  // a check can look at it then, and mend it
        } else if (one.format && !its_id && speaker) {
            admission.refusal =
                Error(ErrorKind::failed, "its object 'format' is damaged")
                    .cause(format("'bt2c-dr repository check --repair --location {}' mends it", one.name));
        } else if (!one.format && one.held_before && !one.may_be_empty) {
            admission.refusal = without_format(one);
        }
    }
    return admissions;
}

}  // namespace bt2c::cli
