#include "cli/secret_input.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "base/error.hpp"
#include "base/text.hpp"
#include "cli/hidden_arguments.hpp"
#include "cli/secret_prompt.hpp"
#include "keys/phrase.hpp"
#include "platform/file.hpp"

namespace bt2c::cli {

using base::Error;
using base::ErrorKind;
using crypto::SecretBytes;

namespace {

constexpr std::uint64_t secret_file_bytes_max = 4096;

SecretBytes without_line_end(const SecretBytes& text) {
    std::size_t size = text.size();
    if (size > 0 && text.data()[size - 1] == '\n') --size;
    if (size > 0 && text.data()[size - 1] == '\r') --size;
    return text.first(size);
}

SecretBytes read_standard_input() {
    SecretBytes text(keys::phrase_bytes_max + 1);
    std::size_t filled = 0;
    while (filled < text.size()) {
        const ssize_t got = ::read(STDIN_FILENO, text.data() + filled, text.size() - filled);
        if (got < 0 && errno == EINTR) {
            base::throw_if_interrupted();
            continue;
        }
        if (got < 0) throw base::system_error("cannot read the phrase from standard input", errno);
        if (got == 0) return without_line_end(text.first(filled));
        filled += static_cast<std::size_t>(got);
    }
    throw Error(ErrorKind::failed, base::format("standard input holds no phrase: it is longer than {} bytes",
                                                keys::phrase_bytes_max));
}

}  // namespace

SecretBytes read_phrase(const std::optional<std::string>& option, const std::string& question) {
    if (option && *option == "-") return read_standard_input();
    if (option) return secret_argument(*option);
    auto typed = ask_secret(question);
    if (!typed)
        throw Error(ErrorKind::usage, "no phrase was given, and there is no terminal to ask on")
            .hint("give it on standard input: '--seed-phrase -'");
    return std::move(*typed);
}

SecretBytes read_secret_file(const std::filesystem::path& path) {
    base::Bytes contents = platform::read_file(path, secret_file_bytes_max);
    std::size_t size = 0;
    while (size < contents.size() && contents[size] != '\n' && contents[size] != '\r') ++size;
    SecretBytes secret = SecretBytes::copy_of(base::ByteView(contents).first(size));
    crypto::wipe(contents.data(), contents.size());
    return secret;
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

}  // namespace bt2c::cli
