#include "cli/phrase_confirmation.hpp"

#include "base/error.hpp"
#include "cli/repository_access.hpp"
#include "repository/key_slots.hpp"

namespace bt2c::cli {

using base::Error;
using base::ErrorKind;

namespace {

config::PhraseRecord record_now(const config::Home& home, const repository::ObjectId& repository,
                                const repository::ObjectId& slot) {
    config::PhraseRecord record{repository.hex(), slot.hex(), base::now_unix_ms()};
    config::store_phrase_record(home, record);
    return record;
}

}  // namespace

config::PhraseRecord confirm_phrase(Context& context, const repository::ObjectId& repository,
                                    const crypto::SecretBytes& phrase) {
    const repository::Secret secret = repository::Secret::from_text(phrase.text());
    if (secret.kind != repository::SlotKind::recovery_phrase)
        throw Error(ErrorKind::wrong_secret, "this is no recovery phrase")
            .cause("it is not 24 words of the list, or one of them is another or stands elsewhere")
            .state("nothing was noted")
            .hint("look at the paper again, word by word");
    const auto opened = repository::open_slots(*repository_location(context), repository, secret);
    if (!opened)
        throw Error(ErrorKind::wrong_secret, "the recovery phrase does not open this repository")
            .cause("it is a sound phrase, of another repository or removed from this one")
            .state("nothing was noted")
            .hint("a new one: bt2c-dr repository key add --recovery-phrase");
    return record_now(context.home(), repository, opened->id);
}

void note_phrase(const config::Home& home, const repository::ObjectId& repository,
                 const repository::ObjectId& slot) {
    record_now(home, repository, slot);
}

}  // namespace bt2c::cli
