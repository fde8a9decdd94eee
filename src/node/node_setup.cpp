#include "node/node_setup.hpp"

#include <fcntl.h>
#include <sys/file.h>

#include <algorithm>
#include <cerrno>

#include "base/error.hpp"
#include "base/text.hpp"
#include "crypto/certificate.hpp"
#include "keys/wallet_file.hpp"

namespace bt2c::node {

using base::Error;
using base::ErrorKind;
using base::format;
using base::printable;

namespace {

constexpr std::uint64_t pem_bytes_max = 1 << 16;

crypto::SecretBytes read_secret(const std::filesystem::path& file) {
    const platform::Descriptor descriptor = platform::open_for_reading(file);
    const std::uint64_t size = platform::file_size(descriptor.get(), file);
    if (size == 0 || size > pem_bytes_max)
        throw Error(ErrorKind::failed,
                    format("cannot use {}: it is empty or too long", printable(file.native())));
    crypto::SecretBytes secret(static_cast<std::size_t>(size));
    if (platform::read_at(descriptor.get(), secret.bytes(), 0, file) != size)
        throw Error(ErrorKind::failed, format("cannot read {}: it changes", printable(file.native())));
    return secret;
}

}  // namespace

platform::Descriptor lock_home(const config::Home& home) {
    const auto folder = home.root / "network";
    platform::durable_mkdir(folder, 0700);
    const auto file = folder / "node.lock";
    platform::Descriptor lock(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!lock) throw base::system_error(format("cannot open {}", printable(file.native())), errno);
    if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK)
            throw base::system_error(format("cannot lock {}", printable(file.native())), errno);
        throw Error(ErrorKind::busy, format("cannot start the node: another one runs on the home {}",
                                            printable(home.root.native())));
    }
    return lock;
}

std::optional<keys::Signer> open_wallet(const config::NodeConfig& config) {
    if (config.wallet.empty()) return std::nullopt;
    const crypto::SecretBytes contents = read_secret(config.wallet_password_file);
    const std::string_view line = contents.text().substr(0, contents.text().find_first_of("\r\n"));
    const crypto::SecretBytes password = contents.first(line.size());
    return keys::signer_of(keys::WalletFile::read(config.wallet).open(password.view()));
}

TlsIdentity read_tls_identity(const config::NodeConfig& config) {
    const auto text = [](const std::filesystem::path& file) {
        return std::string(base::as_text(platform::read_file(file, pem_bytes_max)));
    };
    TlsIdentity identity{text(config.tls_authority), text(config.tls_certificate),
                         read_secret(config.tls_key)};
    if (const std::string name = crypto::certificate_name(identity.certificate); name != config.name)
        throw Error(ErrorKind::usage,
                    format("cannot use {}: it is the certificate of '{}', and this node is '{}'",
                           printable(config.tls_certificate.native()), printable(name), config.name));
    return identity;
}

}  // namespace bt2c::node
