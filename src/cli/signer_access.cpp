#include "cli/signer_access.hpp"

#include "base/text.hpp"
#include "cli/secret_input.hpp"

namespace bt2c::cli {

namespace fs = std::filesystem;
using base::Error;
using base::ErrorKind;
using network::OrderSigner;
using network::SignerFile;

void SignerOptions::declare(Options& options) {
    options.value(name_, "--as", "NAME", "the member who signs (default: the only key of this home)");
    options.value(key_file_, "--key", "FILE", "the key's file, where it is not in this home");
    token_.declare(options);
}

SignerFile SignerOptions::read(Context& context) const {
    if (name_ && key_file_) throw Error(ErrorKind::usage, "--as and --key exclude each other");
    SignerFile key = SignerFile::read(key_path(context));
    if (!key.on_token() && token_.given())
        throw Error(ErrorKind::usage, base::format("the key of {} is not on a token", key.name))
            .state("nothing was signed");
    return key;
}

fs::path SignerOptions::key_path(Context& context) const {
    if (key_file_) return *key_file_;
    const config::Home& home = context.home();
    const std::vector<std::string> names = network::signer_names(home);
    if (name_) {
        const fs::path path = network::signer_file(home, *name_);
        if (config::is_emergency_name(*name_) && fs::exists(path)) return path;
    } else if (names.size() == 1) {
        return network::signer_file(home, names[0]);
    }
    std::string list;
    for (const std::string& name : names) list += (list.empty() ? "" : ", ") + base::printable(name);
    Error error(ErrorKind::usage,
                name_ ? base::format("there is no signer '{}' in this home", base::printable(*name_))
                : names.empty() ? std::string("there is no signer's key in this home")
                                : std::string("there are several signers in this home: say who signs"));
    if (!list.empty()) error.cause("there are: " + list);
    throw std::move(error).hint(names.empty() ? "'bt2c-dr network signer create NAME' makes one; --key "
                                                "names a file elsewhere"
                                              : "name one with --as");
}

OrderSigner SignerOptions::open(Context& context, const SignerFile& key) const {
    if (!key.on_token())
        return key.open(signer_password(base::format("Password for the key of {}", key.name), false).view());
    return key.open(token_.with_pin(context, key.token_serial));
}

}  // namespace bt2c::cli
