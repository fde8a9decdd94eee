#include "storage/sftp/authentication.hpp"

#include <libssh/libssh.h>

#include <cstdlib>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text.hpp"
#include "platform/tcp.hpp"
#include "storage/sftp/known_hosts.hpp"

namespace bt2c::storage::sftp {

using base::Error;
using base::ErrorKind;
using base::format;
using base::printable;

namespace fs = std::filesystem;

namespace {

struct KeyDeleter {
    void operator()(ssh_key key) const { ::ssh_key_free(key); }
};
using Key = std::unique_ptr<ssh_key_struct, KeyDeleter>;

/// The library asks for a passphrase on the terminal unless it is given a function to ask instead.
int refuse_passphrase(const char*, char*, std::size_t, int, int, void* was_asked) {
    *static_cast<bool*>(was_asked) = true;
    return -1;
}

struct LoadedKey {
    Key key;  ///< null when it could not be read
    bool has_passphrase = false;
};

LoadedKey load(const fs::path& file) {
    LoadedKey loaded;
    ssh_key raw = nullptr;
    if (::ssh_pki_import_privkey_file(file.c_str(), nullptr, refuse_passphrase, &loaded.has_passphrase,
                                      &raw) == SSH_OK)
        loaded.key.reset(raw);
    return loaded;
}

/// What was tried, and what came of it.
class Login {
 public:
    Login(ssh_session session, const Options& options, bool has_agent)
        : session_(session), options_(options), has_agent_(has_agent) {}

    bool run() {
        if (options_.key_file.empty())
            try_all();
        else
            try_key_file();
        if (accepted_) return true;
        if (broken_) return false;
        throw refusal();
    }

 private:
    void try_key_file() {
        const fs::path& file = options_.key_file;
        const std::string what = format("cannot use the key {}", printable(file.native()));
        const std::string unchanged = "nothing was stored or changed";
        std::error_code error;
        const fs::file_status status = fs::status(file, error);
        if (status.type() == fs::file_type::none)
            throw Error(ErrorKind::failed, what)
                .cause(error.message())
                .state(unchanged)
                .hint("put it where the user that runs this may read it, and name it in dr.toml");
        if (status.type() != fs::file_type::regular)
            throw Error(ErrorKind::failed, what)
                .cause(status.type() == fs::file_type::not_found ? "there is no such file"
                                                                 : "it is no plain file")
                .state(unchanged)
                .hint("name a private key of OpenSSH's; ssh-keygen -t ed25519 makes one");
        if ((status.permissions() & fs::perms(077)) != fs::perms::none)
            throw Error(ErrorKind::failed, what)
                .cause("others may read it")
                .state(unchanged)
                .hint(format("chmod 600 {}", printable(file.native())));
        const LoadedKey loaded = load(file);
        if (loaded.key) return offer(file, loaded.key.get());
        if (!loaded.has_passphrase)
            throw Error(ErrorKind::failed, what)
                .cause("it cannot be read, or is no private key of a kind that is known")
                .state(unchanged)
                .hint("check its owner, and that it is the private key and not the file .pub");
        if (!has_agent_)
            throw Error(ErrorKind::failed, what)
                .cause("it has a passphrase, and no agent answers at SSH_AUTH_SOCK")
                .state(unchanged)
                .hint(format(
                    "start ssh-agent, run 'ssh-add {}', and see that SSH_AUTH_SOCK reaches this program; "
                    "or make a key without a passphrase for this purpose alone",
                    printable(file.native())));
        note(format("{} (has a passphrase, so the agent was asked)", file.native()));
        try_agent();
    }

    void try_all() {
        if (has_agent_) try_agent();
        const char* const home = std::getenv("HOME");
        if (!home) return;
        for (const char* const name : {"id_ed25519", "id_ecdsa", "id_rsa"}) {
            if (accepted_ || broken_) return;
            const fs::path file = fs::path(home) / ".ssh" / name;
            std::error_code ignored;
            if (!fs::exists(file, ignored)) continue;
            const LoadedKey loaded = load(file);
            if (loaded.key)
                offer(file, loaded.key.get());
            else
                note(format(
                    "{} ({})", file.native(),
                    loaded.has_passphrase ? "not tried: it has a passphrase" : "not tried: unreadable"));
        }
    }

    void offer(const fs::path& file, ssh_key key) {
        note(format("{} ({} {})", file.native(), ::ssh_key_type_to_char(::ssh_key_type(key)),
                    fingerprint_of(key)));
        judge(complete([&] { return ::ssh_userauth_publickey(session_, nullptr, key); }));
    }

