#include "cli/repository_access.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <utility>

#include "base/error.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "cli/latest_backup.hpp"
#include "cli/locations.hpp"
#include "cli/secret_input.hpp"
#include "cli/secret_prompt.hpp"
#include "cli/token_slot.hpp"
#include "crypto/mnemonic.hpp"
#include "platform/file.hpp"
#include "platform/process.hpp"
#include "repository/repository_format.hpp"

namespace bt2c::cli {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorKind;
using crypto::SecretBytes;
using repository::Repository;
using repository::Secret;

namespace {

constexpr std::uint64_t secret_bytes_max = 4096;
/// The password is its first line; notes may follow.
constexpr std::size_t command_output_bytes_max = 64 << 10;
/// Somebody may be asked for another password meanwhile.
constexpr int password_command_timeout_ms = 120'000;

const char* variable(const char* name) {
    const char* value = std::getenv(name);
    return value && *value ? value : nullptr;
}

/// Without the line end that editors and echo leave.
SecretBytes first_line(const SecretBytes& text) {
    std::size_t size = 0;
    while (size < text.size() && text.data()[size] != '\n' && text.data()[size] != '\r') ++size;
    return text.first(size);
}

SecretBytes secret_from_named_file(const char* name) {
    try {
        return read_secret_file(variable(name));
    } catch (Error& error) {
        error.state("nothing was read or changed")
            .hint(base::format(
                "{} must name a file that can be read and holds the password in its first line", name));
        throw;
    }
}

SecretBytes run_password_command(const char* command) {
    const auto failed = [](std::string cause) {
        return Error(ErrorKind::failed, "cannot get the password from BT2C_REPO_PASSWORD_COMMAND")
            .cause(std::move(cause))
            .hint("run the command by hand and see what it prints");
    };
    try {
        // A job that waited for ever would keep all others from running.
        auto ended = platform::run_and_capture({"/bin/sh", "-c", command}, command_output_bytes_max,
                                               password_command_timeout_ms);
        const SecretBytes text = SecretBytes::copy_of(ended.output);
        crypto::wipe(ended.output.data(), ended.output.size());
        if (ended.status != 0) throw failed(base::format("the command ended with status {}", ended.status));
        if (text.empty()) throw failed("the command printed nothing");
        return first_line(text);
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::interrupted || !error.hint().empty()) throw;
        throw failed(error.in_full());
    }
}

SecretBytes hex_line(const SecretBytes& key) {
    static constexpr char digits[] = "0123456789abcdef";
    SecretBytes line(key.size() * 2 + 1);
    for (std::size_t i = 0; i < key.size(); ++i) {
        line.data()[2 * i] = static_cast<std::uint8_t>(digits[key.data()[i] >> 4]);
        line.data()[2 * i + 1] = static_cast<std::uint8_t>(digits[key.data()[i] & 15]);
    }
    line.data()[key.size() * 2] = '\n';
    return line;
}

}  // namespace

std::optional<SecretBytes> secret_from_environment() {
    if (const char* password = variable("BT2C_REPO_PASSWORD"))
        return SecretBytes::copy_of(base::as_bytes(password));
    if (variable("BT2C_REPO_PASSWORD_FILE")) return secret_from_named_file("BT2C_REPO_PASSWORD_FILE");
    if (const char* command = variable("BT2C_REPO_PASSWORD_COMMAND")) return run_password_command(command);
    return std::nullopt;
}

bool secret_is_in_environment() {
    return variable("BT2C_REPO_PASSWORD") || variable("BT2C_REPO_PASSWORD_FILE") ||
           variable("BT2C_REPO_PASSWORD_COMMAND");
}

namespace {

void warn_of_readers(Context& context, const fs::path& secret_file) {
    constexpr fs::perms others = fs::perms::group_all | fs::perms::others_all;
    std::error_code error;
    const fs::perms mode = fs::status(secret_file, error).permissions() & fs::perms::mask;
    if (error || (mode & others) == fs::perms::none) return;
    context.progress().note(
        base::format("warning: others may use {0}, which is secret (mode {1:o}): chmod 600 {0}",
                     base::printable(secret_file.native()), static_cast<unsigned>(mode)));
}

}  // namespace

