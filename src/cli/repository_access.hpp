#pragma once
// How commands come to an open repository: where it is, and which secret opens it.

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "cli/context.hpp"
#include "repository/repository.hpp"

namespace bt2c::cli {

/// The repository that dr.toml names, opened with what the operator gave: BT2C_REPO_PASSWORD,
/// BT2C_REPO_PASSWORD_FILE, BT2C_REPO_PASSWORD_COMMAND, else HOME/config/repository.key, else a
/// hardware token (token_slot.hpp), else a prompt. What is typed or in a variable may be the password or the
/// 24-word recovery phrase. Throws Error: no_repository, wrong_secret, or failed.
repository::Repository open_repository(Context& context);

/// As open_repository() for a repository in any location, such as an exported file.
repository::Repository open_repository_at(Context& context, std::shared_ptr<storage::Location> location);

/// Tells on stderr of the backup that the newest one's number and time do not agree about, where there is
/// one.
void tell_doubt(Context& context, const repository::Manifest& latest, const repository::Manifest* doubt);
/// The same as one clause.
std::string doubt_text(const repository::Manifest& latest, const repository::Manifest& doubt);

/// As Repository::find(), but that "latest" throws Error(findings) when a newer one may be among manifests
/// that cannot be read, or as require_newest() does, and gives a note where numbers and times do not agree.
/// What is not found may be in a location that is left out: the error says so.
/// @param by_id the command that takes a backup by the id that is put behind it, for the hint
repository::Manifest find_backup(Context& context, const repository::Repository& repository,
                                 const std::string& name, const std::string& by_id);

/// As open_repository_at(), to make backups: where the environment holds no password,
/// HOME/config/repository.write-key comes first, with which backups are made and none is read; a key file
/// beside it gives a warning.
repository::Repository open_for_backup(Context& context, std::shared_ptr<storage::Location> location);

/// With HOME/config/repository.write-key, whatever else is at hand.
repository::Repository open_with_write_key(const config::Home& home,
                                           std::shared_ptr<storage::Location> location);

/// All locations that dr.toml names, as one; see locations.hpp.
std::shared_ptr<storage::Location> repository_location(Context& context);

/// A repository that was just made.
struct NewRepository {
    repository::Repository repository;
    std::string place;  ///< where it was made; other locations get it from there
    crypto::SecretBytes recovery_phrase;
    std::optional<std::string> key_file;  ///< the new key file, where no password was given
};
/// Makes the repository: with the password that the operator gave, else with `new_password`, else with a
/// new key file (or the one that is there). Throws Error when there is one already.
/// @param phrase the 32 bytes of a recovery phrase that was drawn before; empty: it is drawn now, after
/// begin_showing_phrase()
NewRepository make_repository(Context& context, std::optional<crypto::SecretBytes> new_password = {},
                              crypto::SecretBytes phrase = {});

/// Begins, with an empty line, what shows a phrase on stderr: before one is made that nobody could see.
/// Throws Error(failed) where nothing can be written there.
void begin_showing_phrase(Context& context);
/// Goes on with the recovery phrase and what to do with it, once.
void show_recovery_phrase(Context& context, const NewRepository& made);

/// What opens the repository without asking anybody: the environment, else Context::password(), else the key
/// file; nullopt: nothing.
std::optional<repository::Secret> secret_at_hand(Context& context);

/// The password or phrase from the environment; nullopt when none of the variables is set.
std::optional<crypto::SecretBytes> secret_from_environment();
/// Whether one of them is set; none is read.
bool secret_is_in_environment();

/// A password to be set: BT2C_REPO_NEW_PASSWORD, BT2C_REPO_NEW_PASSWORD_FILE, else a prompt, asked twice.
/// Throws Error(usage) when there is no terminal to ask on, or it is empty.
crypto::SecretBytes new_password();
/// Whether one of these two variables is set; none is read.
bool new_password_is_in_environment();

/// A new key in a new key file (mode 0600), durable. The file must not exist.
crypto::SecretBytes make_key_file(const std::filesystem::path& path);
/// The key in a file that exists.
repository::Secret read_key_file(const std::filesystem::path& path);

/// Shows 24 words on stderr, six to a line.
void show_words(Context& context, std::string_view phrase);

}  // namespace bt2c::cli
