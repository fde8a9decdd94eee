#include "storage/sftp/known_hosts.hpp"

#include <libssh/libssh.h>

#include <algorithm>
#include <memory>
#include <set>
#include <sstream>

#include "base/text.hpp"
#include "platform/file.hpp"

namespace bt2c::storage::sftp {

using base::Error;
using base::ErrorKind;
using base::format;
using base::printable;

namespace {

constexpr std::uint64_t known_hosts_bytes_max = std::uint64_t{16} << 20;

struct HostKeyDeleter {
    void operator()(ssh_key key) const { ::ssh_key_free(key); }
};
using HostKey = std::unique_ptr<ssh_key_struct, HostKeyDeleter>;

/// As the file names it.
std::string host_of(const Options& options) {
    return options.port == 22 ? options.host : format("[{}]:{}", options.host, options.port);
}

std::string text_of(const std::filesystem::path& file) {
    // One that cannot be looked at is no missing one: what it knows must not be fetched anew from the
    // network.
    std::error_code ignored;
    if (std::filesystem::status(file, ignored).type() == std::filesystem::file_type::not_found) return "";
    return std::string(base::as_text(platform::read_file(file, known_hosts_bytes_max)));
}

/// Calls `visit(line number, whether it is revoked, key)` for each line about the host that can be read.
template <typename Visit>
void for_each_key(const std::string& text, const std::string& host, Visit visit) {
    std::istringstream lines(text);
    int number = 0;
    for (std::string line; std::getline(lines, line);) {
        ++number;
        // The library wants single blanks, and takes all behind the last one for the key.
        std::istringstream words(line);
        std::string names, type, key, marker;
        words >> names;
        if (names.starts_with('@')) {
            marker = names;
            words >> names;
        }
        words >> type >> key;
        if (names.empty() || names[0] == '#' || key.empty() || (!marker.empty() && marker != "@revoked"))
            continue;
        ssh_knownhosts_entry* entry = nullptr;
        const std::string tidy = format("{} {} {}", names, type, key);
        if (::ssh_known_hosts_parse_line(host.c_str(), tidy.c_str(), &entry) != SSH_OK) continue;
        visit(number, !marker.empty(), entry->publickey);
        ::ssh_knownhosts_entry_free(entry);
    }
}

std::string type_of(ssh_key key) {
    return ::ssh_key_type_to_char(::ssh_key_type(key));
}

std::string shown_text(ssh_key key) {
    return type_of(key) + " " + fingerprint_of(key);
}

/// What the file says about the host, as far as it matters.
struct Known {
    bool trusted = false;
    int revoked_line = 0;  ///< 0: none
    int other_line = 0;    ///< the first one that has another key for the host, of the same kind if any is
    bool is_same_kind = false;
    std::string other_key;
};

Known look_up(const std::string& text, const std::string& host, ssh_key presented) {
    Known known;
    for_each_key(text, host, [&](int number, bool is_revoked, ssh_key key) {
        const bool is_same = ::ssh_key_cmp(key, presented, SSH_KEY_CMP_PUBLIC) == 0;
        if (is_revoked) {
            if (is_same) known.revoked_line = number;
            return;
        }
        known.trusted = known.trusted || is_same;
        const bool is_same_kind = type_of(key) == type_of(presented);
        if (is_same || (known.other_line != 0 && (known.is_same_kind || !is_same_kind))) return;
        known.other_line = number;
        known.is_same_kind = is_same_kind;
        known.other_key = shown_text(key);
    });
    return known;
}

/// A path as a shell takes it.
std::string shell_word(const std::string& path) {
    constexpr std::string_view plain =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+:@%";
    const bool is_plain = path.find_first_not_of(plain) == std::string::npos;
    return is_plain ? path : "'" + printable(path) + "'";
}

}  // namespace

std::string fingerprint_of(ssh_key key) {
    unsigned char* hash = nullptr;
    std::size_t size = 0;
    if (::ssh_get_publickey_hash(key, SSH_PUBLICKEY_HASH_SHA256, &hash, &size) != SSH_OK) return "unknown";
    char* const text = ::ssh_get_fingerprint_hash(SSH_PUBLICKEY_HASH_SHA256, hash, size);
    std::string out = text ? text : "unknown";
    ::ssh_string_free_char(text);
    ::ssh_clean_pubkey_hash(&hash);
    return out;
}

std::string host_key_algorithms(const Options& options) {
    struct Kind {
        std::string_view type, algorithms;
    };
    constexpr Kind kinds[] = {{"ssh-ed25519", "ssh-ed25519"},
                              {"ecdsa-sha2-nistp521", "ecdsa-sha2-nistp521"},
                              {"ecdsa-sha2-nistp384", "ecdsa-sha2-nistp384"},
                              {"ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256"},
                              {"ssh-rsa", "rsa-sha2-512,rsa-sha2-256"}};
    std::set<std::string, std::less<>> known;
    for_each_key(text_of(options.known_hosts_file), host_of(options), [&](int, bool is_revoked, ssh_key key) {
        if (!is_revoked) known.insert(type_of(key));
    });
    std::string list;
    for (const bool is_known : {true, false})
        for (const Kind& kind : kinds)
            if (known.contains(kind.type) == is_known)
                list += format("{}{}", list.empty() ? "" : ",", kind.algorithms);
    return list;
}

void check_host_key(ssh_session session, const Options& options) {
    ssh_key raw = nullptr;
    if (::ssh_get_server_publickey(session, &raw) != SSH_OK)
        throw NetworkError(Error(ErrorKind::failed, format("cannot log in to {}", server_name(options)))
                               .cause("the server showed no key of its own"));
    const HostKey key(raw);
    const std::string shown = shown_text(raw);
    const std::string file = printable(options.known_hosts_file.native());
    const std::string host = host_of(options);
    const Known known = look_up(text_of(options.known_hosts_file), host, raw);
    const std::string nothing_sent =
        "nothing was sent but the wish to connect; nothing was stored or changed";
    if (known.revoked_line != 0)
        throw Error(ErrorKind::failed,
                    format("refused to log in to {}: its key is revoked", server_name(options)))
            .cause(format("line {} of {} revokes {}", known.revoked_line, file, shown))
            .state(nothing_sent)
            .hint("ask who runs the server; its key may be in other hands");
    if (known.trusted) return;
    if (known.other_line != 0 && !known.is_same_kind)
        throw Error(
            ErrorKind::failed,
            format("refused to log in to {}: it shows a key of another kind than the one that is known "
                   "here; somebody may be in between, or in its place",
                   server_name(options)))
            .cause(
                format("it shows {}; line {} of {} has {}", shown, known.other_line, file, known.other_key))
            .state(nothing_sent)
            .hint(format(
                "ask who runs the server whether it has no key of the known kind any more, and whether "
                "that fingerprint is its own. Only if both are so: ssh-keyscan -p {} {} >> {}",
                options.port, shell_word(options.host), shell_word(options.known_hosts_file.native())));
    if (known.other_line != 0)
        throw Error(
            ErrorKind::failed,
            format("refused to log in to {}: THE SERVER'S KEY HAS CHANGED; somebody may be in between, or in "
                   "its place",
                   server_name(options)))
            .cause(
                format("it shows {}; line {} of {} has {}", shown, known.other_line, file, known.other_key))
            .state(nothing_sent)
            .hint(format("ask who runs the server whether its key was changed. Only if it was: ssh-keygen -R "
                         "{} -f {}, "
                         "then add the new one as for an unknown host",
                         shell_word(host), shell_word(options.known_hosts_file.native())));
    throw Error(ErrorKind::failed,
                format("refused to log in to {}: the server is not known here", server_name(options)))
        .cause(format("it shows {}; {} has no key for {}", shown, file, printable(host)))
        .state(nothing_sent)
        .hint(format(
            "compare that fingerprint with the server's own (ssh-keygen -lf "
            "/etc/ssh/ssh_host_ed25519_key.pub, run there); if they are equal: ssh-keyscan -p {} {} >> {}",
            options.port, shell_word(options.host), shell_word(options.known_hosts_file.native())));
}

}  // namespace bt2c::storage::sftp
