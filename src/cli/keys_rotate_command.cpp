#include <algorithm>
#include <cstdlib>
#include <set>

#include "chaindb/sqlite/writers.hpp"
#include "cli/commands.hpp"
#include "cli/hidden_arguments.hpp"
#include "cli/new_phrase.hpp"
#include "cli/rotation_job.hpp"
#include "cli/safety_backup.hpp"
#include "cli/secret_input.hpp"
#include "cli/secret_prompt.hpp"
#include "cli/token_access.hpp"
#include "crypto/hash.hpp"
#include "keys/derive_key.hpp"
#include "keys/key_history.hpp"
#include "keys/phrase.hpp"
#include "keys/wallet_file.hpp"
#include "keys/wallet_store.hpp"

namespace bt2c::cli {
namespace {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorKind;
using base::Json;
using crypto::SecretBytes;

struct OldKey {
    keys::Signer signer;
    SecretBytes wallet_password;  ///< empty where it came from its phrase
};

class KeysRotateCommand final : public Command {
    About about() const override {
        return {
            .name = "keys rotate",
            .summary = "give a validator a new key, and keep its stake, status and place",
            .description =
                "Makes a new phrase and key, hands the phrase over, writes the new wallet file, and writes a "
                "rotation record that both keys sign. Then, after a safety backup, the validator's row, its "
                "places in the exit queue and open evidence against it get the new address in one "
                "transaction; "
                "all else of them stays. The table key_rotations keeps the record, and the files of config/ "
                "that name the old address name the new one.\n\n"
                "The node must be stopped. Other nodes of the network need the record too: copy the file and "
                "run "
                "there 'keys rotate --apply FILE'. A rotation that was cut off is ended in the same way.\n\n"
                "The old key comes out of its wallet file (password: BT2C_WALLET_PASSWORD, else "
                "--wallet-password-file, else asked for); with --seed-phrase out of its phrase; or with "
                "--token-key it stays in its token and signs there. The new wallet's password is "
                "BT2C_NEW_WALLET_PASSWORD, else that of --new-wallet-password-file, "
                "else "
                "the old wallet's; for a compromised key it has to be another.\n\n"
                "The new phrase is shown on the terminal, and some of its words are asked back; or it is "
                "written with --phrase-file, or split with --shares.\n\n"
                "--compromised is for a key that somebody else may have: the old address ends TOMBSTONED, "
                "and "
                "the record says so.",
            .examples = {{"bt2c-dr keys rotate", "rotate the key of this node's only validator"},
                         {"bt2c-dr keys rotate --compromised --reason 'laptop stolen'",
                          "give up a key that was stolen"},
                         {"bt2c-dr keys rotate --threshold 2 --shares 3 --output /media/usb",
                          "split the new phrase"},
                         {"bt2c-dr keys rotate --apply rotation.json", "on the other nodes"}},
            .exits = {ErrorKind::failed, ErrorKind::busy, ErrorKind::wrong_secret}};
    }

    void declare(Options& options) override {
        options.value(address_, "--address", "ADDRESS", "the validator's present address");
        options.flag(compromised_, "--compromised", "the old key may be in other hands: ban its address");
        options.value(reason_, "--reason", "TEXT", "why, for the record");
        options.value(phrase_, "--seed-phrase", "PHRASE", "the old key's phrase, '-' for standard input");
        options.flag(token_key_, "--token-key", "the old key is in a token");
        token_.declare(options);
        options.value(password_file_, "--wallet-password-file", "FILE", "the old wallet's password");
        options.value(new_password_file_, "--new-wallet-password-file", "FILE", "the new wallet's password");
        new_phrase_.declare(options);
        options.value(apply_, "--apply", "FILE", "apply a record that was made before, and nothing else");
    }

