#pragma once
// Logging in to a server whose key was checked: by key file or agent, and by nothing else.

#include "platform/file.hpp"
#include "storage/sftp/options.hpp"

struct ssh_session_struct;

namespace bt2c::storage::sftp {

/// A connection to the agent at SSH_AUTH_SOCK, where there is one and it could be of use.
platform::Descriptor connect_agent();

/// Logs in. `has_agent` says that the session was given a connection to an agent.
/// Throws Error(failed), with all keys that were tried, when the server takes none of them, and when key_file
/// cannot be used. Never asks for a passphrase.
/// Returns false when the connection broke meanwhile; the session says why.
bool authenticate(ssh_session_struct* session, const Options& options, bool has_agent);

}  // namespace bt2c::storage::sftp