    void try_agent() {
        note(format("the keys of the agent at {}", std::getenv("SSH_AUTH_SOCK")));
        judge(complete([&] { return ::ssh_userauth_agent(session_, nullptr); }));
    }

    /// Where the server hangs up meanwhile, the library would go on waiting for its answer.
    template <typename Call>
    int complete(Call call) {
        ::ssh_set_blocking(session_, 0);
        int result = call();
        for (; result == SSH_AUTH_AGAIN; result = call()) {
            if (::ssh_is_connected(session_) == 0 ||
                (::ssh_get_status(session_) & (SSH_CLOSED | SSH_CLOSED_ERROR))) {
                result = SSH_AUTH_ERROR;
                break;
            }
            const bool writable = (::ssh_get_poll_flags(session_) & SSH_WRITE_PENDING) != 0;
            platform::wait_for_socket(::ssh_get_fd(session_), writable, 100);
        }
        ::ssh_set_blocking(session_, 1);
        return result;
    }

    void judge(int result) {
        accepted_ = result == SSH_AUTH_SUCCESS;
        wants_more_ = wants_more_ || result == SSH_AUTH_PARTIAL;
        if (result != SSH_AUTH_ERROR) return;
        // A server that had enough tries says so and hangs up; that is an answer, and no fault of the
        // network.
        const std::string_view said = ::ssh_get_error(session_);
        if (said.find("SSH_MSG_DISCONNECT") == std::string_view::npos)
            broken_ = true;
        else
            hung_up_ = printable(said);
    }

    /// What the server still takes, as its sshd_config names it; empty where it has not said.
    std::string methods() const {
        constexpr std::pair<int, std::string_view> names[] = {
            {SSH_AUTH_METHOD_PUBLICKEY, "publickey"},
            {SSH_AUTH_METHOD_PASSWORD, "password"},
            {SSH_AUTH_METHOD_INTERACTIVE, "keyboard-interactive"},
            {SSH_AUTH_METHOD_HOSTBASED, "hostbased"},
            {SSH_AUTH_METHOD_GSSAPI_MIC, "gssapi-with-mic"}};
        const int list = ::ssh_userauth_list(session_, nullptr);
        std::string text;
        for (const auto& [method, name] : names)
            if (list & method) text += format("{}{}", text.empty() ? "" : ", ", name);
        return text;
    }

    Error refusal() const {
        std::string tried;
        for (const std::string& each : tried_) tried += (tried.empty() ? "" : ", ") + each;
        const std::string takes = tried.empty() ? "" : methods();
        const auto of_server = [&](std::string_view why, std::string_view cause, std::string_view settings) {
            return Error(ErrorKind::failed, format("cannot log in to {}: {}", server_name(options_), why))
                .cause(format("{}: {}; tried: {}", cause, takes, tried))
                .state("nothing was stored or changed")
                .hint(format("one key must do: set {} for the user {} in the server's sshd_config", settings,
                             printable(options_.user)));
        };
        if (wants_more_)
            return of_server("the server takes the key, and wants more than that", "it still asks for",
                             "'AuthenticationMethods publickey'");
        if (!takes.empty() && takes.find("publickey") == std::string::npos)
            return of_server("the server takes no keys at all", "it takes",
                             "'PubkeyAuthentication yes' and 'AuthenticationMethods publickey'");
        Error error(ErrorKind::failed,
                    format("cannot log in to {}: the server takes no key of ours", server_name(options_)));
        error.cause(tried.empty() ? "there is no key to try: no agent, and none in ~/.ssh"
                                  : "tried: " + tried);
        if (!hung_up_.empty()) error.cause(error.cause() + "; " + hung_up_);
        error.state("nothing was stored or changed");
        if (!hung_up_.empty() && options_.key_file.empty())
            return error.hint("name the one key that it takes as key_file: it let no more of them be tried");
        error.hint(
            format("add the public key to ~{}/.ssh/authorized_keys on the server, check the user's name, and "
                   "that its sshd lets this user in (AllowUsers, DenyUsers)",
                   printable(options_.user)));
        return error;
    }

    void note(const std::string& key) { tried_.push_back(printable(key)); }

    ssh_session session_;
    const Options& options_;
    bool has_agent_;
    std::vector<std::string> tried_;
    std::string hung_up_;
    bool accepted_ = false, broken_ = false, wants_more_ = false;
};

}  // namespace

platform::Descriptor connect_agent() {
    const char* const path = std::getenv("SSH_AUTH_SOCK");
    return path && path[0] ? platform::connect_unix(path) : platform::Descriptor();
}

bool authenticate(ssh_session session, const Options& options, bool has_agent) {
    return Login(session, options, has_agent).run();
}

}  // namespace bt2c::storage::sftp
