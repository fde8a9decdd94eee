#pragma once
// That somebody has a repository's recovery phrase on paper: HOME/config/recovery-phrase-confirmed.json.

#include <optional>
#include <string>

#include "base/time.hpp"
#include "config/home.hpp"

namespace bt2c::config {

/// Says which phrase by the id of its key slot, which stands in the clear in the repository; nothing of the
/// phrase itself. Backups hold it as any file of config/, so a restored home knows it too; it says nothing of
/// another repository, or of a phrase that was removed.
struct PhraseRecord {
    std::string repository;  ///< its id, hex
    std::string slot;        ///< the phrase's key slot, hex
    base::UnixMs confirmed_at = 0;
};

fs::path phrase_record_file(const Home& home);
/// Nothing where there is none. Throws Error(failed) for one that is damaged.
std::optional<PhraseRecord> load_phrase_record(const Home& home);
/// Durable; the file belongs to the owner of the home.
void store_phrase_record(const Home& home, const PhraseRecord& record);

}  // namespace bt2c::config
