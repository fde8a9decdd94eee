#include "verify/finding_book.hpp"

namespace bt2c::verify {

void FindingBook::keep(Entry& entry, Place place, Finding finding) {
    entry.kept.emplace(place, std::move(finding));
    if (entry.kept.size() > examples_max_) entry.kept.erase(std::prev(entry.kept.end()));
}

void FindingBook::merge(FindingBook&& other) {
    for (std::size_t i = 0; i < entries_.size(); ++i) {
        entries_[i].count += other.entries_[i].count;
        for (auto& [place, finding] : other.entries_[i].kept)
            if (wanted(entries_[i], place)) keep(entries_[i], place, std::move(finding));
        other.entries_[i] = {};
    }
}

std::vector<Finding> FindingBook::take(Check check) {
    std::vector<Finding> findings;
    for (auto& [place, finding] : entries_[static_cast<std::size_t>(check)].kept)
        findings.push_back(std::move(finding));
    return findings;
}

}  // namespace bt2c::verify
