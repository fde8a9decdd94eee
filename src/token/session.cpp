#include "token/session.hpp"

#include <p11-kit/pkcs11.h>

#include <algorithm>
#include <array>

#include "base/error.hpp"
#include "base/text.hpp"
#include "crypto/ed25519.hpp"
#include "crypto/rsa.hpp"
#include "token/return_value.hpp"

namespace bt2c::token {
namespace {

using base::Bytes;
using base::ByteView;
using base::Error;
using base::ErrorKind;

// No sound token comes near these.
constexpr std::size_t keys_max = 1000;
constexpr std::size_t label_bytes_max = 1024;
constexpr std::size_t id_bytes_max = 256;
constexpr std::size_t modulus_bytes_max = 1024;
constexpr std::size_t exponent_bytes_max = 16;
constexpr std::size_t output_bytes_max = 1024;
constexpr std::size_t point_bytes_max = 256;

/// What stands before the digest in the DigestInfo of SHA-256 (RFC 8017, 9.2, note 1).
constexpr std::array<std::uint8_t, 19> digest_info_prefix{0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60,
                                                          0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02,
                                                          0x01, 0x05, 0x00, 0x04, 0x20};

std::vector<ck_attribute> as_attributes(const Template& attributes) {
    std::vector<ck_attribute> out;
    for (const Attribute& attribute : attributes)
        out.push_back(
            {attribute.type, const_cast<std::uint8_t*>(attribute.value.data()), attribute.value.size()});
    return out;
}

template <typename T>
ByteView bytes_of(const T& value) {
    return {reinterpret_cast<const std::uint8_t*>(&value), sizeof value};
}

constexpr unsigned long rsa = CKK_RSA, edwards = CKK_EC_EDWARDS;

Error nonsense(const std::string& what) {
    return Error(ErrorKind::failed, "cannot use the PKCS#11 module").cause(what);
}

}  // namespace

Session::Session(const Module& module, const Slot& slot, const crypto::SecretBytes* pin, bool writable)
    : module_(module), calls_(module.calls()) {
    const std::string what = base::format("cannot open the token '{}'", slot.token.label);
    if (writable && (slot.flags & CKF_WRITE_PROTECTED) != 0) throw error_of(CKR_TOKEN_WRITE_PROTECTED, what);
    const unsigned long flags = CKF_SERIAL_SESSION | (writable ? CKF_RW_SESSION : 0UL);
    check(calls_.C_OpenSession(slot.id, flags, nullptr, nullptr, &session_), what);
    if (pin) login(slot, *pin);
}

Session::~Session() {
    if (calls_.C_CloseSession) calls_.C_CloseSession(session_);
}

void Session::login(const Slot& slot, const crypto::SecretBytes& pin) const {
    const bool keypad = pin.empty() && (slot.flags & CKF_PROTECTED_AUTHENTICATION_PATH) != 0;
    const unsigned long value = calls_.C_Login(
        session_, CKU_USER, keypad ? nullptr : const_cast<std::uint8_t*>(pin.data()), pin.size());
    if (value == CKR_OK || value == CKR_USER_ALREADY_LOGGED_IN) return;
    Error error = error_of(value, base::format("cannot open the token '{}'", slot.token.label));
    const std::string warning = pin_warning(module_.flags_of(slot.id));
    if (!warning.empty() && value != CKR_PIN_LOCKED) error.cause(error.cause() + "; " + warning);
    throw error;
}

std::vector<Handle> Session::objects(unsigned long object_class, unsigned long key_type) const {
    constexpr const char* what = "cannot list the keys of the token";
    std::vector<ck_attribute> wanted =
        as_attributes({{CKA_CLASS, bytes_of(object_class)}, {CKA_KEY_TYPE, bytes_of(key_type)}});
    const unsigned long begun = calls_.C_FindObjectsInit(session_, wanted.data(), wanted.size());
    // A token that has never heard of a type has no key of it.
    if (begun == CKR_ATTRIBUTE_VALUE_INVALID && key_type != CKK_RSA) return {};
    check(begun, what);
    std::vector<Handle> found;
    for (;;) {
        std::array<Handle, 64> some{};
        unsigned long count = 0;
        check(calls_.C_FindObjects(session_, some.data(), some.size(), &count), what);
        if (count > some.size() || found.size() > keys_max)
            throw nonsense("it claims to have more keys than a token holds");
        if (count == 0) break;
        found.insert(found.end(), some.begin(), some.begin() + static_cast<std::ptrdiff_t>(count));
    }
    check(calls_.C_FindObjectsFinal(session_), what);
    return found;
}

std::optional<Bytes> Session::attribute(Handle object, unsigned long type, std::size_t size_max) const {
    Bytes value(size_max);
    ck_attribute asked{type, value.data(), value.size()};
    const unsigned long returned = calls_.C_GetAttributeValue(session_, object, &asked, 1);
    if (returned == CKR_ATTRIBUTE_TYPE_INVALID || returned == CKR_ATTRIBUTE_SENSITIVE) return std::nullopt;
    check(returned, "cannot read a key of the token");
    if (asked.value_len == CK_UNAVAILABLE_INFORMATION) return std::nullopt;
    if (asked.value_len > size_max)
        throw nonsense(base::format("it claims that an attribute has {} bytes", asked.value_len));
    value.resize(asked.value_len);
    return value;
}

std::optional<bool> Session::flag(Handle object, unsigned long type) const {
    const auto value = attribute(object, type, 1);
    if (!value || value->empty()) return std::nullopt;
    return (*value)[0] != 0;
}

namespace {

/// The point as the standard has it, within an OCTET STRING, or bare as some modules show it.
Bytes key_of_point(ByteView point) {
    constexpr std::uint8_t octet_string = 0x04;
    if (point.size() == crypto::ed25519_public_bytes + 2 && point[0] == octet_string &&
        point[1] == crypto::ed25519_public_bytes)
        point = point.subspan(2);
    if (point.size() != crypto::ed25519_public_bytes) return {};
    return crypto::ed25519_to_spki(point);
}

}  // namespace

Bytes Session::public_key_of(Handle object) const {
    const auto type = attribute(object, CKA_KEY_TYPE, sizeof(unsigned long));
    if (type && std::ranges::equal(*type, bytes_of(edwards))) {
        const auto point = attribute(object, CKA_EC_POINT, point_bytes_max);
        return point ? key_of_point(*point) : Bytes();
    }
    const auto n = attribute(object, CKA_MODULUS, modulus_bytes_max);
    const auto e = attribute(object, CKA_PUBLIC_EXPONENT, exponent_bytes_max);
    if (!n || !e || n->empty() || e->empty()) return {};
    return crypto::rsa_public_key(*n, *e);
}

std::vector<KeyObject> Session::keys() const {
    std::vector<KeyObject> all;
    for (const unsigned long object_class : {CKO_PRIVATE_KEY, CKO_PUBLIC_KEY})
        for (const unsigned long key_type : {rsa, edwards})
            for (const Handle handle : objects(object_class, key_type)) {
                KeyObject key{.handle = handle, .is_private = object_class == CKO_PRIVATE_KEY, .info = {}};
                const auto label = attribute(handle, CKA_LABEL, label_bytes_max);
                if (label) key.info.label = base::printable(base::as_text(*label));
                key.info.id = attribute(handle, CKA_ID, id_bytes_max).value_or(Bytes());
                key.info.public_key = public_key_of(handle);
                if (key.is_private) {
                    key.info.has_private = true;
                    key.info.signs = flag(handle, CKA_SIGN);
                    key.info.decrypts = flag(handle, CKA_DECRYPT);
                    key.info.sensitive = flag(handle, CKA_SENSITIVE);
                    key.info.extractable = flag(handle, CKA_EXTRACTABLE);
                }
                all.push_back(std::move(key));
            }
    // Some tokens show the modulus with the public object only; the id ties the two together.
    for (KeyObject& key : all)
        for (const KeyObject& other : all)
            if (key.info.public_key.empty() && !key.info.id.empty() && key.info.id == other.info.id)
                key.info.public_key = other.info.public_key;
    return all;
}

Handle Session::private_key(ByteView public_key) const {
    for (const KeyObject& key : keys())
        if (key.is_private && std::ranges::equal(key.info.public_key, public_key)) return key.handle;
    throw Error(ErrorKind::failed, "the token does not have that private key")
        .hint("'bt2c-dr keys token list --login' shows the keys of a token");
}

Handle Session::create(const Template& attributes, const std::string& what) const {
    std::vector<ck_attribute> list = as_attributes(attributes);
    Handle object = 0;
    check(calls_.C_CreateObject(session_, list.data(), list.size(), &object), what);
    return object;
}

void Session::destroy(Handle object, const std::string& what) const {
    check(calls_.C_DestroyObject(session_, object), what);
}

Session::Pair Session::generate_by(unsigned long mechanism_type, const Template& public_part,
                                   const Template& private_part, const std::string& what) const {
    std::vector<ck_attribute> open = as_attributes(public_part), secret = as_attributes(private_part);
    ck_mechanism mechanism{mechanism_type, nullptr, 0};
    Pair pair{};
    check(calls_.C_GenerateKeyPair(session_, &mechanism, open.data(), open.size(), secret.data(),
                                   secret.size(), &pair.public_key, &pair.private_key),
          what);
    return pair;
}

Session::Pair Session::generate(const Template& public_part, const Template& private_part,
                                const std::string& what) const {
    return generate_by(CKM_RSA_PKCS_KEY_PAIR_GEN, public_part, private_part, what);
}

Session::Pair Session::generate_ed25519(const Template& public_part, const Template& private_part,
                                        const std::string& what) const {
    return generate_by(CKM_EC_EDWARDS_KEY_PAIR_GEN, public_part, private_part, what);
}

Bytes Session::sign_by(unsigned long mechanism_type, Handle key, ByteView message) const {
    constexpr const char* what = "cannot sign with the token";
    ck_mechanism mechanism{mechanism_type, nullptr, 0};
    check(calls_.C_SignInit(session_, &mechanism, key), what);
    Bytes input(message.begin(), message.end()), signature(output_bytes_max);
    unsigned long size = signature.size();
    check(calls_.C_Sign(session_, input.data(), input.size(), signature.data(), &size), what);
    if (size > signature.size()) throw nonsense("it claims a signature of an impossible length");
    signature.resize(size);
    return signature;
}

Bytes Session::sign(Handle key, const crypto::Digest& digest) const {
    Bytes input(digest_info_prefix.begin(), digest_info_prefix.end());
    input.insert(input.end(), digest.begin(), digest.end());
    return sign_by(CKM_RSA_PKCS, key, input);
}

Bytes Session::sign_ed25519(Handle key, ByteView message) const {
    return sign_by(CKM_EDDSA, key, message);
}

Bytes Session::decrypt(Handle key, ByteView sealed) const {
    constexpr const char* what = "cannot decrypt with the token";
    ck_rsa_pkcs_oaep_params parameters{CKM_SHA_1, CKG_MGF1_SHA1, CKZ_DATA_SPECIFIED, nullptr, 0};
    ck_mechanism mechanism{CKM_RSA_PKCS_OAEP, &parameters, sizeof parameters};
    check(calls_.C_DecryptInit(session_, &mechanism, key), what);
    Bytes input(sealed.begin(), sealed.end()), plain(output_bytes_max);
    unsigned long size = plain.size();
    check(calls_.C_Decrypt(session_, input.data(), input.size(), plain.data(), &size), what);
    if (size > plain.size()) throw nonsense("it claims a text of an impossible length");
    plain.resize(size);
    return plain;
}

}  // namespace bt2c::token
