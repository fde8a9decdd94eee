#include <algorithm>

#include "base/parallel.hpp"
#include "base/time.hpp"
#include "cli/commands.hpp"
#include "cli/expected_key.hpp"
#include "cli/repository_access.hpp"
#include "cli/secret_input.hpp"
#include "cli/tombstoned.hpp"
#include "crypto/base64.hpp"
#include "keys/identity.hpp"
#include "keys/key_history.hpp"
#include "keys/phrase.hpp"
#include "keys/phrase_search.hpp"
#include "keys/wallet_store.hpp"

namespace bt2c::cli {
namespace {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorKind;
using base::Json;
using crypto::SecretBytes;
using keys::Variant;

/// A phrase as it was typed, and as it is hashed.
struct Phrase {
    SecretBytes typed;
    SecretBytes hashed;
};

using Found = keys::PhraseSearch::Found;

/// A search that may take longer has to be asked for.
constexpr double patience_s = 600;

struct Recovered {
    keys::RsaKey key;
    base::Bytes public_key;
    std::string address;
    std::vector<chaindb::ValidatorRow> validators;
    std::vector<std::string> warnings;
    std::string correction;  ///< what was wrong with the phrase, when it had to be searched for
};

Json validator_document(const chaindb::ValidatorRow& row) {
    return Json::object({{"status", row.status}, {"stake", row.stake}, {"network", row.network}});
}

class RecoverKeysCommand final : public Command {
    About about() const override {
        return {
            .name = "recover-keys",
            .summary = "bring back a validator's key from its seed phrase",
            .description =
                "Derives from the phrase the very RSA key that the chain's own tools derive, and writes the "
                "wallet "
                "file HOME/wallets/ADDRESS.json in their format.\n\n"
                "The phrase is asked for on the terminal, or read from standard input with '--seed-phrase "
                "-'. On "
                "the command line every user of the machine can read it, and the shell keeps it in its "
                "history.\n\n"
                "When it is known which key it should be (--expect-address, --expect-wallet, "
                "--expect-public-key), a damaged phrase is searched for: '?' for words that cannot be read, "
                "misspelt words, two words swapped, one wrong, one missing, one too many.\n\n"
                "With --check nothing is written: does this phrase give this key, yes or no.\n\n"
                "The wallet's password is taken from BT2C_WALLET_PASSWORD, else from --wallet-password-file, "
                "else asked for.\n\n"
                "Keys of wallets of the oldest kind, files without a version, do not follow from their "
                "phrase: "
                "only the file and its password bring those back.",
            .examples = {{"bt2c-dr recover-keys", "ask for the phrase, write the wallet file"},
                         {"bt2c-dr recover-keys --check --expect-wallet HOME/wallets/bt2c_….json",
                          "rehearse: is the phrase on this paper that wallet's?"},
                         {"bt2c-dr recover-keys --seed-phrase - --raw-phrase < phrase.txt",
                          "a phrase that was mistyped when the wallet was made"}},
            .exits = {ErrorKind::failed, ErrorKind::findings, ErrorKind::wrong_secret}};
    }

    void declare(Options& options) override {
        options.value(phrase_, "--seed-phrase", "PHRASE",
                      "the phrase, or '-' to read it from standard input");
        options.paths(shares_, "--shares", "FILES",
                      "shares of the phrase in its place: files with one share to a line, or '-'");
        options.value(passphrase_file_, "--passphrase-file", "FILE",
                      "the shares' passphrase, in the first line");
        options.flag(raw_, "--raw-phrase", "take the text as it is: no list of words, no checksum");
        expected_key_.declare(options);
        options.flag(patient_, "--patient", "search for a damaged phrase however long it takes");
        options.value(start_at_, "--start-at", "N", "go on with a search that was interrupted");
        options.flag(show_phrase_, "--show-phrase", "show the phrase that was found, on the terminal");
        options.flag(check_, "--check", "write nothing: tell whether the phrase gives the expected key");
        options.choice(variant_, "--variant", {"current", "3.9"},
                       "which PyCryptodome made the key: 3.9 for 3.6.5 to 3.9.9");
        options.value(password_file_, "--wallet-password-file", "FILE",
                      "the new wallet's password, in the first line");
        options.flag(force_, "--force", "replace a wallet that is there, and keep a copy of it");
        options.value(reason_, "--reason", "TEXT", "why a tombstoned key is brought back; with --force");
    }

