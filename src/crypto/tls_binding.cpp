#include "crypto/tls_binding.hpp"

#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include <array>
#include <string_view>

#include "base/error.hpp"

namespace bt2c::crypto {

void restrict_tls(ssl_ctx_st* context) {
    SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
    SSL_CTX_set_num_tickets(context, 0);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION);
    // A network's authority signs its nodes itself: there is no chain to follow.
    SSL_CTX_set_verify_depth(context, 1);
}

base::Bytes tls_channel_binding(ssl_st* connection) {
    constexpr std::string_view label = "EXPORTER-Channel-Binding";
    base::Bytes binding(32);
    if (SSL_export_keying_material(connection, binding.data(), binding.size(), label.data(), label.size(),
                                   nullptr, 0, 0) != 1)
        throw base::Error(base::ErrorKind::failed, "cannot bind to a connection: TLS is not established");
    return binding;
}

std::string tls_peer_name(ssl_st* connection) {
    X509* certificate = SSL_get0_peer_certificate(connection);
    if (!certificate) return {};
    std::array<char, 256> name{};
    const int size = X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName,
                                               name.data(), static_cast<int>(name.size()));
    return size > 0 ? std::string(name.data(), static_cast<std::size_t>(size)) : std::string();
}

std::string tls_refusal(ssl_st* connection) {
    const long result = SSL_get_verify_result(connection);
    switch (result) {
        case X509_V_OK: return {};
        case X509_V_ERR_CERT_HAS_EXPIRED: return "its certificate has expired";
        case X509_V_ERR_CERT_NOT_YET_VALID: return "its certificate is not valid yet";
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
        case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
        case X509_V_ERR_CERT_SIGNATURE_FAILURE:
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
        case X509_V_ERR_AKID_SKID_MISMATCH:
            return "its certificate is of another authority than this network's";
        default: return std::string("its certificate is refused: ") + X509_verify_cert_error_string(result);
    }
}

}  // namespace bt2c::crypto