    Result run(Context& context) override {
        context.home();
        if (apply_) {
            const auto record = keys::read_rotation_record(*apply_);
            return done(record, apply_rotation(context, record, safety_repository_of(context)), *apply_,
                        std::nullopt);
        }
        if (compromised_ && reason_.empty())
            throw Error(ErrorKind::usage, "--compromised needs a --reason, which the record will keep");
        new_phrase_.check(context);
        chaindb::sqlite::require_unused(context.home().database(), "rotate the key");
        keys::RotationRecord record = plan(context);
        const auto safety = safety_repository_of(context);
        const OldKey old_key = unlock(context);
        const SecretBytes password = new_password(old_key);
        keys::check_wallet_password(password.view());

        const SecretBytes phrase = new_phrase_.make();
        const keys::RsaKey key = keys::derive_key(keys::seed_of_phrase(phrase.view()).view()).key;
        record.compromised = compromised_;
        record.reason = reason_;
        record.rotated_at = base::now_unix_ms();
        sign_rotation(record, old_key.signer, keys::signer_of(key));
        new_phrase_.hand_over(context, phrase);

        const fs::path folder = context.home().wallets();
        keys::store_wallet(folder, record.new_address(),
                           keys::wallet_text(key, phrase.view(), password.view(), record.rotated_at / 1000),
                           false);
        const fs::path file = keys::store_rotation_record(context.home(), record);
        const fs::path wallet = keys::wallet_path(folder, record.new_address());
        try {
            return done(record, apply_rotation(context, record, safety), file, wallet);
        } catch (Error& error) {
            error.hint(
                base::format("the new key and the record are made; when the cause is mended, end the "
                             "rotation with 'bt2c-dr keys rotate --apply {}'",
                             base::printable(file.native())));
            throw;
        }
    }

    /// The only address of a wallet here, or of a key that went into a token, that is a validator's.
    static std::string only_address(Context& context) {
        read_chain_state(context.home(), "",
                         "");  // that there is no database comes before which key is meant
        std::set<std::string> candidates;
        std::error_code error;
        for (const auto& entry : fs::directory_iterator(context.home().wallets(), error))
            if (entry.path().extension() == ".json") candidates.insert(entry.path().stem().native());
        for (const keys::KeyAct& act : keys::key_history(context.home()))
            if (act.kind == keys::KeyAct::Kind::in_token) candidates.insert(act.address);
        std::vector<std::string> found;
        for (const std::string& address : candidates) {
            if (!keys::is_address(address)) continue;
            const ChainState chain = read_chain_state(context.home(), address, "");
            if (std::ranges::any_of(chain.validators,
                                    [](const auto& row) { return row.status != "TOMBSTONED"; }))
                found.push_back(address);
        }
        if (found.size() == 1) return found[0];
        std::string names;
        for (const std::string& address : found) names += (names.empty() ? "" : ", ") + address;
        throw Error(ErrorKind::usage, "say which validator's key is to be rotated: --address ADDRESS")
            .cause(found.empty() ? "none of the keys here is that of a validator in the database"
                                 : "there are several: " + names)
            .state("nothing was changed");
    }

    /// What the record says of the chain; throws unless the validator can be rotated.
    keys::RotationRecord plan(Context& context) {
        if (address_.empty()) address_ = only_address(context);
        ChainState chain = read_chain_state(context.home(), address_, "");
        if (const auto network = context.network())
            std::erase_if(chain.validators, [&](const auto& row) { return row.network != *network; });
        for (const chaindb::KeyRotation& known : chain.rotations)
            if (known.old_address == address_ && chain.validators.empty())
                throw Error(ErrorKind::failed, base::format("the key of {} was rotated already", address_))
                    .cause(base::format("its validator goes on as {}", known.new_address))
                    .state("nothing was changed");
        if (chain.validators.empty())
            throw Error(ErrorKind::failed,
                        base::format("{} is no validator in this node's database", base::printable(address_)))
                .state("nothing was changed");
        if (chain.validators.size() > 1) {
            std::string names;
            for (const auto& row : chain.validators) names += (names.empty() ? "" : ", ") + row.network;
            throw Error(ErrorKind::usage, "the address is a validator on several networks")
                .cause(base::printable(names))
                .state("nothing was changed")
                .hint("name one with --network");
        }
        if (chain.validators[0].status == "TOMBSTONED")
            throw Error(ErrorKind::failed, base::format("the key of {} cannot be rotated", address_))
                .cause("its validator is TOMBSTONED: banned for ever")
                .state("nothing was changed");
        refuse_unfinished(context, chain);
        keys::RotationRecord record;
        record.network = chain.validators[0].network;
        record.genesis_hash = read_chain_state(context.home(), address_, record.network).genesis_hash;
        return record;
    }

