#include "crypto/certificate.hpp"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <memory>

#include "base/error.hpp"
#include "base/text.hpp"
#include "crypto/random.hpp"

namespace bt2c::crypto {
namespace {

using base::Error;
using base::ErrorKind;

struct Free {
    void operator()(X509* certificate) const noexcept { X509_free(certificate); }
    void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
    void operator()(BIO* bio) const noexcept { BIO_free_all(bio); }
    void operator()(X509_EXTENSION* extension) const noexcept { X509_EXTENSION_free(extension); }
    void operator()(BIGNUM* number) const noexcept { BN_free(number); }
};
using Certificate = std::unique_ptr<X509, Free>;
using Key = std::unique_ptr<EVP_PKEY, Free>;
using Bio = std::unique_ptr<BIO, Free>;

void require(bool done, const char* what) {
    if (!done) throw Error(ErrorKind::failed, base::format("cannot make a certificate: {}", what));
}

/// Names become parts of the texts that OpenSSL reads extensions from, so nothing else may stand in them.
void check_name(const std::string& name) {
    const bool good = !name.empty() && name.size() <= 63 && std::ranges::all_of(name, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
               c == '-' || c == '_';
    });
    if (!good)
        throw Error(ErrorKind::usage,
                    base::format("cannot name a certificate '{}': 1 to 63 letters, digits, dots, hyphens "
                                 "or underscores make a name",
                                 base::printable(name.substr(0, 100))));
}

Bio reader_of(base::ByteView pem) {
    return Bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

Certificate read_certificate(std::string_view pem) {
    const Bio bio = reader_of(base::as_bytes(pem));
    Certificate certificate(bio ? PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr) : nullptr);
    if (!certificate)
        throw Error(ErrorKind::failed, "cannot read a certificate: it is no X.509 certificate in PEM");
    return certificate;
}

void add_extension(X509* certificate, X509* issuer, int kind, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    const std::unique_ptr<X509_EXTENSION, Free> extension(
        X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()));
    require(extension && X509_add_ext(certificate, extension.get(), -1) == 1, "an extension is not taken");
}

void set_serial(X509* certificate) {
    std::array<std::uint8_t, 16> serial = random_array<16>();
    serial[0] = static_cast<std::uint8_t>((serial[0] & 0x7F) | 0x40);  // positive, and never short
    const std::unique_ptr<BIGNUM, Free> number(
        BN_bin2bn(serial.data(), static_cast<int>(serial.size()), nullptr));
    require(number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)), "no serial");
}

/// Without extensions and signature; its issuer is itself.
Certificate blank_certificate(const std::string& name, const Validity& validity, EVP_PKEY* key) {
    check_name(name);
    Certificate certificate(X509_new());
    require(certificate && X509_set_version(certificate.get(), X509_VERSION_3) == 1, "no memory");
    set_serial(certificate.get());
    const auto set_time = [](ASN1_TIME* field, base::UnixMs time) {
        require(ASN1_TIME_set(field, static_cast<time_t>(time / 1000)), "a time is out of range");
    };
    set_time(X509_getm_notBefore(certificate.get()), validity.from);
    set_time(X509_getm_notAfter(certificate.get()), validity.until);
    X509_NAME* subject = X509_get_subject_name(certificate.get());
    const auto* text = reinterpret_cast<const unsigned char*>(name.data());
    require(X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_UTF8, text,
                                       static_cast<int>(name.size()), -1, 0) == 1 &&
                X509_set_issuer_name(certificate.get(), subject) == 1 &&
                X509_set_pubkey(certificate.get(), key) == 1,
            "a name is not taken");
    return certificate;
}

Key new_key() {
    Key key(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
    require(key != nullptr, "no key");
    return key;
}

CertifiedKey signed_by(EVP_PKEY* signer, X509* certificate, EVP_PKEY* key) {
    require(X509_sign(certificate, signer, nullptr) > 0, "the authority's key does not sign");
    const Bio plain(BIO_new(BIO_s_mem())), secret(BIO_new(BIO_s_secmem()));
    require(plain && secret && PEM_write_bio_X509(plain.get(), certificate) == 1 &&
                PEM_write_bio_PKCS8PrivateKey(secret.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1,
            "it cannot be written");
    const auto contents = [](BIO* bio) {
        char* data = nullptr;
        const long size = BIO_get_mem_data(bio, &data);
        return std::string_view(data, static_cast<std::size_t>(size));
    };
    return {std::string(contents(plain.get())), SecretBytes::copy_of(base::as_bytes(contents(secret.get())))};
}

}  // namespace

CertifiedKey make_authority(const std::string& name, const Validity& validity) {
    const Key key = new_key();
    const Certificate certificate = blank_certificate(name, validity, key.get());
    add_extension(certificate.get(), certificate.get(), NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
    add_extension(certificate.get(), certificate.get(), NID_key_usage, "critical,keyCertSign,cRLSign");
    add_extension(certificate.get(), certificate.get(), NID_subject_key_identifier, "hash");
    return signed_by(key.get(), certificate.get(), key.get());
}

CertifiedKey issue_certificate(const CertifiedKey& authority, const std::string& name,
                               const Validity& validity) {
    const Certificate issuer = read_certificate(authority.certificate);
    const Bio bio = reader_of(authority.key.view());
    const Key signer(bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr) : nullptr);
    if (!signer || X509_check_private_key(issuer.get(), signer.get()) != 1)
        throw Error(ErrorKind::failed, "cannot issue a certificate: the authority's key is not its own");
    const Key key = new_key();
    const Certificate certificate = blank_certificate(name, validity, key.get());
    require(X509_set_issuer_name(certificate.get(), X509_get_subject_name(issuer.get())) == 1,
            "the authority has no name");
    add_extension(certificate.get(), issuer.get(), NID_basic_constraints, "critical,CA:FALSE");
    add_extension(certificate.get(), issuer.get(), NID_key_usage, "critical,digitalSignature");
    add_extension(certificate.get(), issuer.get(), NID_ext_key_usage, "serverAuth,clientAuth");
    add_extension(certificate.get(), issuer.get(), NID_subject_alt_name,
                  base::format("DNS:{},IP:127.0.0.1", name));
    add_extension(certificate.get(), issuer.get(), NID_subject_key_identifier, "hash");
    add_extension(certificate.get(), issuer.get(), NID_authority_key_identifier, "keyid");
    return signed_by(signer.get(), certificate.get(), key.get());
}

std::string certificate_name(std::string_view pem) {
    const Certificate certificate = read_certificate(pem);
    std::array<char, 256> name{};
    const int size = X509_NAME_get_text_by_NID(X509_get_subject_name(certificate.get()), NID_commonName,
                                               name.data(), static_cast<int>(name.size()));
    if (size <= 0) throw Error(ErrorKind::failed, "cannot use a certificate: it names nobody");
    return std::string(name.data(), static_cast<std::size_t>(size));
}

}  // namespace bt2c::crypto
