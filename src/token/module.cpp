#include "token/module.hpp"

#include <dlfcn.h>
#include <p11-kit/pkcs11.h>

#include <span>

#include "base/error.hpp"
#include "base/text.hpp"
#include "token/return_value.hpp"

namespace bt2c::token {
namespace {

using base::Error;
using base::ErrorKind;

constexpr unsigned long slots_max = 256;

/// Texts of PKCS#11 are padded with blanks, those of some modules with zeros.
std::string text_of(std::span<const unsigned char> field) {
    std::string_view text = base::as_text(field);
    text = text.substr(0, text.find('\0'));
    return base::printable(text.substr(0, text.find_last_not_of(' ') + 1));
}

bool has_all(const ck_function_list& calls) {
    return calls.C_Initialize && calls.C_Finalize && calls.C_GetSlotList && calls.C_GetTokenInfo &&
           calls.C_OpenSession && calls.C_Login && calls.C_FindObjectsInit && calls.C_FindObjects &&
           calls.C_FindObjectsFinal && calls.C_GetAttributeValue && calls.C_CreateObject &&
           calls.C_DestroyObject && calls.C_GenerateKeyPair && calls.C_SignInit && calls.C_Sign &&
           calls.C_DecryptInit && calls.C_Decrypt;
}

std::string names_of(const std::vector<Slot>& slots) {
    std::string names;
    for (const Slot& slot : slots)
        names += base::format("{}'{}' (serial {})", names.empty() ? "" : ", ", slot.token.label,
                              slot.token.serial);
    return names;
}

}  // namespace

Module::Module(const std::filesystem::path& path) {
    const std::string name = base::printable(path.native());
    // Never unloaded: its threads may still run, and the process ends soon.
    void* library = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        const char* reason = ::dlerror();
        throw Error(ErrorKind::failed, base::format("cannot load the PKCS#11 module {}", name))
            .cause(reason ? base::printable(reason) : "");
    }
    const Error no_module = Error(ErrorKind::failed, base::format("{} is no PKCS#11 module", name))
                                .hint("name the library that came with the token, such as libsofthsm2.so");
    const auto get_list = reinterpret_cast<CK_C_GetFunctionList>(::dlsym(library, "C_GetFunctionList"));
    if (!get_list) throw Error(no_module).cause("it has no function C_GetFunctionList");
    ck_function_list* calls = nullptr;
    check(get_list(&calls), base::format("cannot use the PKCS#11 module {}", name));
    if (!calls) throw Error(no_module).cause("it has no list of functions");
    // 3.x keeps the functions of 2.x in their places.
    if (calls->version.major != 2 && calls->version.major != 3)
        throw Error(no_module).cause(base::format("it is of PKCS#11 {}.{}, known are 2 and 3",
                                                  calls->version.major, calls->version.minor));
    if (!has_all(*calls)) throw Error(no_module).cause("functions are missing in its list");
    ck_c_initialize_args arguments{};
    arguments.flags = CKF_OS_LOCKING_OK;
    check(calls->C_Initialize(&arguments), base::format("cannot start the PKCS#11 module {}", name));
    calls_ = calls;
}

Module::~Module() {
    calls_->C_Finalize(nullptr);
}

std::vector<Slot> Module::slots() const {
    constexpr const char* what = "cannot list the tokens of the PKCS#11 module";
    unsigned long count = 0;
    check(calls_->C_GetSlotList(1, nullptr, &count), what);
    if (count > slots_max)
        throw Error(ErrorKind::failed, what).cause(base::format("it claims to have {} slots", count));
    std::vector<Handle> ids(slots_max);
    count = slots_max;
    check(calls_->C_GetSlotList(1, ids.data(), &count), what);
    if (count > slots_max)
        throw Error(ErrorKind::failed, what).cause(base::format("it claims to have {} slots", count));
    ids.resize(count);
    std::vector<Slot> slots;
    for (const Handle id : ids) {
        ck_token_info info{};
        const unsigned long value = calls_->C_GetTokenInfo(id, &info);
        // A card that the module cannot read is no reason not to use another.
        if (value == CKR_TOKEN_NOT_PRESENT || value == CKR_TOKEN_NOT_RECOGNIZED) continue;
        check(value, what);
        if ((info.flags & CKF_TOKEN_INITIALIZED) == 0) continue;
        Slot slot{.id = id, .flags = info.flags, .token = {}};
        slot.token.label = text_of(info.label);
        slot.token.serial = text_of(info.serial_number);
        slot.token.manufacturer = text_of(info.manufacturer_id);
        slot.token.model = text_of(info.model);
        slot.token.pin_warning = pin_warning(info.flags);
        slots.push_back(std::move(slot));
    }
    return slots;
}

Slot Module::find(const std::string& wanted) const {
    std::vector<Slot> all = slots(), matching;
    for (const Slot& slot : all)
        if (wanted.empty() || slot.token.label == wanted || slot.token.serial == wanted)
            matching.push_back(slot);
    if (matching.size() == 1) return matching.front();
    if (all.empty())
        throw Error(ErrorKind::failed, "there is no token")
            .cause("the PKCS#11 module sees none that is initialised")
            .hint("plug it in; a new one is initialised with its own tool");
    if (matching.empty())
        throw Error(ErrorKind::failed, base::format("there is no token '{}'", base::printable(wanted)))
            .cause("there are: " + names_of(all));
    throw Error(ErrorKind::failed, wanted.empty() ? std::string("there are several tokens")
                                                  : base::format("several tokens are called '{}'", wanted))
        .cause("there are: " + names_of(matching))
        .hint("name one with --token, by its label or serial number");
}

unsigned long Module::flags_of(Handle slot) const {
    ck_token_info info{};
    return calls_->C_GetTokenInfo(slot, &info) == CKR_OK ? info.flags : 0;
}

std::string pin_warning(unsigned long flags) {
    if ((flags & CKF_USER_PIN_LOCKED) != 0) return "its PIN is locked";
    if ((flags & CKF_USER_PIN_FINAL_TRY) != 0) return "one more wrong PIN locks the token";
    if ((flags & CKF_USER_PIN_COUNT_LOW) != 0)
        return "a wrong PIN was given since the last right one, and only a few are allowed";
    return "";
}

}  // namespace bt2c::token
