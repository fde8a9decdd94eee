#pragma once
// Whether a server is the one that it is taken for.

#include <string>

#include "storage/sftp/options.hpp"

struct ssh_session_struct;
struct ssh_key_struct;

namespace bt2c::storage::sftp {

/// "SHA256:…" of a public key, as ssh-keygen -l shows it.
std::string fingerprint_of(ssh_key_struct* key);

/// What the server is asked to show, best first: keys of the kinds that options.known_hosts_file has for it,
/// then all others.
std::string host_key_algorithms(const Options& options);

/// Looks the connected server's key up in options.known_hosts_file, which is never changed. Names may be
/// hashed, patterns, and lines may be marked @revoked; those marked @cert-authority are passed over. Throws
/// Error(failed), which no further try mends, when the key is not there, is another one, or is revoked.
void check_host_key(ssh_session_struct* session, const Options& options);

}  // namespace bt2c::storage::sftp
