// The repository, what opens it, and the phrase on paper.

#include <algorithm>

#include "base/error.hpp"
#include "base/text.hpp"
#include "cli/init_guide.hpp"
#include "cli/locations.hpp"
#include "cli/new_phrase.hpp"
#include "cli/phrase_confirmation.hpp"
#include "cli/repository_access.hpp"
#include "cli/secret_input.hpp"
#include "cli/secret_prompt.hpp"
#include "config/phrase_record.hpp"
#include "crypto/mnemonic.hpp"
#include "platform/file.hpp"
#include "repository/key_slots.hpp"

namespace bt2c::cli {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorKind;
using base::format;
using base::printable;
using crypto::SecretBytes;
using repository::Repository;
using repository::Secret;
using repository::SlotKind;

namespace {

constexpr int attempts = 3;
constexpr std::size_t phrase_bytes = 32;

std::vector<repository::SlotInfo> phrases_of(storage::Location& location) {
    repository::SlotList list = repository::list_slots(location);
    std::erase_if(list.slots, [](const auto& slot) { return slot.kind != SlotKind::recovery_phrase; });
    if (list.slots.empty()) repository::require_all_read(list.unread);
    return std::move(list.slots);
}

/// A phrase in a file, made now or by a run that was cut off before it had made the repository.
SecretBytes phrase_in_file(const fs::path& path) {
    if (fs::exists(fs::symlink_status(path))) {
        Secret present = Secret::from_text(read_secret_file(path).text());
        if (present.kind != SlotKind::recovery_phrase)
            throw Error(ErrorKind::failed,
                        format("{} exists, and holds no recovery phrase", printable(path.native())))
                .state("no repository was made")
                .hint("name another file");
        return std::move(present.bytes);
    }
    SecretBytes entropy = SecretBytes::random(phrase_bytes);
    platform::DurableFile file(path, 0600);
    file.append(base::as_bytes(crypto::mnemonic_from_entropy(entropy.view()).text()));
    file.append(base::as_bytes("\n"));
    if (!file.commit(platform::DurableFile::Existing::refuse))
        throw Error(ErrorKind::failed, format("{} exists by now", printable(path.native())));
    return entropy;
}

}  // namespace

void InitGuide::settle_repository() {
    Context in = context();
    if (Repository::exists(*repository_location(in)))
        open_present_repository(in);
    else if (fs::exists(in.home().write_key_file()))
        Repository::read_id(*repository_location(in));  // made elsewhere; this says that it is missing
    else {
        in.locations().require_never_held();
        make_new_repository(in);
    }
}

void InitGuide::make_new_repository(Context& in) {
    const fs::path key_file = in.home().key_file();
    const bool given = secret_is_in_environment();
    if (given) {
        say("The repository is to open with the password that the environment gives.");
    } else if (asks_ && !wishes_.password && !fs::exists(key_file)) {
        say("Backups are sealed. A key file (config/repository.key) opens them unattended, as jobs need it;\n"
            "a password is for those who run backups by hand, or hand it over in BT2C_REPO_PASSWORD_FILE.");
        wishes_.password = ask("Key file or password", "file", [](const std::string& text) {
                               if (text != "file" && text != "password")
                                   throw Error(ErrorKind::usage, "please answer file or password");
                           }) == "password";
    }
    for (int left = attempts; wishes_.password && !given && !password_;) try {
            password_ = new_password();
        } catch (const Error& error) {
            if (error.kind() == ErrorKind::interrupted || !asks_ || --left == 0) throw;
            complain(error);
        }

    SecretBytes entropy =
        wishes_.phrase_file ? phrase_in_file(*wishes_.phrase_file) : SecretBytes::random(phrase_bytes);
    const bool asked_back = asks_ && !wishes_.phrase_file;
    // Nothing depends on the words yet: whoever stops here gets others next time.
    if (asked_back) show_until_on_paper(in, crypto::mnemonic_from_entropy(entropy.view()));
    if (!asked_back && !wishes_.phrase_file) begin_showing_phrase(in);
    const NewRepository made =
        make_repository(in, password_ ? std::optional(password_->copy()) : std::nullopt, std::move(entropy));
    const repository::ObjectId id = made.repository.id();
    if (asked_back) {
        confirm_phrase(in, id, made.recovery_phrase);
    } else if (!wishes_.phrase_file) {
        show_recovery_phrase(in, made);
    }
    done("repository", "done",
         format("repository {} opens with {}", id.hex().substr(0, 8),
                made.key_file ? "the key file " + printable(*made.key_file) : std::string("the password")));
    share(in, made.repository);
    if (asked_back)
        done("recovery phrase", "done", "shown, and words of it asked back");
    else
        done("recovery phrase", "left",
             (wishes_.phrase_file
                  ? "it is in " + printable(wishes_.phrase_file->native()) + ": carry it away; then "
                  : std::string("write it down; then ")) +
                 "bt2c-dr repository key confirm");
}

void InitGuide::show_until_on_paper(Context& in, const SecretBytes& phrase) const {
    for (int round = 0; round < attempts; ++round) {
        say("\nThis recovery phrase opens the backups when this machine and its keys are gone:\n");
        show_words(in, phrase.text());
        say("\n" + console_.err.styled(Style::bold, "Write these 24 words down, on paper, now.") +
            " They are not shown again later.\nKeep the paper away from this machine. Some words are asked "
            "back:");
        if (is_on_paper(console_.err, phrase.text())) return;
    }
    throw Error(ErrorKind::failed, "the recovery phrase was not written down")
        .cause("words of it were asked back, and the answers were others")
        .state("no repository was made; the words shown are worth nothing")
        .hint("run the command again: it goes on here, with other words");
}

void InitGuide::share(Context& in, const Repository& repository) {
    for (const LocationOutcome& outcome : in.locations().share_basics(repository)) {
        if (outcome.status == "ok") continue;
        partial_ = true;
        done("location " + outcome.name, "left",
             outcome.status == "double"
                 ? outcome.error
                 : "it has nothing yet: " + outcome.error + "; 'bt2c-dr location sync' brings it up to date");
    }
}

/// A script must not take what is there for what it asked for.
void InitGuide::require_as_wished(storage::Location& whole) const {
    const auto [slots, damaged, unread] = repository::list_slots(whole);
    if (wishes_.password &&
        std::ranges::find(slots, SlotKind::password, &repository::SlotInfo::kind) == slots.end()) {
        repository::require_all_read(unread);
        throw Error(ErrorKind::failed,
                    "cannot make a repository that opens with a password: one is there, and opens otherwise")
            .state("it is as it was")
            .hint("leave out --password; to add one: bt2c-dr repository key add --password");
    }
    if (wishes_.phrase_file && !fs::exists(fs::symlink_status(*wishes_.phrase_file)))
        throw Error(ErrorKind::failed, format("cannot write the recovery phrase into {}",
                                              printable(wishes_.phrase_file->native())))
            .cause("the repository is there already, and its words were told when it was made")
            .state("it is as it was")
            .hint(
                "the same bt2c-dr init without --phrase-file goes on from here; for other words: bt2c-dr "
                "repository key add --recovery-phrase");
}

void InitGuide::open_present_repository(Context& in) {
    const std::shared_ptr<storage::Location> whole = repository_location(in);
    require_as_wished(*whole);
    const repository::ObjectId id = Repository::read_id(*whole);
    if (fs::exists(in.home().write_key_file()) && !secret_is_in_environment()) {
        const Repository repository = open_for_backup(in, whole);
        done("repository", "already",
             format("repository {} takes this node's backups", id.hex().substr(0, 8)));
        return;
    }
    const bool at_hand = secret_is_in_environment() || fs::exists(in.home().key_file());
    // An earlier run of the same script has made it with that one.
    if (!at_hand && wishes_.password && new_password_is_in_environment()) password_ = new_password();
    std::optional<Repository> repository;
    for (int left = attempts; !repository;) try {
            if (!at_hand && !password_ && asks_ && in.settings().token_module.empty())
                password_ = ask_secret("Password or recovery phrase of the repository");
            in.use_password(password_ ? std::optional(password_->copy()) : std::nullopt);
            repository.emplace(open_repository(in));
        } catch (const Error& error) {
            if (error.kind() != ErrorKind::wrong_secret || !asks_ || at_hand || --left == 0) throw;
            password_.reset();
            complain(error);
        }
    done("repository", "already", format("repository {} is there and opens", id.hex().substr(0, 8)));
    share(in, *repository);
    settle_phrase(in, *repository);
}

void InitGuide::settle_phrase(Context& in, const Repository& repository) {
    const std::string id = repository.id().hex();
    const auto phrases = phrases_of(repository.location());
    std::optional<config::PhraseRecord> record;
    try {
        record = config::load_phrase_record(in.home());
    } catch (const Error& error) {
        say("note: " + error.message());
    }
    if (record && record->repository == id &&
        std::ranges::any_of(phrases, [&](const auto& slot) { return slot.id.hex() == record->slot; }))
        return done("recovery phrase", "already",
                    "confirmed on " + base::format_utc(record->confirmed_at).substr(0, 10));
    if (!asks_) return done("recovery phrase", "left", "not confirmed: bt2c-dr repository key confirm");
    if (!phrases.empty() && ask_yes("Have you the repository's 24 words on paper", true)) {
        for (int left = attempts; left > 0; --left) try {
                const auto typed = ask_secret("The 24 words");
                if (!typed) throw Error(ErrorKind::failed, "the terminal to ask on is gone");
                confirm_phrase(in, repository.id(), *typed);
                return done("recovery phrase", "done", "it opens the repository");
            } catch (const Error& error) {
                if (error.kind() != ErrorKind::wrong_secret) throw;
                complain(error);
            }
    }
    if (!ask_yes("Make new words now", true))
        return done("recovery phrase", "left", "not confirmed: bt2c-dr repository key confirm");
    make_new_phrase(in, repository);
}

void InitGuide::make_new_phrase(Context& in, const Repository& repository) {
    SecretBytes entropy = SecretBytes::random(phrase_bytes);
    show_until_on_paper(in, crypto::mnemonic_from_entropy(entropy.view()));
    const auto slot =
        repository::add_slot(*in.locations().first().location, repository.id(), repository.keys().master(),
                             {SlotKind::recovery_phrase, std::move(entropy)}, "recovery phrase");
    note_phrase(in.home(), repository.id(), slot.id);
    share(in, repository);
    done("recovery phrase", "done", "new words were shown, and some of them asked back");
    say("The old words still open the repository; 'bt2c-dr repository key list' and 'key remove' end that.");
}

}  // namespace bt2c::cli
