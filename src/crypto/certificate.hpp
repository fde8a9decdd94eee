#pragma once
// X.509 certificates (RFC 5280) of a network's nodes: an authority of the network's own, and what it issues.
// Keys are Ed25519 (RFC 8410).

#include <string>

#include "base/time.hpp"
#include "crypto/secret.hpp"

namespace bt2c::crypto {

/// A certificate and its private key (PKCS #8), both as PEM.
struct CertifiedKey {
    std::string certificate;
    SecretBytes key;
};

/// From when until when a certificate is valid.
struct Validity {
    base::UnixMs from = 0, until = 0;
};

/// A new authority, which signs itself. Throws Error(usage) when the name is not 1 to 63 letters, digits,
/// dots, hyphens or underscores.
CertifiedKey make_authority(const std::string& name, const Validity& validity);

/// A new key for the node of that name, on loopback too: CN and DNS name are the name, IP 127.0.0.1; good for
/// servers and clients. Throws Error(usage) as above, Error(failed) when the authority cannot be read.
CertifiedKey issue_certificate(const CertifiedKey& authority, const std::string& name,
                               const Validity& validity);

/// The CN of a certificate's subject. Throws Error(failed) when it cannot be read or has none.
std::string certificate_name(std::string_view pem);

}  // namespace bt2c::crypto
