#pragma once
// Which of several locations belong to one repository, by what each says of itself.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/error.hpp"

namespace bt2c::cli {

/// A location, and its object `format`.
struct Applicant {
    std::string name;
    std::optional<base::Bytes> format;  ///< nothing where it has none or is away
    bool is_away = false;
    bool held_before = false;   ///< it had the repository when it was last used at that place
    std::string held_id;        ///< the repository's id then; empty where that was not noted
    bool may_be_empty = false;  ///< though it held the repository
    std::function<bool()> has_backups;
    std::string if_emptied = {};  ///< as Location::if_emptied()
    /// Of a folder that is on a disk of the system now, and was on another when it held the repository: the
    /// file that says so.
    std::string note_of_other_disk = {};
};

struct Admission {
    bool has_repository = false;
    std::optional<base::Error> refusal;
    bool is_strange = false;  ///< it is of another repository: it can have nothing of ours
};

/// An object `format` for each; in what order they are given decides only between repositories that as many
/// held before, and as many name. Those that are away are not refused.
std::vector<Admission> admit(const std::vector<Applicant>& applicants);

/// The repository's id in an object `format`; nothing where it is damaged.
std::optional<std::string> repository_id_in(const std::optional<base::Bytes>& format);

}  // namespace bt2c::cli
