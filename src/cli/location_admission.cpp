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

/// As much of two ids as tells them apart.
std::pair<std::string, std::string> apart(const std::string& one, const std::string& other) {
    const std::size_t brief = one.substr(0, 8) == other.substr(0, 8) ? std::string::npos : 8;
    return {one.substr(0, brief), other.substr(0, brief)};
}

/// A page of whoever stands in between, such as the login of a guest network.
bool is_web_page(const base::Bytes& contents) {
    const std::string_view text = base::as_text(contents);
    const std::size_t begin = text.find_first_not_of(" \r\n\t");
    return begin != std::string_view::npos && text[begin] == '<';
}

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
    if (!one.note_of_other_disk.empty())
        return Error(
                   ErrorKind::failed,
                   "its disk is not mounted: its folder is on a disk of the system itself, and was not when "
                   "it held the repository")
            .cause(format("mount it; if the copies are to lie here from now on, remove {}, and then "
                          "'bt2c-dr location sync {}' fills it",
                          base::printable(one.note_of_other_disk), one.name));
    if (one.has_backups())
        return Error(ErrorKind::failed, "its object 'format' is missing, though it has backups")
            .cause(format("'bt2c-dr location sync {}' brings it back", one.name));
    return Error(ErrorKind::failed, "it is empty, and held the repository before")
        .cause(format("{} Otherwise 'bt2c-dr location sync {}' fills it again", one.if_emptied, one.name));
}

Error of_another(const Applicant& one, const std::string& its_id, const std::string& id,
                 const std::string& speaker) {
    const auto [brief_its, brief_ours] = apart(its_id, id);
    if (one.held_before && !repository::has_check(*one.format))
        return Error(
                   ErrorKind::failed,
                   format("its object 'format' names another repository ({}) than that of location '{}' ({})",
                          brief_its, speaker, brief_ours))
            .cause(format("if it is damaged, 'bt2c-dr repository check --repair --location {}' mends it",
                          one.name));
    return Error(ErrorKind::failed, format("it holds another repository ({}) than location '{}' ({})",
                                           brief_its, speaker, brief_ours))
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

namespace {

/// A disk that is not mounted has no backups, and by the note of this home they are this repository's: what
/// is missing is brought back as in any location that lacks something.
bool lost_format_alone(const Applicant& one, const std::string& id) {
    return !one.format && !id.empty() && one.held_id == id && one.note_of_other_disk.empty() &&
           one.has_backups();
}

}  // namespace

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
        } else if (one.format && !its_id && is_web_page(*one.format)) {
            admission.refusal =
                Error(ErrorKind::failed, "it answers with a web page where the object 'format' should be")
                    .cause("is there a login of the network, or a proxy, on the way?");
        } else if (one.format && !its_id && speaker) {
            admission.refusal =
                Error(ErrorKind::failed, "its object 'format' is damaged")
                    .cause(format("'bt2c-dr repository check --repair --location {}' mends it", one.name));
        } else if (lost_format_alone(one, id)) {
            admission.has_repository = true;
        } else if (!one.format && one.held_before && (!one.may_be_empty || !one.note_of_other_disk.empty())) {
            admission.refusal = without_format(one);
        }
    }
    return admissions;
}

}  // namespace bt2c::cli
