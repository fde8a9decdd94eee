#pragma once
// Whether somebody has the repository's recovery phrase on paper.

#include <optional>
#include <string>

#include "cli/context.hpp"
#include "config/phrase_record.hpp"
#include "crypto/secret.hpp"
#include "repository/format.hpp"

namespace bt2c::cli {

/// Opens the repository with the words of `phrase`, and notes in the home that they did. Throws
/// Error(wrong_secret) when they are no phrase, or none of this repository.
config::PhraseRecord confirm_phrase(Context& context, const repository::ObjectId& repository,
                                    const crypto::SecretBytes& phrase);

/// Notes it of a phrase whose words were asked back when it was shown.
void note_phrase(const config::Home& home, const repository::ObjectId& repository,
                 const repository::ObjectId& slot);

}  // namespace bt2c::cli
