#pragma once
// What a node asks of a TLS connection beyond reading and writing: who is at its other end, and a value that
// no other connection has.

#include <string>

#include "base/bytes.hpp"

// OpenSSL's own names of its types.
struct ssl_st;
struct ssl_ctx_st;

namespace bt2c::crypto {

/// TLS 1.3 only, and no resumption: each connection proves both certificates anew.
void restrict_tls(ssl_ctx_st* context);

/// The channel binding tls-exporter (RFC 9266), 32 bytes, the same at both ends of an established
/// connection and different on every other one. Throws Error(failed) before the handshake is done.
base::Bytes tls_channel_binding(ssl_st* connection);

/// The CN of the certificate that the other side proved; empty where it has none.
std::string tls_peer_name(ssl_st* connection);

/// Why the other side's certificate was refused, as a clause: "its certificate has expired"; empty when it
/// was not, or there was none.
std::string tls_refusal(ssl_st* connection);

}  // namespace bt2c::crypto
