#include <filesystem>

#include "cli/commands.hpp"
#include "cli/repository_access.hpp"
#include "crypto/secret.hpp"
#include "platform/file.hpp"

namespace bt2c::cli {
namespace {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorKind;
using base::Json;

class RepositoryWriteKeyCreateCommand final : public Command {
    About about() const override {
        return {
            .name = "repository write-key create",
            .summary = "write the key with which a node makes backups that it cannot read",
            .description =
                "Opens the repository and writes the file that a write-only node needs instead of a key file "
                "or "
                "password: what it stores is sealed to the repository's public key, and opens with the "
                "repository's password, key file, recovery phrase or token alone. A node that is stolen, or "
                "broken into, then gives none of its backups away.\n\n"
                "The file belongs in HOME/config/repository.write-key of the node. It stays the same for as "
                "long "
                "as the repository exists, so it can be written again at any time.",
            .examples = {{"bt2c-dr repository write-key create", "make this node write-only"},
                         {"bt2c-dr repository write-key create -o /media/usb/repository.write-key",
                          "write the file for another node"}},
            .exits = {ErrorKind::failed, ErrorKind::wrong_secret, ErrorKind::no_repository}};
    }

    void declare(Options& options) override {
        options.value(output_, "--output,-o", "FILE",
                      "the file to write (default: HOME/config/repository.write-key)");
    }

    Result run(Context& context) override {
        const repository::Repository repository = open_repository(context);
        const config::Home& home = output_ ? context.home_unchecked() : context.home();
        const fs::path path = output_ ? fs::absolute(*output_) : home.write_key_file();
        const repository::WriteKey key = repository.keys().write_key();
        const bool written = write(path, key.to_file());
        const bool key_file = path == home.write_key_file() && fs::exists(home.key_file());
        const std::string name = base::printable(path.native());
        return {
            .document = Json::object({{"repository", repository.id().hex()},
                                      {"file", name},
                                      {"written", written},
                                      {"sealing_public_key", base::to_hex(key.sealing_key)},
                                      {"key_file_to_remove",
                                       key_file ? Json(base::printable(home.key_file().native())) : Json()}}),
            .print = [name, written, key_file, home](Output& out) {
                print(out, name, written, key_file, home);
            }};
    }

    /// False when the file is there already, and the same.
    static bool write(const fs::path& path, const crypto::SecretBytes& contents) {
        if (!fs::exists(path)) {
            platform::durable_mkdir(path.parent_path(), 0700);
            platform::DurableFile file(path, 0600);
            file.append(contents.view());
            platform::give_to_owner_of(path.parent_path(), file.fd());
            if (file.commit(platform::DurableFile::Existing::refuse)) return true;
        }
        const base::Bytes present = platform::read_file(path, repository::write_key_file_bytes_max);
        if (crypto::equal(present, contents.view())) return false;
        if (!is_same_key(present, contents))
            throw Error(ErrorKind::failed, base::format("cannot write {}: there is another file of that name",
                                                        base::printable(path.native())))
                .state("nothing was changed")
                .hint("move it away first; it may be the write key of another repository");
        platform::rewrite_durably(path, contents.view());
        return true;
    }

    /// In the form of an earlier build, without its check.
    static bool is_same_key(base::ByteView present, const crypto::SecretBytes& contents) {
        try {
            return crypto::equal(repository::WriteKey::from_file(present).to_file().view(), contents.view());
        } catch (const Error&) {
            return false;
        }
    }

    static void print(Output& out, const std::string& name, bool written, bool key_file,
                      const config::Home& home) {
        out.line("{} {}.", written ? "The write key is in" : "The write key is already in", name);
        if (!key_file) return;
        out.line(
            "From now on this node's backups are sealed so that it cannot read them. To end its reading the");
        out.line("earlier ones: see that the recovery phrase opens the repository");
        out.line("  BT2C_REPO_PASSWORD='the 24 words' bt2c-dr list-backups");
        out.line("and then remove {}", base::printable(home.key_file().native()));
        out.line("(and every copy of it that is within this node's reach).");
    }

    std::optional<fs::path> output_;
};

}  // namespace

std::unique_ptr<Command> repository_write_key_create_command() {
    return std::make_unique<RepositoryWriteKeyCreateCommand>();
}

}  // namespace bt2c::cli