std::optional<Secret> secret_at_hand(Context& context) {
    if (auto given = secret_from_environment()) return Secret::from_text(given->text());
    if (context.password()) return Secret::from_text(context.password()->text());
    const fs::path key_file = context.home_unchecked().key_file();
    if (!fs::exists(key_file)) return std::nullopt;
    warn_of_readers(context, key_file);
    return read_key_file(key_file);
}

std::shared_ptr<storage::Location> repository_location(Context& context) {
    return context.locations().whole();
}

Repository open_repository(Context& context) {
    context.locations().require_found();
    return open_repository_at(context, repository_location(context));
}

Repository open_repository_at(Context& context, std::shared_ptr<storage::Location> location) try {
    // Whether there is one comes before which secret opens it.
    const std::string damage = repository::read_format(*location).damage;
    if (!damage.empty())
        context.progress().note(base::format(
            "the repository's object 'format' cannot be used ({}); the key slots tell what stood there. "
            "To mend it: bt2c-dr repository check --repair",
            base::printable(damage)));
    std::optional<Secret> secret = secret_at_hand(context);
    if (!secret) secret = secret_from_token(context, *location);
    if (!secret) {
        const auto typed = ask_secret("Password or recovery phrase of the repository");
        if (!typed && fs::exists(context.home_unchecked().write_key_file()))
            throw Error(ErrorKind::wrong_secret,
                        "cannot open the repository: this node can write backups and not read them")
                .cause("its write key opens nothing, and no password or recovery phrase was given")
                .state("nothing was read or changed")
                .hint(
                    "set BT2C_REPO_PASSWORD to the password or the 24-word recovery phrase, or work where "
                    "the "
                    "repository's key file is");
        if (!typed)
            throw Error(ErrorKind::wrong_secret,
                        "cannot open the repository: no password or key file was given")
                .cause(base::format(
                    "none of BT2C_REPO_PASSWORD, _FILE and _COMMAND is set, there is no {}, and no "
                    "terminal to ask on",
                    base::printable(context.home_unchecked().key_file().native())))
                .state("nothing was read or changed")
                .hint(
                    "bring the key file back, or set BT2C_REPO_PASSWORD to the password or the 24-word "
                    "recovery phrase; where this node never made a backup its place in dr.toml is another "
                    "node's: give it one of its own");
        secret = Secret::from_text(typed->text());
    }
    return Repository::open(std::move(location), *secret);
} catch (Error& error) {
    if (error.state().empty()) error.state("nothing was read or changed");
    throw;
}

repository::Manifest find_backup(Context& context, const Repository& repository, const std::string& name,
                                 const std::string& by_id) {
    if (name != "latest") {
        if (auto found = repository.by_id(name)) return std::move(*found);
        throw no_backup(context, name);
    }
    repository::LatestBackup latest = repository.latest();
    if (latest.damaged.empty()) {
        require_newest(context, repository, latest.manifest, by_id);
        tell_doubt(context, latest.manifest, latest.doubt ? &*latest.doubt : nullptr);
        return std::move(latest.manifest);
    }
    const auto unread = std::ranges::find_if(latest.damaged, &repository::DamagedBackup::unread);
    const bool is_unread = unread != latest.damaged.end();
    const bool unread_on_disk = is_unread && unread->disk;
    const repository::DamagedBackup& damaged = is_unread ? *unread : latest.damaged.front();
    const std::string others = latest.damaged.size() == 1
                                   ? ""
                                   : base::format(" ({} more cannot be read)", latest.damaged.size() - 1);
    throw Error(is_unread ? ErrorKind::failed : ErrorKind::findings,
                base::format("cannot tell which backup is the latest: manifests/{} cannot be read{}",
                             base::printable(damaged.id), others))
        .cause(base::printable(damaged.reason))
        .state("nothing was changed")
        .hint(base::format(
            "{}; else '{} {}' takes the newest that can be read ({}), which may be older",
            unread_on_disk ? "a disk fails to give it: look into the kernel's log (as root: dmesg)"
            : is_unread    ? "it is not damaged as far as is known: 'bt2c-dr location status' tells "
                             "which location cannot be read"
            : context.locations().all().size() > 1
                ? "'bt2c-dr repository check --repair' mends it from another location"
                : "'bt2c-dr repository check' tells what to do about it",
            by_id, latest.manifest.id.brief(), base::format_utc(latest.manifest.finished_at)));
}