    Result run(Context& context) override {
        if (check_ && !expected_key_.given())
            throw Error(ErrorKind::usage, "--check needs to know what to check against")
                .hint("name it with --expect-address, --expect-wallet or --expect-public-key");
        const auto expected = expected_key_.identity();
        const fs::path folder = context.home_unchecked().wallets();
        if (expected && !check_) keys::check_no_wallet(folder, expected->address, force_);
        SecretBytes typed = read_phrase(context);
        const Variant variant = variant_ == "3.9" ? Variant::older_3_9 : Variant::current;
        if (check_) return checked(as_typed(std::move(typed)), *expected, variant);

        const bool searchable = expected && !raw_;
        if (!searchable) as_typed(typed.copy());  // a slip of the hand is told before a password is asked for
        const SecretBytes password =
            wallet_password(password_file_, "Password for the wallet file (12 characters or more)", true);
        keys::check_wallet_password(password.view());
        std::optional<Found> found;
        if (searchable) found = search(context, typed, *expected, variant);
        const Phrase phrase =
            found ? Phrase{found->phrase.copy(), found->phrase.copy()} : as_typed(std::move(typed));
        Recovered recovered = recover(context, phrase, expected, variant);
        if (found) recovered.correction = found->what;
        keys::check_no_wallet(folder, recovered.address, force_);
        refuse_tombstoned(recovered.validators, recovered.address, force_, reason_);
        const std::string text = keys::wallet_text(recovered.key, phrase.typed.view(), password.view(),
                                                   base::now_unix_ms() / 1000);
        const auto kept = keys::store_wallet(folder, recovered.address, text, force_);
        keys::remember_act(context.home_unchecked(),
                           {base::now_unix_ms(), keys::KeyAct::Kind::recovered, recovered.address, reason_});
        return written(recovered, keys::wallet_path(folder, recovered.address), kept);
    }

    SecretBytes read_phrase(Context& context) const {
        warn_of_secret_argument(context);
        if (!shares_.empty() && (phrase_ || raw_))
            throw Error(ErrorKind::usage, "--shares takes the place of a phrase: give one of them");
        if (!shares_.empty()) return combined_phrase(shares_, passphrase_file_);
        return cli::read_phrase(phrase_, "Seed phrase");
    }

    Phrase as_typed(SecretBytes typed) const {
        if (raw_) {
            if (typed.empty()) throw Error(ErrorKind::failed, "the phrase is empty");
            SecretBytes hashed = keys::normalised(typed.text());
            return {std::move(typed), std::move(hashed)};
        }
        SecretBytes clean = keys::clean_phrase(typed.text());
        SecretBytes hashed = clean.copy();
        return {std::move(clean), std::move(hashed)};
    }

    /// Looks for the phrase that a damaged one was. Nothing when it is not damaged; throws
    /// Error(wrong_secret) when none of the usual mistakes explains it.
    std::optional<Found> search(Context& context, const SecretBytes& typed, const keys::KeyIdentity& expected,
                                Variant variant) const {
        try {
            const Phrase phrase = as_typed(typed.copy());
            if (start_at_ == 0 &&
                (gives(phrase, expected, variant) || gives(phrase, expected, other_than(variant))))
                return std::nullopt;
        } catch (const Error&) {
            // What is wrong with it is what the search is for.
        }
        const keys::PhraseSearch search(typed.text(), expected, variant);
        const unsigned threads = base::worker_count();
        const double expected_s = search.expected_seconds(threads);
        if (expected_s > patience_s && !patient_)
            throw Error(ErrorKind::failed, base::format("a search for the phrase would take up to {}",
                                                        base::human_duration(expected_s)))
                .cause(base::format("{} phrases are possible", base::human_count(search.total())))
                .state("nothing was written")
                .hint(
                    expected.phrase_digest
                        ? "--patient searches all the same"
                        : "with the wallet file at hand (--expect-wallet) it is thousands of times as fast; "
                          "--patient searches all the same");
        context.progress().note(
            base::format("the phrase is damaged; {} phrases that it may have been are tried, in "
                         "up to {}",
                         base::human_count(search.total()), base::human_duration(expected_s)));
        auto found = search.run(threads, start_at_, context.progress());
        if (!found)
            throw Error(ErrorKind::wrong_secret, "no phrase was found that gives the expected key")
                .cause(base::format("{} were tried: words unknown, swapped, missing, too many, or one wrong",
                                    base::human_count(search.total())))
                .state("nothing was written")
                .hint(
                    "put '?' for each word that is in doubt; and mind that the keys of wallet files without "
                    "a "
                    "version never followed from their phrase");
        if (show_phrase_) show(context, *found);
        return found;
    }

    static void show(Context& context, const Found& found) {
        if (!context.console().err.is_terminal())
            throw Error(ErrorKind::usage, "the phrase is shown on a terminal only");
        show_words(context, found.phrase.text());
    }

    static Error other_key(const std::string& found, const keys::KeyIdentity& expected,
                           bool other_variant_fits, Variant variant) {
        Error error(ErrorKind::wrong_secret, "the phrase gives another key than the one expected");
        error.state("nothing was written");
        if (other_variant_fits)
            return error.cause("the expected key was made by another version of the chain's libraries")
                .hint(base::format("run the same command with '--variant {}'",
                                   variant == Variant::current ? "3.9" : "current"));
        return error.cause(base::format("it gives {}, expected is {}", found, expected.address))
            .hint(
                "look for a word that was written down wrong; and mind that the keys of wallet files without "
                "a "
                "version never followed from their phrase: only file and password bring those back");
    }