    /// Two records of one key would be two truths, for other nodes may have the first one.
    void refuse_unfinished(Context& context, const ChainState& chain) const {
        for (const keys::StoredRotation& begun : unapplied_rotations(context.home(), chain.rotations))
            if (begun.record.old_address() == address_)
                throw Error(ErrorKind::failed, base::format("a rotation of {} was begun before", address_))
                    .cause(base::format("its record is {}", base::printable(begun.file.native())))
                    .state("nothing was changed")
                    .hint(base::format(
                        "end it with 'bt2c-dr keys rotate --apply {}', or remove that file first",
                        base::printable(begun.file.native())));
    }

    /// The old key signs where it is.
    OldKey unlock_token(Context& context) const {
        auto access = std::make_shared<token::Access>(token_.with_pin(context));
        const token::KeyInfo key =
            find_key(token::find_token(*access), address_,
                     [](const token::KeyInfo& info) { return info.signs == true && address_of(info); });
        require_address(address_of(key).value_or("no key of the chain"));
        return {{key.public_key,
                 [access, key](base::ByteView message) {
                     return token::sign(*access, key.public_key, crypto::sha256(message));
                 }},
                SecretBytes()};
    }

    OldKey unlock(Context& context) const {
        if (token_key_ && phrase_)
            throw Error(ErrorKind::usage,
                        "the old key is in a token or follows from a phrase: give one of "
                        "--token-key and --seed-phrase");
        if (token_key_) return unlock_token(context);
        if (phrase_) {
            const SecretBytes phrase =
                keys::clean_phrase(read_phrase(phrase_, "Phrase of the old key").text());
            const keys::RsaKey key = keys::derive_key(keys::seed_of_phrase(phrase.view()).view()).key;
            require_address(keys::address_of(keys::encode_public_key(key)));
            return {keys::signer_of(key), SecretBytes()};
        }
        const fs::path path = keys::wallet_path(context.home().wallets(), address_);
        const keys::WalletFile file = keys::WalletFile::read(path);
        SecretBytes password =
            wallet_password(password_file_, base::format("Password of the wallet of {}", address_), false);
        const keys::RsaKey key = file.open(password.view());
        require_address(file.address);
        return {keys::signer_of(key), std::move(password)};
    }

    void require_address(const std::string& found) const {
        if (found == address_) return;
        throw Error(ErrorKind::wrong_secret, "this is not the key of the validator")
            .cause(base::format("it is that of {}, not of {}", found, address_))
            .state("nothing was changed");
    }

    SecretBytes new_password(const OldKey& old_key) const {
        std::optional<SecretBytes> password;
        const char* given = std::getenv("BT2C_NEW_WALLET_PASSWORD");
        if (given && *given)
            password = SecretBytes::copy_of(base::as_bytes(given));
        else if (new_password_file_)
            password = read_secret_file(*new_password_file_);
        else if (!compromised_ && !old_key.wallet_password.empty())
            return old_key.wallet_password.copy();
        else
            password = ask_new_secret("Password for the new wallet file (12 characters or more)");
        if (!password)
            throw Error(ErrorKind::usage,
                        "no password for the new wallet was given, and there is no terminal")
                .state("nothing was changed")
                .hint("set BT2C_NEW_WALLET_PASSWORD, or name a file with --new-wallet-password-file");
        if (compromised_ && crypto::equal(password->view(), old_key.wallet_password.view()))
            throw Error(ErrorKind::usage,
                        "the new wallet needs another password than the compromised one had")
                .state("nothing was changed");
        return std::move(*password);
    }

