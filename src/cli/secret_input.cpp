#include "cli/secret_input.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "base/error.hpp"
#include "base/text.hpp"
#include "cli/hidden_arguments.hpp"
#include "cli/secret_prompt.hpp"
#include "crypto/mnemonic.hpp"
#include "keys/phrase.hpp"
#include "keys/share_set.hpp"
#include "platform/file.hpp"

namespace bt2c::cli {

using base::Error;
using base::ErrorKind;
using crypto::SecretBytes;

namespace {

constexpr std::uint64_t secret_file_bytes_max = 4096;
constexpr std::uint64_t shares_bytes_max = 256 << 10;

SecretBytes without_line_end(const SecretBytes& text) {
    std::size_t size = text.size();
    if (size > 0 && text.data()[size - 1] == '\n') --size;
    if (size > 0 && text.data()[size - 1] == '\r') --size;
    return text.first(size);
}

SecretBytes read_descriptor(int fd, const std::string& source, std::size_t bytes_max) {
    SecretBytes text(bytes_max + 1);
    std::size_t filled = 0;
    while (filled < text.size()) {
        base::throw_if_interrupted();
        // A pipe that nobody has opened to write yet would read as an empty one.
        pollfd waiting{.fd = fd, .events = POLLIN, .revents = 0};
        if (::poll(&waiting, 1, 200) <= 0) continue;
        const ssize_t got = ::read(fd, text.data() + filled, text.size() - filled);
        if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        if (got < 0) throw base::system_error("cannot read " + source, errno);
        if (got == 0) return text.first(filled);
        filled += static_cast<std::size_t>(got);
    }
    throw Error(ErrorKind::failed, "cannot use " + source)
        .cause(base::format("it is longer than {} bytes", bytes_max));
}

}  // namespace

SecretBytes read_standard_input(std::size_t bytes_max) {
    return read_descriptor(STDIN_FILENO, "standard input", bytes_max);
}

SecretBytes read_to_end(const std::filesystem::path& file, std::size_t bytes_max) {
    const platform::Descriptor fd = platform::open_for_reading(file);
    return read_descriptor(fd.get(), base::printable(file.native()), bytes_max);
}

SecretBytes read_phrase(const std::optional<std::string>& option, const std::string& question,
                        const std::string& name) {
    if (option && *option == "-") return without_line_end(read_standard_input(keys::phrase_bytes_max));
    if (option) return secret_argument(*option);
    auto typed = ask_secret(question);
    if (!typed)
        throw Error(ErrorKind::usage, "no phrase was given, and there is no terminal to ask on")
            .hint(base::format("give it on standard input: '{} -'", name));
    return std::move(*typed);
}

void warn_of_secret_argument(Context& context) {
    if (had_secret_argument())
        context.progress().note(
            "warning: the phrase was given on the command line; it is wiped from this process's arguments "
            "now, "
            "but the shell may keep it in its history");
}

std::vector<SecretBytes> read_shares(const std::vector<std::filesystem::path>& files) {
    std::vector<SecretBytes> shares;
    const auto add_lines = [&](std::string_view text) {
        while (!text.empty()) {
            const std::string_view line = text.substr(0, text.find('\n'));
            text.remove_prefix(std::min(text.size(), line.size() + 1));
            if (line.find_first_not_of(" \t\r") != std::string_view::npos)
                shares.push_back(SecretBytes::copy_of(base::as_bytes(line)));
        }
    };
    for (const std::filesystem::path& file : files) {
        if (file == "-") {
            add_lines(read_standard_input(shares_bytes_max).text());
        } else {
            base::Bytes contents = platform::read_file(file, shares_bytes_max);
            add_lines(base::as_text(contents));
            crypto::wipe(contents.data(), contents.size());
        }
    }
    while (files.empty()) {
        const auto typed = ask_secret(base::format("Share {} (an empty line ends them)", shares.size() + 1));
        if (!typed)
            throw Error(ErrorKind::usage, "no shares were given, and there is no terminal to ask on")
                .hint("name the files that hold them, or '-' for standard input");
        if (typed->empty()) break;
        add_lines(typed->text());
    }
    return shares;
}

SecretBytes read_secret_file(const std::filesystem::path& path) {
    base::Bytes contents = platform::read_file(path, secret_file_bytes_max);
    std::size_t size = 0;
    while (size < contents.size() && contents[size] != '\n' && contents[size] != '\r') ++size;
    SecretBytes secret = SecretBytes::copy_of(base::ByteView(contents).first(size));
    crypto::wipe(contents.data(), contents.size());
    return secret;
}

SecretBytes combined_phrase(const std::vector<std::filesystem::path>& files,
                            const std::optional<std::filesystem::path>& passphrase_file) {
    const std::vector<SecretBytes> shares = read_shares(files);
    std::vector<std::string_view> texts;
    texts.reserve(shares.size());
    for (const SecretBytes& share : shares) texts.push_back(share.text());
    const SecretBytes passphrase = passphrase_file ? read_secret_file(*passphrase_file) : SecretBytes();
    const SecretBytes secret = keys::combine_shares(texts, passphrase.view());
    if (secret.size() > 32 || secret.size() % 4 != 0)
        throw Error(ErrorKind::failed, "the shares hold a secret that is no phrase")
            .cause(base::format("it has {} bytes", secret.size()));
    return crypto::mnemonic_from_entropy(secret.view());
}

SecretBytes wallet_password(const std::optional<std::filesystem::path>& file, const std::string& question,
                            bool is_new) {
    if (file) return read_secret_file(*file);
    if (const char* value = std::getenv("BT2C_WALLET_PASSWORD"); value && *value)
        return SecretBytes::copy_of(base::as_bytes(value));
    auto typed = is_new ? ask_new_secret(question) : ask_secret(question);
    if (!typed)
        throw Error(ErrorKind::usage,
                    "no password for the wallet was given, and there is no terminal to ask on")
            .hint("set BT2C_WALLET_PASSWORD, or name a file with --wallet-password-file");
    return std::move(*typed);
}

SecretBytes signer_password(const std::string& question, bool is_new) {
    if (const char* value = std::getenv("BT2C_SIGNER_PASSWORD"); value && *value)
        return SecretBytes::copy_of(base::as_bytes(value));
    if (const char* file = std::getenv("BT2C_SIGNER_PASSWORD_FILE"); file && *file)
        return read_secret_file(file);
    auto typed = is_new ? ask_new_secret(question) : ask_secret(question);
    if (!typed)
        throw Error(ErrorKind::usage,
                    "no password for the signer's key was given, and there is no terminal to ask on")
            .hint("set BT2C_SIGNER_PASSWORD_FILE to a file that holds it in its first line");
    return std::move(*typed);
}

}  // namespace bt2c::cli