std::string doubt_text(const repository::Manifest& latest, const repository::Manifest& doubt) {
    const bool is_of_future = latest.started_at > doubt.started_at;
    return base::format(
        "backup {} counts as the latest by its number, and {} (made {}; {}: {}): a clock was wrong, a node "
        "lost "
        "count, or somebody forged one of them",
        latest.id.brief(),
        is_of_future ? "says that it was made in the future" : "another one says that it was made later",
        base::format_utc(latest.started_at), doubt.id.brief(), base::format_utc(doubt.started_at));
}

void tell_doubt(Context& context, const repository::Manifest& latest, const repository::Manifest* doubt) {
    if (doubt)
        context.progress().note("warning: " + doubt_text(latest, *doubt) +
                                base::format("; compare their chains in 'bt2c-dr list-backups', and name the "
                                             "one that is meant by its id"));
}

Repository open_with_write_key(const config::Home& home, std::shared_ptr<storage::Location> location) {
    base::Bytes contents = platform::read_file(home.write_key_file(), repository::write_key_file_bytes_max);
    repository::WriteKey key = repository::WriteKey::from_file(contents);
    crypto::wipe(contents.data(), contents.size());
    return Repository::open_to_write(std::move(location), std::move(key));
}

Repository open_for_backup(Context& context, std::shared_ptr<storage::Location> location) {
    const config::Home& home = context.home_unchecked();
    if (!fs::exists(home.write_key_file()) || secret_is_in_environment())
        return open_repository_at(context, std::move(location));
    warn_of_readers(context, home.write_key_file());
    Repository opened = open_with_write_key(home, std::move(location));
    if (fs::exists(home.key_file()))
        context.progress().note(base::format(
            "warning: this node's backups are sealed so that it cannot read them, but {} is still here: "
            "whoever "
            "takes it reads the backups that it opens; see that the recovery phrase works, then remove it",
            base::printable(home.key_file().native())));
    return opened;
}

bool new_password_is_in_environment() {
    return variable("BT2C_REPO_NEW_PASSWORD") || variable("BT2C_REPO_NEW_PASSWORD_FILE");
}

SecretBytes new_password() {
    std::optional<SecretBytes> password;
    if (const char* given = variable("BT2C_REPO_NEW_PASSWORD"))
        password = SecretBytes::copy_of(base::as_bytes(given));
    else if (variable("BT2C_REPO_NEW_PASSWORD_FILE"))
        password = secret_from_named_file("BT2C_REPO_NEW_PASSWORD_FILE");
    else
        password = ask_new_secret("New password of the repository");
    if (!password)
        throw Error(ErrorKind::usage,
                    "cannot set a password: none was given, and there is no terminal to ask on")
            .state("nothing was changed")
            .hint("set BT2C_REPO_NEW_PASSWORD or BT2C_REPO_NEW_PASSWORD_FILE");
    if (password->empty())
        throw Error(ErrorKind::usage, "cannot set a password: it is empty").state("nothing was changed");
    return std::move(*password);
}

SecretBytes make_key_file(const fs::path& path) {
    SecretBytes key = SecretBytes::random(32);
    platform::durable_mkdir(fs::absolute(path).parent_path(), 0700);
    platform::DurableFile file(path, 0600);
    file.append(hex_line(key).view());
    if (!file.commit(platform::DurableFile::Existing::refuse))
        throw Error(ErrorKind::busy,
                    base::format("cannot make key file {}: it exists by now", base::printable(path.native())))
            .cause("another process made one just now")
            .state("nothing was changed")
            .hint("run the command again");
    return key;
}