    Result done(const keys::RotationRecord& record, const AppliedRotation& applied, const fs::path& file,
                const std::optional<fs::path>& wallet) const {
        const auto names = [](const auto& paths) {
            Json list = Json::array();
            for (const auto& path : paths) list.push(base::printable(fs::path(path).native()));
            return list;
        };
        const chaindb::ValidatorRow& row = applied.validator;
        Json document = Json::object(
            {{"old_address", record.old_address()},
             {"new_address", record.new_address()},
             {"network", record.network},
             {"validator", Json::object({{"status", row.status}, {"stake", row.stake}})},
             {"compromised", record.compromised},
             {"already_applied", applied.already},
             {"record_file", base::printable(file.native())},
             {"wallet_file", wallet ? Json(base::printable(wallet->native())) : Json()},
             {"phrase_files", names(new_phrase_.files())},
             {"safety_backup", applied.safety_backup.empty() ? Json() : Json(applied.safety_backup)},
             {"unstake_requests", applied.changes.unstake_requests},
             {"open_evidence", applied.changes.open_evidence},
             {"config_changed", names(applied.config.changed)},
             {"old_address_left_in", names(applied.config.left)}});
        return {.document = std::move(document),
                .print = [=, this](Output& out) { print(out, record, applied, file, wallet); }};
    }

    void print(Output& out, const keys::RotationRecord& record, const AppliedRotation& applied,
               const fs::path& file, const std::optional<fs::path>& wallet) const {
        const chaindb::ValidatorRow& row = applied.validator;
        if (applied.already)
            out.line("The database knew this rotation already; nothing was changed in it.");
        else
            out.line("The validator goes on with a new key.");
        std::vector<std::pair<std::string, Cell>> fields{
            {"old address", record.old_address()},
            {"new address", Cell(record.new_address(), Style::bold)},
            {"validator",
             base::format("{} on {}, stake {}", base::printable(row.status), base::printable(row.network),
                          row.stake ? base::format("{}", *row.stake) : "none")}};
        if (wallet) fields.push_back({"wallet file", base::printable(wallet->native())});
        fields.push_back({"record", base::printable(file.native())});
        out.fields(fields);
        for (const std::string& name : new_phrase_.files())
            out.line("  the new phrase or a share of it: {}", name);
        for (const fs::path& path : applied.config.changed)
            out.line("  names the new address now: {}", base::printable(path.native()));
        for (const fs::path& path : applied.config.left)
            out.line("  still names the old address: {}", base::printable(path.native()));
        if (record.compromised)
            out.line("The old address is TOMBSTONED. Move its coins away with the old wallet, now.");
        else
            out.line("Coins at the old address stay there; keep its wallet until they are moved.");
        if (!applied.safety_backup.empty() && !record.compromised)
            out.line("{}", way_back(applied.safety_backup));
        else if (!applied.safety_backup.empty())
            out.line(
                "The state before is kept ({}); in it the old key is still the validator's.",
                base::printable(applied.safety_backup.substr(0, applied.safety_backup[0] == '/' ? 4096 : 8)));
        out.line("Give the record to the other nodes: bt2c-dr keys rotate --apply {}",
                 base::printable(file.filename().native()));
        out.line("Then back up: backups of before hold the old key.");
    }

    std::string address_, reason_;
    bool compromised_ = false, token_key_ = false;
    TokenOptions token_;
    std::optional<std::string> phrase_;
    std::optional<fs::path> password_file_, new_password_file_, apply_;
    NewPhrase new_phrase_;
};

}  // namespace

std::unique_ptr<Command> keys_rotate_command() {
    return std::make_unique<KeysRotateCommand>();
}

}  // namespace bt2c::cli