    Result checked(const Phrase& phrase, const keys::KeyIdentity& expected, Variant variant) const {
        const keys::DerivedKey derived =
            keys::derive_key(keys::seed_of_phrase(phrase.hashed.view()).view(), variant);
        const base::Bytes public_key = keys::encode_public_key(derived.key);
        const std::string address = keys::address_of(public_key);
        const bool matches = address == expected.address;
        Json document = Json::object({{"matches", matches},
                                      {"address", address},
                                      {"expected", expected.address},
                                      {"public_key", crypto::to_base64(public_key)},
                                      {"wallet_file", nullptr}});
        const bool other_fits = !matches && gives(phrase, expected, other_than(variant));
        if (other_fits) document.set("variant", variant == Variant::current ? "3.9" : "current");
        const std::string hint = other_key(address, expected, other_fits, variant).hint();
        return {.document = std::move(document),
                .print =
                    [=, wanted = expected.address](Output& out) {
                        if (matches) {
                            out.line("Yes: the phrase gives the key of {}.", wanted);
                            return;
                        }
                        out.line("No: the phrase does not give the key of {}.", wanted);
                        out.line("It gives {}.", address);
                        out.line("hint: {}", hint);
                    },
                .outcome = matches ? std::nullopt : std::optional(ErrorKind::findings)};
    }

    static Variant other_than(Variant variant) {
        return variant == Variant::current ? Variant::older_3_9 : Variant::current;
    }

    /// Whatever hash the wallet file has: the phrase may have been typed in upper case when it was made.
    static bool gives(const Phrase& phrase, const keys::KeyIdentity& expected, Variant variant) {
        keys::KeyIdentity key = expected;
        key.phrase_digest.reset();
        return keys::matching_key(phrase.hashed.view(), key, variant).has_value();
    }

    static Recovered recover(Context& context, const Phrase& phrase,
                             const std::optional<keys::KeyIdentity>& expected, Variant variant) {
        Recovered recovered;
        recovered.key = keys::derive_key(keys::seed_of_phrase(phrase.hashed.view()).view(), variant).key;
        recovered.public_key = keys::encode_public_key(recovered.key);
        recovered.address = keys::address_of(recovered.public_key);
        if (expected && recovered.address != expected->address)
            throw other_key(recovered.address, *expected, gives(phrase, *expected, other_than(variant)),
                            variant);
        recovered.validators = validators_of(context, recovered.address, recovered.warnings);
        for (std::string& warning : warnings_of(recovered.validators))
            recovered.warnings.push_back(std::move(warning));
        if (recovered.validators.empty() && recovered.warnings.empty() && !expected)
            recovered.warnings.push_back(
                "the address is no validator in this node's database: if it should be one, the phrase may be "
                "another");
        return recovered;
    }

    static Result written(const Recovered& recovered, const fs::path& path,
                          const std::optional<fs::path>& kept) {
        Json validators = Json::array();
        for (const chaindb::ValidatorRow& row : recovered.validators)
            validators.push(validator_document(row));
        Json warnings = Json::array();
        for (const std::string& warning : recovered.warnings) warnings.push(warning);
        Json document = Json::object(
            {{"address", recovered.address},
             {"public_key", crypto::to_base64(recovered.public_key)},
             {"wallet_file", base::printable(path.native())},
             {"kept", kept ? Json(base::printable(kept->native())) : Json()},
             {"validator",
              recovered.validators.size() == 1 ? validator_document(recovered.validators[0]) : Json()},
             {"validators", std::move(validators)},
             {"corrected", recovered.correction.empty() ? Json() : Json(recovered.correction)},
             {"warnings", std::move(warnings)}});
        return {.document = std::move(document),
                .print = [address = recovered.address, path, kept, rows = recovered.validators,
                          notes = recovered.warnings, correction = recovered.correction](Output& out) {
                    out.line("The key of {} is recovered.", out.styled(Style::bold, address));
                    std::vector<std::pair<std::string, Cell>> fields{
                        {"wallet file", base::printable(path.native())}};
                    if (!correction.empty()) fields.push_back({"the mistake", correction});
                    if (kept) fields.push_back({"the one before", base::printable(kept->native())});
                    for (const chaindb::ValidatorRow& row : rows)
                        fields.push_back(
                            {"validator", base::format("{} on {}, stake {}", base::printable(row.status),
                                                       base::printable(row.network),
                                                       row.stake ? base::format("{}", *row.stake) : "none")});
                    out.fields(fields);
                    for (const std::string& note : notes) out.line("warning: {}", note);
                }};
    }

    std::optional<std::string> phrase_;
    ExpectedKey expected_key_;
    std::string variant_ = "current", reason_;
    std::vector<fs::path> shares_;
    std::optional<fs::path> password_file_, passphrase_file_;
    std::uint64_t start_at_ = 0;
    bool raw_ = false, check_ = false, force_ = false, patient_ = false, show_phrase_ = false;
};

}  // namespace

std::unique_ptr<Command> recover_keys_command() {
    return std::make_unique<RecoverKeysCommand>();
}

}  // namespace bt2c::cli