Secret read_key_file(const fs::path& path) {
    return Secret::from_key_file(read_secret_file(path).view());
}

void begin_showing_phrase(Context& context) {
    try {
        context.console().err.write("\n");
    } catch (const Error& error) {
        throw Error(ErrorKind::failed, "cannot show a recovery phrase: stderr takes nothing")
            .cause(error.cause())
            .state("nothing was made")
            .hint("run the command where a person reads its stderr: the words are shown once");
    }
}

NewRepository make_repository(Context& context, std::optional<SecretBytes> new_password, SecretBytes phrase) {
    Repository::require_none(*repository_location(context));
    if (phrase.empty()) begin_showing_phrase(context);
    const SecretBytes entropy = phrase.empty() ? SecretBytes::random(32) : std::move(phrase);
    std::vector<Repository::LabelledSecret> secrets;
    secrets.push_back({{repository::SlotKind::recovery_phrase, entropy.copy()}, "recovery phrase"});
    std::optional<std::string> new_key_file;
    if (auto given = secret_from_environment()) new_password = std::move(given);
    if (new_password) {
        // A phrase of 24 words opens as one, so it must be kept as one.
        secrets.push_back({Secret::from_text(new_password->text()), "password"});
    } else {
        const fs::path path = context.home_unchecked().key_file();
        if (fs::exists(path))
            secrets.push_back({read_key_file(path), "key file"});
        else
            secrets.push_back({{repository::SlotKind::key_file, make_key_file(path)}, "key file"});
        new_key_file = path.native();
    }
    Repository repository = context.locations().init(secrets);
    const auto made_at = std::ranges::find_if(
        context.locations().all(), [](const auto& one) { return one.has_repository && one.problem.empty(); });
    return {std::move(repository), made_at->location->describe(),
            crypto::mnemonic_from_entropy(entropy.view()), std::move(new_key_file)};
}

void show_words(Context& context, std::string_view phrase) {
    SecretBytes line(128);  // six words of at most eight letters
    while (!phrase.empty()) {
        std::size_t used = 0;
        line.data()[used++] = ' ';
        line.data()[used++] = ' ';
        for (int i = 0; i < 6 && !phrase.empty(); ++i) {
            const std::size_t end = std::min(phrase.find(' '), phrase.size());
            line.data()[used++] = ' ';
            for (const char c : phrase.substr(0, end)) line.data()[used++] = static_cast<std::uint8_t>(c);
            phrase.remove_prefix(std::min(end + 1, phrase.size()));
        }
        line.data()[used++] = '\n';
        context.console().err.write(line.text().substr(0, used));
    }
}

void show_recovery_phrase(Context& context, const NewRepository& made) try {
    const Terminal& err = context.console().err;
    std::string text = base::format("A new repository was made at {}.\n", base::printable(made.place));
    text += made.key_file ? base::format("It opens with the key file {}, and with this recovery phrase:\n\n",
                                         base::printable(*made.key_file))
                          : "It opens with the password, and with this recovery phrase:\n\n";
    context.console().err.write(text);
    show_words(context, made.recovery_phrase.text());
    context.console().err.write(
        "\n" + err.styled(Style::bold, "Write these 24 words down, on paper, now.") +
        " They are shown this once.\nWith them the backups can be opened when this machine and its keys are "
        "gone;"
        "\nwithout password, key file or words nobody can. Keep them away from the machine.\n\n");
} catch (Error& error) {
    error
        .state(base::format(
            "the repository is made, and opens with {}; nobody has seen its recovery phrase",
            made.key_file ? "the key file " + base::printable(*made.key_file) : std::string("the password")))
        .hint(
            "'bt2c-dr repository key add --recovery-phrase' makes other words and shows them; 'bt2c-dr "
            "repository key list' and 'key remove' end those that were lost");
    throw;
}

}  // namespace bt2c::cli
