#include "chaindb/compare_validators.hpp"

#include <map>
#include <utility>

#include "base/text.hpp"
#include "chaindb/validator_facts.hpp"

namespace bt2c::chaindb {

using base::format;
using base::printable;

namespace {

constexpr std::string_view banned = "TOMBSTONED";

/// Network and address.
using Place = std::pair<std::string, std::string>;

std::string validator_name(const Place& place) {
    return format("validator {} of {}", printable(place.second), printable(place.first));
}

class ValidatorComparison {
 public:
    ValidatorComparison(const DatabaseFacts& before, const DatabaseFacts& after,
                        const std::set<std::string>& grown)
        : before_(before), after_(after), grown_(grown) {}

    void rotations(const std::function<bool(const KeyRotation&)>& is_signed) {
        for (const KeyRotation& lost : rotations_beyond(after_.rotations, before_.rotations))
            add(true, format("{} rotated its key to {}, and table key_rotations has forgotten it",
                             validator_name({lost.network, lost.old_address}), printable(lost.new_address)));
        for (const KeyRotation& rotation : rotations_beyond(before_.rotations, after_.rotations)) {
            const std::string text = format("{} rotated its key to {}", validator_name(old_of(rotation)),
                                            printable(rotation.new_address));
            if (!is_signed(rotation)) {
                add(true,
                    format("{}, as table key_rotations has it, without the signatures of both keys", text));
                continue;
            }
            add(false, text);
            rotated_[old_of(rotation)] = rotation;
        }
    }

    void validators() {
        if (before_.validators_digest == after_.validators_digest && rotated_.empty()) return;
        if (before_.validators.empty() || after_.validators.empty())
            return add(before_.validators_count > after_.validators_count,
                       format("the validators are not as they were: {}, {} before", after_.validators_count,
                              before_.validators_count));
        for (const ValidatorFacts& is : after_.validators) now_[{is.network, is.address}] = &is;
        for (const ValidatorFacts& was : before_.validators) compare(was);
        bans();
        for (const auto& [place, is] : now_)
            add(!grown_.contains(place.first), validator_name(place) + " is new");
    }

    std::vector<FactDifference> differences;

 private:
    void compare(const ValidatorFacts& was) {
        const Place place{was.network, was.address}, goes_on = was.status == banned ? place : newest(place);
        std::string name = validator_name(place);
        if (goes_on != place) name += format(", now {},", printable(goes_on.second));
        const auto found = now_.find(goes_on);
        if (found == now_.end()) return add(true, name + " is gone");
        const ValidatorFacts& is = *found->second;
        const bool is_unbanned = was.status == banned && is.status != banned;
        if (is.status != was.status || is.stake != was.stake)
            // Blocks change validators; nothing else should. No block lifts a ban.
            add(is_unbanned || !grown_.contains(was.network),
                format("{} is {} with a stake of {}, it was {} with {}", name, printable(is.status), is.stake,
                       printable(was.status), was.stake));
        now_.erase(found);
    }

    /// A stolen key leaves a row behind that bans it.
    void bans() {
        for (const auto& [place, rotation] : rotated_) {
            if (!rotation.compromised) continue;
            const auto found = now_.find(place);
            if (found == now_.end() || found->second->status != banned)
                add(true, validator_name(place) + " was given up as stolen, and is not banned");
            else if (found->second->stake == 0)
                now_.erase(found);
        }
    }

    Place newest(Place place) const {
        // A table made by hand may go round in circles.
        for (std::size_t step = 0; step < rotated_.size(); ++step) {
            const auto found = rotated_.find(place);
            if (found == rotated_.end()) break;
            place.second = found->second.new_address;
        }
        return place;
    }

    static Place old_of(const KeyRotation& rotation) { return {rotation.network, rotation.old_address}; }
    void add(bool serious, std::string text) { differences.push_back({serious, std::move(text)}); }

    const DatabaseFacts& before_;
    const DatabaseFacts& after_;
    const std::set<std::string>& grown_;
    std::map<Place, KeyRotation> rotated_;        ///< since, by the address that was given up
    std::map<Place, const ValidatorFacts*> now_;  ///< that nothing was said of yet
};

}  // namespace

std::vector<FactDifference> compare_validators(const DatabaseFacts& before, const DatabaseFacts& after,
                                               const std::set<std::string>& grown,
                                               const std::function<bool(const KeyRotation&)>& is_signed) {
    ValidatorComparison comparison(before, after, grown);
    comparison.rotations(is_signed);
    comparison.validators();
    return std::move(comparison.differences);
}

}  // namespace bt2c::chaindb
