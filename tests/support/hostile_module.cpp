// A PKCS#11 module that misbehaves as BT2C_HOSTILE says; see tests/unit/token/hostile_test.cpp.

#include <p11-kit/pkcs11.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <string_view>

namespace {

bool is(std::string_view behaviour) {
    const char* wanted = getenv("BT2C_HOSTILE");
    return wanted && behaviour == wanted;
}

void hang() {
    // Out of the group in which it would be killed.
    setpgid(0, getpgid(getppid()));
    for (;;) sleep(1000);
}

ck_rv_t initialize(void*) {
    if (is("crash")) raise(SIGSEGV);
    if (is("exit")) exit(3);
    if (is("hang")) hang();
    if (is("print")) {
        puts("noise on stdout");
        fputs("noise on stderr\n", stderr);
        fflush(stdout);
    }
    // The answer's descriptor is the only one besides 0 to 2.
    if (is("close and hang")) {
        close(3);
        hang();
    }
    if (is("write nonsense")) {
        const char nonsense[] = "\xff\xff\xff\xff\xff\xff\xff\xff";
        if (write(3, nonsense, sizeof nonsense) < 0) abort();
        hang();
    }
    return is("refuse") ? CKR_GENERAL_ERROR : CKR_OK;
}
ck_rv_t finalize(void*) {
    return CKR_OK;
}
ck_rv_t get_slot_list(unsigned char, ck_slot_id_t* slots, unsigned long* count) {
    if (is("many slots")) {
        *count = 1UL << 60;
        return CKR_OK;
    }
    if (slots && is("more slots")) *count = 1UL << 60;
    if (slots) slots[0] = 0;
    if (!slots || !is("more slots")) *count = 1;
    return CKR_OK;
}
ck_rv_t get_token_info(ck_slot_id_t, ck_token_info* info) {
    memset(info, is("odd texts") ? 0x1b : ' ', sizeof *info);
    if (!is("odd texts")) memcpy(info->serial_number, "17", 2);
    info->flags = CKF_TOKEN_INITIALIZED;
    if (is("last try")) info->flags |= CKF_USER_PIN_FINAL_TRY;
    return CKR_OK;
}
ck_rv_t open_session(ck_slot_id_t, ck_flags_t, void*, ck_notify_t, ck_session_handle_t* session) {
    *session = 1;
    return CKR_OK;
}
ck_rv_t close_session(ck_session_handle_t) {
    return CKR_OK;
}
ck_rv_t login(ck_session_handle_t, ck_user_type_t, unsigned char*, unsigned long) {
    return is("last try") ? CKR_PIN_INCORRECT : CKR_OK;
}
ck_rv_t find_objects_init(ck_session_handle_t, ck_attribute*, unsigned long) {
    return CKR_OK;
}
ck_rv_t find_objects(ck_session_handle_t, ck_object_handle_t* objects, unsigned long most,
                     unsigned long* count) {
    static int calls = 0;
    *count = 0;
    if (is("many keys")) *count = 1UL << 60;
    if (is("endless keys")) *count = most;
    if (is("odd attributes") && ++calls == 1) *count = 1;
    for (unsigned long i = 0; i < *count && i < most; ++i) objects[i] = i;
    return CKR_OK;
}
ck_rv_t find_objects_final(ck_session_handle_t) {
    return CKR_OK;
}
ck_rv_t get_attribute_value(ck_session_handle_t, ck_object_handle_t, ck_attribute* attributes,
                            unsigned long) {
    attributes->value_len = 1UL << 50;
    return CKR_OK;
}
ck_rv_t other(...) {
    return CKR_FUNCTION_NOT_SUPPORTED;
}

template <typename Function>
Function refusing() {
    return reinterpret_cast<Function>(reinterpret_cast<void*>(&other));
}

}  // namespace

extern "C" ck_rv_t C_GetFunctionList(ck_function_list** list) {
    static ck_function_list calls{};
    calls.version = {static_cast<unsigned char>(is("version 9") ? 9 : 2), 40};
    calls.C_Initialize = initialize;
    calls.C_Finalize = finalize;
    calls.C_GetSlotList = get_slot_list;
    calls.C_GetTokenInfo = get_token_info;
    calls.C_OpenSession = open_session;
    calls.C_CloseSession = close_session;
    calls.C_Login = login;
    calls.C_FindObjectsInit = find_objects_init;
    calls.C_FindObjects = find_objects;
    calls.C_FindObjectsFinal = find_objects_final;
    calls.C_GetAttributeValue = get_attribute_value;
    calls.C_CreateObject = refusing<CK_C_CreateObject>();
    calls.C_DestroyObject = refusing<CK_C_DestroyObject>();
    calls.C_GenerateKeyPair = refusing<CK_C_GenerateKeyPair>();
    calls.C_SignInit = refusing<CK_C_SignInit>();
    calls.C_Sign = refusing<CK_C_Sign>();
    calls.C_DecryptInit = refusing<CK_C_DecryptInit>();
    calls.C_Decrypt = is("holes") ? nullptr : refusing<CK_C_Decrypt>();
    *list = is("no list") ? nullptr : &calls;
    return CKR_OK;
}
