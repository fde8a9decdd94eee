#include "token/token.hpp"

#include <p11-kit/pkcs11.h>

#include <algorithm>
#include <array>

#include "base/error.hpp"
#include "base/text.hpp"
#include "crypto/ed25519.hpp"
#include "crypto/random.hpp"
#include "crypto/rsa.hpp"
#include "platform/isolated.hpp"
#include "token/session.hpp"
#include "token/wire.hpp"

namespace bt2c::token {
namespace {

namespace fs = std::filesystem;
using base::Bytes;
using base::ByteView;
using base::Error;
using base::ErrorKind;

constexpr std::size_t list_bytes_max = 4 << 20;
constexpr std::size_t answer_bytes_max = 8 << 10;
constexpr std::size_t id_bytes = 20;
constexpr unsigned long modulus_bits = 2048;
constexpr std::array<std::uint8_t, 3> public_exponent{1, 0, 1};

// Values of templates; they outlive every call.
constexpr std::uint8_t yes_byte = 1, no_byte = 0;
constexpr ByteView yes(&yes_byte, 1), no(&no_byte, 1);
constexpr unsigned long private_class = CKO_PRIVATE_KEY, public_class = CKO_PUBLIC_KEY, rsa_type = CKK_RSA,
                        edwards_type = CKK_EC_EDWARDS;
/// The curve edwards25519 by its object identifier, 1.3.101.112 (RFC 8410, 3).
constexpr std::array<std::uint8_t, 5> ed25519_curve{0x06, 0x03, 0x2b, 0x65, 0x70};

ByteView number(const unsigned long& value) {
    return {reinterpret_cast<const std::uint8_t*>(&value), sizeof value};
}

void require_file(const fs::path& module) {
    const std::string name = base::printable(module.native());
    std::error_code error;
    const fs::file_status status = fs::status(module, error);
    if (status.type() == fs::file_type::not_found)
        throw Error(ErrorKind::failed, base::format("the PKCS#11 module {} is not there", name))
            .hint("install the token's own software, and name its library with --module or in dr.toml");
    if (error)
        throw base::system_error(base::format("cannot read the PKCS#11 module {}", name), error.value());
    if (status.type() != fs::file_type::regular)
        throw Error(ErrorKind::failed, base::format("{} is no PKCS#11 module", name))
            .cause(fs::is_directory(status) ? "it is a folder" : "it is no file")
            .hint("name the library that came with the token, such as libsofthsm2.so");
}

constexpr const char* nothing_changed = "nothing was changed on the token";

/// Runs `job` with the module loaded, in a process of its own.
/// @param if_it_dies what is then left behind
Bytes ask(const Access& access, std::size_t answer_max, const char* if_it_dies,
          const std::function<Bytes(const Module&)>& job) {
    require_file(access.module);
    // A name without a slash would be looked for in the folders of the system's libraries.
    const fs::path path = fs::absolute(access.module);
    platform::IsolatedResult result;
    try {
        result = platform::run_isolated([&] { return job(Module(path)); }, answer_max, access.timeout_ms);
    } catch (Error& error) {
        if (error.kind() == ErrorKind::interrupted) error.state(if_it_dies);
        throw;
    }
    using End = platform::IsolatedResult::End;
    if (result.end == End::answered) return std::move(result.answer);
    Error error(ErrorKind::failed,
                base::format("cannot use the PKCS#11 module {}", base::printable(access.module.native())));
    switch (result.end) {
        case End::crashed: error.cause(base::format("the module crashed (signal {})", result.number)); break;
        case End::timed_out:
            error.cause(base::format("the module did not answer within {}",
                                     base::human_duration(access.timeout_ms / 1000.0)));
            break;
        default: error.cause(base::format("the module ended its process (status {})", result.number));
    }
    error.state(if_it_dies);
    throw std::move(error).hint("try it with another program, such as 'pkcs11-tool --module FILE -L'");
}

const crypto::SecretBytes* pin_of(const Access& access) {
    return access.pin ? &*access.pin : nullptr;
}

/// Asks a token and changes nothing on it.
Bytes ask_token(const Access& access, const std::function<Bytes(const Session&)>& job) {
    return ask(access, answer_bytes_max, nothing_changed, [&](const Module& module) {
        return job(Session(module, module.find(access.token), pin_of(access), false));
    });
}

constexpr const char* perhaps_left =
    "a part of the key may be on the token: 'bt2c-dr keys token list --login' shows it, 'bt2c-dr keys token "
    "remove' removes it";

/// Objects that a job made, in order.
using Made = std::vector<Handle>;

/// Changes something on a token; when the job fails, the objects that it has made are removed again.
Bytes change_token(const Access& access,
                   const std::function<Bytes(const Session&, const Slot&, Made&)>& job) {
    return ask(access, answer_bytes_max, perhaps_left, [&](const Module& module) {
        const Slot slot = module.find(access.token);
        const Session session(module, slot, pin_of(access), true);
        Made made;
        try {
            return job(session, slot, made);
        } catch (Error& error) {
            if (error.state().empty()) error.state(nothing_changed);
            for (const Handle handle : made) try {
                    session.destroy(handle, "");
                } catch (const Error&) {
                    error.state(perhaps_left);
                }
            throw;
        }
    });
}

/// The public and private attributes that every key of ours has.
Template key_template(unsigned long const& object_class, const std::string& label, ByteView id,
                      unsigned long const& key_type = rsa_type) {
    Template attributes{{CKA_CLASS, number(object_class)},
                        {CKA_KEY_TYPE, number(key_type)},
                        {CKA_TOKEN, yes},
                        {CKA_PRIVATE, object_class == private_class ? yes : no},
                        {CKA_LABEL, base::as_bytes(label)},
                        {CKA_ID, id}};
    if (object_class == private_class) {
        attributes.push_back({CKA_SENSITIVE, yes});
        attributes.push_back({CKA_EXTRACTABLE, no});
        // Tokens allow it unless they are told not to; unwrapping with a key that signs is decrypting with
        // it.
        attributes.push_back({CKA_UNWRAP, no});
    }
    return attributes;
}

void add(Template& attributes, const Template& more) {
    attributes.insert(attributes.end(), more.begin(), more.end());
}

void require_kept_in(const Session& session, Handle key) {
    if (session.flag(key, CKA_SENSITIVE) == true && session.flag(key, CKA_EXTRACTABLE) == false) return;
    throw Error(ErrorKind::failed, "the token does not keep the key to itself")
        .cause("it does not say that the key is sensitive and cannot be extracted");
}

/// A token and its keys, each told once though it may have two objects.
TokenInfo look_at(const Module& module, const Slot& slot, const crypto::SecretBytes* pin) {
    const Session session(module, slot, pin, false);
    TokenInfo token = slot.token;
    token.logged_in = pin != nullptr;
    const std::vector<KeyObject> objects = session.keys();
    for (const KeyObject& object : objects) {
        const bool is_half = !object.is_private && std::ranges::any_of(objects, [&](const KeyObject& other) {
            return other.is_private && !object.info.public_key.empty() &&
                   other.info.public_key == object.info.public_key;
        });
        if (!is_half) token.keys.push_back(object.info);
    }
    return token;
}

}  // namespace

std::vector<TokenInfo> list_tokens(const Access& access) {
    return decode_tokens(ask(access, list_bytes_max, nothing_changed, [&](const Module& module) {
        std::vector<Slot> slots = module.slots();
        if (!access.token.empty()) slots = {module.find(access.token)};
        // One token's PIN is never tried on another.
        const crypto::SecretBytes* pin = slots.size() == 1 ? pin_of(access) : nullptr;
        std::vector<TokenInfo> tokens;
        tokens.reserve(slots.size());
        for (const Slot& slot : slots) tokens.push_back(look_at(module, slot, pin));
        return encode(tokens);
    }));
}

TokenInfo find_token(const Access& access) {
    std::vector<TokenInfo> tokens =
        decode_tokens(ask(access, list_bytes_max, nothing_changed, [&](const Module& module) {
            return encode({look_at(module, module.find(access.token), pin_of(access))});
        }));
    if (tokens.size() != 1)
        throw Error(ErrorKind::failed, "the PKCS#11 module damaged the answer of its process");
    return std::move(tokens.front());
}

void import_key(const Access& access, const crypto::RsaPrivateNumbers& key, const std::string& label) {
    const Bytes public_key = crypto::rsa_public_key(key.n, key.e);
    const crypto::Digest digest = crypto::sha256(public_key);
    const ByteView id = ByteView(digest).first(id_bytes);
    const auto challenge = crypto::random_array<32>();
    const std::string what = "cannot put the key onto the token";
    const Bytes signature = change_token(access, [&](const Session& session, const Slot& slot, Made& made) {
        for (const KeyObject& there : session.keys())
            if (there.info.public_key == public_key || std::ranges::equal(there.info.id, id))
                throw Error(ErrorKind::failed, what)
                    .cause(base::format("the token '{}' has {} already", slot.token.label,
                                        there.is_private ? "this key" : "the public part of this key"));
        Template secret = key_template(private_class, label, id);
        add(secret, {{CKA_SIGN, yes},
                     {CKA_DECRYPT, no},
                     {CKA_MODULUS, key.n},
                     {CKA_PUBLIC_EXPONENT, key.e},
                     {CKA_PRIVATE_EXPONENT, key.d},
                     {CKA_PRIME_1, key.p},
                     {CKA_PRIME_2, key.q},
                     {CKA_EXPONENT_1, key.dp},
                     {CKA_EXPONENT_2, key.dq},
                     {CKA_COEFFICIENT, key.q_inverse}});
        const Handle handle = made.emplace_back(session.create(secret, what));
        Template open = key_template(public_class, label, id);
        add(open, {{CKA_VERIFY, yes}, {CKA_MODULUS, key.n}, {CKA_PUBLIC_EXPONENT, key.e}});
        made.push_back(session.create(open, what));
        require_kept_in(session, handle);
        return session.sign(handle, challenge);
    });
    if (crypto::verify_pkcs1_sha256_digest(public_key, challenge, signature)) return;
    remove_key(access, public_key);
    throw Error(ErrorKind::failed, what)
        .cause("what the token signs with it does not verify")
        .state("the key was removed from the token again");
}

Bytes sign(const Access& access, ByteView public_key, const crypto::Digest& digest) {
    Bytes signature = ask_token(access, [&](const Session& session) {
        return session.sign(session.private_key(public_key), digest);
    });
    if (!crypto::verify_pkcs1_sha256_digest(public_key, digest, signature))
        throw Error(ErrorKind::failed, "cannot sign with the token")
            .cause("its signature does not verify with the key's public part");
    return signature;
}

unsigned remove_key(const Access& access, ByteView public_key) {
    const Bytes count = change_token(access, [&](const Session& session, const Slot&, Made&) {
        std::uint8_t removed = 0;
        for (const KeyObject& key : session.keys()) {
            if (!std::ranges::equal(key.info.public_key, public_key)) continue;
            try {
                session.destroy(key.handle, "cannot remove the key from the token");
            } catch (Error& error) {
                if (removed > 0) error.state("one of the two objects of the key is removed");
                throw;
            }
            ++removed;
        }
        return Bytes{removed};
    });
    if (count.size() != 1 || count[0] == 0)
        throw Error(ErrorKind::failed, "the token does not have that key").state("nothing was removed");
    return count[0];
}

NewKey generate_key(const Access& access, const std::string& label) {
    const auto id = crypto::random_array<id_bytes>();
    const std::string what = "cannot make a key on the token";
    const Bytes answer = change_token(access, [&](const Session& session, const Slot& slot, Made& made) {
        Template open = key_template(public_class, label, id),
                 secret = key_template(private_class, label, id);
        add(open, {{CKA_ENCRYPT, yes},
                   {CKA_VERIFY, no},
                   {CKA_MODULUS_BITS, number(modulus_bits)},
                   {CKA_PUBLIC_EXPONENT, public_exponent}});
        add(secret, {{CKA_DECRYPT, yes}, {CKA_SIGN, no}});
        const Session::Pair pair = session.generate(open, secret, what);
        made = {pair.private_key, pair.public_key};
        require_kept_in(session, pair.private_key);
        return encode_fields({base::as_bytes(slot.token.label), base::as_bytes(slot.token.serial),
                              session.public_key_of(pair.public_key)});
    });
    const std::vector<Bytes> fields = decode_fields(answer, 3);
    return {base::printable(base::as_text(fields[0])), base::printable(base::as_text(fields[1])),
            Bytes(id.begin(), id.end()), fields[2]};
}

NewKey generate_ed25519_key(const Access& access, const std::string& label) {
    const auto id = crypto::random_array<id_bytes>();
    const auto challenge = crypto::random_array<32>();
    const std::string what = "cannot make a key on the token";
    const Bytes answer = change_token(access, [&](const Session& session, const Slot& slot, Made& made) {
        Template open = key_template(public_class, label, id, edwards_type),
                 secret = key_template(private_class, label, id, edwards_type);
        add(open, {{CKA_VERIFY, yes}, {CKA_EC_PARAMS, ed25519_curve}});
        add(secret, {{CKA_SIGN, yes}});
        const Session::Pair pair = session.generate_ed25519(open, secret, what);
        made = {pair.private_key, pair.public_key};
        require_kept_in(session, pair.private_key);
        const Bytes spki = session.public_key_of(pair.public_key);
        const auto key = crypto::ed25519_from_spki(spki);
        if (!key ||
            !crypto::verify_ed25519(*key, challenge, session.sign_ed25519(pair.private_key, challenge)))
            throw Error(ErrorKind::failed, what).cause("what the token signs with it does not verify");
        return encode_fields({base::as_bytes(slot.token.label), base::as_bytes(slot.token.serial), *key});
    });
    const std::vector<Bytes> fields = decode_fields(answer, 3);
    return {base::printable(base::as_text(fields[0])), base::printable(base::as_text(fields[1])),
            Bytes(id.begin(), id.end()), fields[2]};
}

Bytes sign_ed25519(const Access& access, ByteView public_key, ByteView message) {
    const Bytes spki = crypto::ed25519_to_spki(public_key);
    Bytes signature = ask_token(access, [&](const Session& session) {
        return session.sign_ed25519(session.private_key(spki), message);
    });
    if (!crypto::verify_ed25519(public_key, message, signature))
        throw Error(ErrorKind::failed, "cannot sign with the token")
            .cause("its signature does not verify with the key's public part");
    return signature;
}

crypto::SecretBytes decrypt(const Access& access, ByteView public_key, ByteView sealed) {
    Bytes plain = ask_token(access, [&](const Session& session) {
        return session.decrypt(session.private_key(public_key), sealed);
    });
    crypto::SecretBytes secret = crypto::SecretBytes::copy_of(plain);
    crypto::wipe(plain.data(), plain.size());
    return secret;
}

}  // namespace bt2c::token
