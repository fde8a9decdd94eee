#include "token/return_value.hpp"

#include <p11-kit/pkcs11.h>

#include "base/text.hpp"

namespace bt2c::token {
namespace {

using base::ErrorKind;

struct Meaning {
    unsigned long value;
    ErrorKind kind;
    const char* cause;
    const char* hint;
};

constexpr const char* pin_hint =
    "see what the PIN is before the next try: a token locks after a few wrong ones";

// PKCS#11 2.40, section 5.1.
constexpr Meaning meanings[] = {
    {CKR_HOST_MEMORY, ErrorKind::failed, "the module is out of memory", ""},
    {CKR_GENERAL_ERROR, ErrorKind::failed, "the module gives no reason (general error)",
     "look into the token's own configuration and log"},
    {CKR_FUNCTION_FAILED, ErrorKind::failed, "the module gives no reason (function failed)", ""},
    {CKR_ATTRIBUTE_VALUE_INVALID, ErrorKind::failed, "the token does not take such a key", ""},
    {CKR_DATA_LEN_RANGE, ErrorKind::failed, "the data does not fit the key", ""},
    {CKR_DEVICE_ERROR, ErrorKind::failed, "the token or its reader has an error", "plug it in again"},
    {CKR_DEVICE_MEMORY, ErrorKind::failed, "the token is full", "remove a key that is not needed from it"},
    {CKR_DEVICE_REMOVED, ErrorKind::failed, "the token was removed", "plug it in again"},
    {CKR_ENCRYPTED_DATA_INVALID, ErrorKind::failed, "what should be decrypted is damaged, or for another key",
     ""},
    {CKR_ENCRYPTED_DATA_LEN_RANGE, ErrorKind::failed,
     "what should be decrypted is damaged, or for another key", ""},
    {CKR_FUNCTION_NOT_SUPPORTED, ErrorKind::failed, "the module cannot do this", ""},
    {CKR_KEY_SIZE_RANGE, ErrorKind::failed, "the token does not take keys of this size", ""},
    {CKR_KEY_FUNCTION_NOT_PERMITTED, ErrorKind::failed, "the key is not for this use", ""},
    {CKR_KEY_TYPE_INCONSISTENT, ErrorKind::failed, "the key is not for this use", ""},
    {CKR_MECHANISM_INVALID, ErrorKind::failed, "the token lacks the mechanism", ""},
    {CKR_MECHANISM_PARAM_INVALID, ErrorKind::failed, "the token lacks the mechanism", ""},
    {CKR_PIN_INCORRECT, ErrorKind::wrong_secret, "the PIN is wrong", pin_hint},
    {CKR_PIN_INVALID, ErrorKind::wrong_secret, "the PIN has characters that the token does not take",
     pin_hint},
    {CKR_PIN_LEN_RANGE, ErrorKind::wrong_secret, "the PIN is too short or too long", pin_hint},
    {CKR_PIN_EXPIRED, ErrorKind::wrong_secret, "the PIN has expired",
     "set a new one with the token's own tool"},
    {CKR_PIN_LOCKED, ErrorKind::wrong_secret, "the PIN is locked after too many wrong ones",
     "unlock it with the token's own tool and its security officer's PIN"},
    {CKR_USER_PIN_NOT_INITIALIZED, ErrorKind::wrong_secret, "the token has no PIN yet",
     "set one with the token's own tool"},
    {CKR_USER_NOT_LOGGED_IN, ErrorKind::wrong_secret, "the token wants its PIN", ""},
    {CKR_SESSION_COUNT, ErrorKind::failed, "other programs use the token up", "end them, then try again"},
    {CKR_SESSION_READ_ONLY, ErrorKind::failed, "the token is read-only", ""},
    {CKR_TOKEN_WRITE_PROTECTED, ErrorKind::failed, "the token is read-only", ""},
    {CKR_ACTION_PROHIBITED, ErrorKind::failed, "the token's rules forbid it", ""},
    {CKR_TEMPLATE_INCONSISTENT, ErrorKind::failed, "the token does not take a key with these properties",
     "it may only take keys that it made itself"},
    {CKR_TEMPLATE_INCOMPLETE, ErrorKind::failed, "the token does not take a key with these properties", ""},
    {CKR_TOKEN_NOT_PRESENT, ErrorKind::failed, "the token is not there", "plug it in"},
    {CKR_TOKEN_NOT_RECOGNIZED, ErrorKind::failed, "the module does not know this token", ""},
};

}  // namespace

base::Error error_of(unsigned long value, const std::string& what) {
    for (const Meaning& meaning : meanings)
        if (meaning.value == value)
            return base::Error(meaning.kind, what).cause(meaning.cause).hint(meaning.hint);
    return base::Error(ErrorKind::failed, what)
        .cause(base::format("the module says {:#x} (a return value of PKCS#11)", value));
}

void check(unsigned long value, const std::string& what) {
    if (value != CKR_OK) throw error_of(value, what);
}

}  // namespace bt2c::token
