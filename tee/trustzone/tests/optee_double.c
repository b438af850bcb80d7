/* SPDX-License-Identifier: MIT */
#include "tee/trustzone/tests/optee_double.h"

#include <dlfcn.h>
#include <link.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#define PAGE 4096u
#define BAD_CALL 0xffffba0cu /* the double's own panic: a call against the rules */
#define HASH_LEN 32u

struct optee_device optee_device;

static struct application *running;
static jmp_buf panicked;
static EVP_PKEY *key;

struct region {
    uint8_t *at;
    size_t len;
    bool is_writable;
    void *map;
    size_t map_len;
};
static struct region regions[64];
static size_t region_count;

struct object {
    uint8_t id[TEE_OBJECT_ID_MAX_LEN];
    size_t id_len;
    uint8_t data[256];
    size_t len;
};
static struct object objects[4];
static size_t object_count;

/* Handles are never used twice. */
struct handle {
    bool is_open;
    uint32_t flags;
    struct object *object;
};
static struct handle handles[1024];
static size_t handle_count = 1;
static bool sessions[1024];
static size_t session_count = 1;

/* --- panics --------------------------------------------------------------------------------------- */

_Noreturn void TEE_Panic(TEE_Result code)
{
    if (running == NULL) {
        fail_msg("a panic outside of an application: 0x%08x", code);
    }
    running->is_dead = true;
    running->panic = code;
    longjmp(panicked, 1);
}

static void rule(bool holds)
{
    if (!holds) {
        TEE_Panic(BAD_CALL);
    }
}

bool optee_panics(void (*run)(void))
{
    struct application nobody = {.start = 1, .end = UINTPTR_MAX};
    running = &nobody;
    if (setjmp(panicked) == 0) {
        run();
    }
    running = NULL;
    return nobody.is_dead && nobody.panic == BAD_CALL;
}

/* --- memory --------------------------------------------------------------------------------------- */

uint8_t *optee_shared(size_t len, bool is_writable)
{
    const size_t room = (len + PAGE - 1) / PAGE * PAGE;
    uint8_t *map = mmap(NULL, room + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(map != MAP_FAILED && region_count < sizeof regions / sizeof regions[0]);
    assert_int_equal(mprotect(map + room, PAGE, PROT_NONE), 0);
    uint8_t *at = map + room - len;
    regions[region_count++] = (struct region){at, len, is_writable, map, room + PAGE};
    return at;
}

void optee_shared_free(void)
{
    while (region_count > 0) {
        region_count--;
        (void)munmap(regions[region_count].map, regions[region_count].map_len);
    }
}

static bool is_inside(const void *buffer, size_t len, uintptr_t start, uintptr_t end)
{
    const uintptr_t at = (uintptr_t)buffer;
    return at >= start && at <= end && len <= end - at;
}

static bool is_own(const void *buffer, size_t len)
{
    return is_inside(buffer, len, running->start, running->end);
}

TEE_Result TEE_CheckMemoryAccessRights(uint32_t flags, void *buffer, size_t len)
{
    rule((flags & ~(uint32_t)(TEE_MEMORY_ACCESS_READ | TEE_MEMORY_ACCESS_WRITE |
                         TEE_MEMORY_ACCESS_ANY_OWNER)) == 0);
    if (len == 0 || is_own(buffer, len)) {
        return TEE_SUCCESS;
    }
    for (size_t i = 0; i < region_count && (flags & TEE_MEMORY_ACCESS_ANY_OWNER) != 0; i++) {
        const struct region *r = &regions[i];
        if (is_inside(buffer, len, (uintptr_t)r->at, (uintptr_t)r->at + r->len) &&
                (r->is_writable || (flags & TEE_MEMORY_ACCESS_WRITE) == 0)) {
            return TEE_SUCCESS;
        }
    }
    return TEE_ERROR_ACCESS_DENIED;
}

void TEE_GenerateRandom(void *bytes, size_t len)
{
    rule(is_own(bytes, len));
    optee_device.randoms++;
    assert_int_equal(getrandom(bytes, len, 0), len);
}

/* --- services ------------------------------------------------------------------------------------- */

static bool is_types_plain(const TEE_Param *params, uint32_t types)
{
    for (uint32_t i = 0; i < TEE_NUM_PARAMS; i++) {
        const uint32_t type = TEE_PARAM_TYPE_GET(types, i);
        if (type == 4 || type > TEE_PARAM_TYPE_MEMREF_INOUT ||
                (type >= TEE_PARAM_TYPE_MEMREF_INPUT && params[i].memref.size > 0 &&
                        !is_own(params[i].memref.buffer, params[i].memref.size))) {
            return false;
        }
    }
    return types >> 16 == 0;
}

TEE_Result TEE_OpenTASession(const TEE_UUID *to, uint32_t timeout, uint32_t types,
        TEE_Param params[TEE_NUM_PARAMS], TEE_TASessionHandle *ret_session, uint32_t *ret_origin)
{
    static const TEE_UUID attestation = {0x39800861, 0x182a, 0x4720,
            {0x9b, 0x67, 0x2b, 0xcd, 0x62, 0x2b, 0xc0, 0xb5}};
    rule(is_own(to, sizeof *to) && is_types_plain(params, types) && timeout == TEE_TIMEOUT_INFINITE);
    *ret_session = TEE_HANDLE_NULL;
    *ret_origin = 3;
    if (memcmp(to, &attestation, sizeof attestation) != 0) {
        return TEE_ERROR_ITEM_NOT_FOUND;
    }
    if (optee_device.attestation == TEE_SUCCESS) {
        assert_true(session_count < sizeof sessions / sizeof sessions[0]);
        sessions[session_count] = true;
        *ret_session = (TEE_TASessionHandle)session_count++; // NOLINT: a handle is a number
        optee_device.sessions_open++;
    }
    return optee_device.attestation;
}

static size_t session_of(TEE_TASessionHandle handle)
{
    const size_t number = (size_t)handle;
    rule(number < session_count && sessions[number]);
    return number;
}

void TEE_CloseTASession(TEE_TASessionHandle handle)
{
    if (handle != TEE_HANDLE_NULL) {
        sessions[session_of(handle)] = false;
        optee_device.sessions_open--;
    }
}

static EVP_PKEY *signer(void)
{
    if (key == NULL) {
        key = EVP_RSA_gen(SIGNATURE_LEN * 8);
    }
    assert_non_null(key);
    return key;
}

static EVP_PKEY_CTX *pss(EVP_MD_CTX *context, bool is_signing)
{
    EVP_PKEY_CTX *padding = NULL;
    assert_int_equal(is_signing ? EVP_DigestSignInit(context, &padding, EVP_sha256(), NULL, signer())
                                : EVP_DigestVerifyInit(context, &padding, EVP_sha256(), NULL, signer()),
            1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(padding, RSA_PKCS1_PSS_PADDING), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(padding, 32), 1);
    return padding;
}

TEE_Result TEE_InvokeTACommand(TEE_TASessionHandle handle, uint32_t timeout, uint32_t command,
        uint32_t types, TEE_Param params[TEE_NUM_PARAMS], uint32_t *ret_origin)
{
    (void)session_of(handle);
    rule(timeout == TEE_TIMEOUT_INFINITE && is_types_plain(params, types));
    *ret_origin = 4;
    if (command != 2 || types != TEE_PARAM_TYPES(TEE_PARAM_TYPE_MEMREF_INPUT,
                                         TEE_PARAM_TYPE_MEMREF_OUTPUT, 0, 0) ||
            params[0].memref.size == 0 || params[0].memref.size > sizeof optee_device.nonce) {
        return TEE_ERROR_BAD_PARAMETERS;
    }
    const size_t cap = params[1].memref.size;
    params[1].memref.size = HASH_LEN + SIGNATURE_LEN;
    if (cap < HASH_LEN + SIGNATURE_LEN) {
        return TEE_ERROR_SHORT_BUFFER;
    }
    uint8_t *out = params[1].memref.buffer;
    size_t len = SIGNATURE_LEN;
    optee_device.nonce_len = params[0].memref.size;
    memcpy(optee_device.nonce, params[0].memref.buffer, optee_device.nonce_len);
    memset(out, 0x4d, HASH_LEN); /* what the service measured */
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    (void)pss(context, true);
    assert_int_equal(EVP_DigestSignUpdate(context, optee_device.nonce, optee_device.nonce_len), 1);
    assert_int_equal(EVP_DigestSignUpdate(context, out, HASH_LEN), 1);
    assert_int_equal(EVP_DigestSignFinal(context, out + HASH_LEN, &len), 1);
    EVP_MD_CTX_free(context);
    return optee_device.signing;
}

bool optee_verify(const uint8_t *nonce, size_t nonce_len, const uint8_t *evidence, size_t len)
{
    if (len != HASH_LEN + SIGNATURE_LEN) {
        return false;
    }
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    (void)pss(context, false);
    const bool is_right = EVP_DigestVerifyUpdate(context, nonce, nonce_len) == 1 &&
            EVP_DigestVerifyUpdate(context, evidence, HASH_LEN) == 1 &&
            EVP_DigestVerifyFinal(context, evidence + HASH_LEN, SIGNATURE_LEN) == 1;
    EVP_MD_CTX_free(context);
    return is_right;
}

/* --- storage -------------------------------------------------------------------------------------- */

static struct object *find(const void *id, size_t id_len)
{
    for (size_t i = 0; i < object_count; i++) {
        if (objects[i].id_len == id_len && memcmp(objects[i].id, id, id_len) == 0) {
            return &objects[i];
        }
    }
    return NULL;
}

static void store(const void *id, size_t id_len, const void *data, size_t len)
{
    assert_true(object_count < sizeof objects / sizeof objects[0] && len <= sizeof objects[0].data);
    struct object *o = &objects[object_count++];
    memcpy(o->id, id, id_len);
    o->id_len = id_len;
    memcpy(o->data, data, len);
    o->len = len;
}

static TEE_ObjectHandle handle_to(struct object *object, uint32_t flags)
{
    assert_true(handle_count < sizeof handles / sizeof handles[0]);
    handles[handle_count] = (struct handle){true, flags, object};
    optee_device.objects_open++;
    return (TEE_ObjectHandle)handle_count++; // NOLINT: a handle is a number
}

static struct handle *handle_of(TEE_ObjectHandle handle)
{
    const size_t number = (size_t)handle;
    rule(number > 0 && number < handle_count && handles[number].is_open);
    return &handles[number];
}

TEE_Result TEE_OpenPersistentObject(uint32_t storage, const void *id, size_t id_len, uint32_t flags,
        TEE_ObjectHandle *ret_object)
{
    rule(is_own(id, id_len) && id_len <= TEE_OBJECT_ID_MAX_LEN && (flags & ~0x37u) == 0);
    *ret_object = TEE_HANDLE_NULL;
    struct object *object = find(id, id_len);
    if (storage != TEE_STORAGE_PRIVATE || object == NULL) {
        return TEE_ERROR_ITEM_NOT_FOUND;
    }
    if (optee_device.is_corrupt) {
        return TEE_ERROR_CORRUPT_OBJECT;
    }
    *ret_object = handle_to(object, flags);
    return TEE_SUCCESS;
}

TEE_Result TEE_CreatePersistentObject(uint32_t storage, const void *id, size_t id_len, uint32_t flags,
        TEE_ObjectHandle attributes, const void *data, size_t len, TEE_ObjectHandle *ret_object)
{
    rule(is_own(id, id_len) && id_len <= TEE_OBJECT_ID_MAX_LEN && (flags & ~0x437u) == 0 &&
            attributes == TEE_HANDLE_NULL && is_own(data, len));
    if (storage != TEE_STORAGE_PRIVATE) {
        return TEE_ERROR_ITEM_NOT_FOUND;
    }
    if (optee_device.is_raced) {
        uint8_t other[32];
        memset(other, 0x77, sizeof other);
        optee_device.is_raced = false;
        store(id, id_len, other, sizeof other);
    }
    if (find(id, id_len) != NULL) {
        rule((flags & TEE_DATA_FLAG_OVERWRITE) == 0); /* nothing here may overwrite */
        return TEE_ERROR_ACCESS_CONFLICT;
    }
    store(id, id_len, data, len);
    if (ret_object != NULL) {
        *ret_object = handle_to(&objects[object_count - 1], flags);
    }
    return TEE_SUCCESS;
}

TEE_Result TEE_ReadObjectData(TEE_ObjectHandle handle, void *buffer, size_t size, size_t *ret_count)
{
    const struct handle *h = handle_of(handle);
    rule((h->flags & TEE_DATA_FLAG_ACCESS_READ) != 0 && is_own(buffer, size));
    const size_t len = h->object->len - optee_device.cut;
    *ret_count = len < size ? len : size;
    memcpy(buffer, h->object->data, *ret_count);
    return TEE_SUCCESS;
}

void TEE_CloseObject(TEE_ObjectHandle handle)
{
    if (handle != TEE_HANDLE_NULL) {
        handle_of(handle)->is_open = false;
        optee_device.objects_open--;
    }
}

void optee_reset(void)
{
    optee_device = (struct optee_device){.attestation = TEE_SUCCESS};
    object_count = 0;
}

/* --- instances ------------------------------------------------------------------------------------ */

static int place(struct dl_phdr_info *info, size_t len, void *data)
{
    struct application *a = data;
    (void)len;
    if (strcmp(info->dlpi_name, a->path) != 0) {
        return 0;
    }
    for (unsigned i = 0; i < info->dlpi_phnum; i++) {
        if (info->dlpi_phdr[i].p_type == PT_LOAD) {
            const uintptr_t end =
                    info->dlpi_addr + info->dlpi_phdr[i].p_vaddr + info->dlpi_phdr[i].p_memsz;
            a->end = end > a->end ? end : a->end;
        }
    }
    a->start = info->dlpi_addr;
    return 1;
}

static void *symbol(const struct application *a, const char *name)
{
    void *found = dlsym(a->library, name);
    assert_non_null(found);
    return found;
}

/* An entry point runs; a panic comes back as TEE_ERROR_TARGET_DEAD. */
#define ENTER(a, name, type, ...)                                                                \
    do {                                                                                         \
        if ((a)->is_dead) {                                                                      \
            return TEE_ERROR_TARGET_DEAD;                                                        \
        }                                                                                        \
        union {                                                                                  \
            void *object;                                                                        \
            TEE_Result(*function) type;                                                          \
        } entry = {symbol(a, name)};                                                             \
        running = (a);                                                                           \
        volatile TEE_Result result = TEE_ERROR_TARGET_DEAD;                                      \
        if (setjmp(panicked) == 0) {                                                             \
            result = entry.function(__VA_ARGS__);                                                \
        }                                                                                        \
        running = NULL;                                                                          \
        return result;                                                                           \
    } while (0)

static TEE_Result create(struct application *a)
{
    ENTER(a, "TA_CreateEntryPoint", (void), );
}

TEE_Result optee_open(struct application *a, uint32_t types, TEE_Param params[TEE_NUM_PARAMS])
{
    ENTER(a, "TA_OpenSessionEntryPoint", (uint32_t, TEE_Param *, void **), types, params, &a->session);
}

TEE_Result optee_invoke(struct application *a, uint32_t command, uint32_t types,
        TEE_Param params[TEE_NUM_PARAMS])
{
    ENTER(a, "TA_InvokeCommandEntryPoint", (void *, uint32_t, uint32_t, TEE_Param *), a->session,
            command, types, params);
}

void optee_instance(const char *file, struct application *ret_application)
{
    char command[256];
    struct application *a = ret_application;
    *a = (struct application){.path = "/tmp/optee-instance-XXXXXX"};
    const int fd = mkstemp(a->path);
    assert_true(fd >= 0);
    assert_int_equal(close(fd), 0);
    (void)snprintf(command, sizeof command, "cp '%s' '%s'", file, a->path);
    assert_int_equal(system(command), 0);
    a->library = dlopen(a->path, RTLD_NOW | RTLD_LOCAL);
    if (a->library == NULL) {
        fail_msg("%s", dlerror());
    }
    assert_int_equal(dl_iterate_phdr(place, a), 1);
    assert_int_equal(unlink(a->path), 0);
    assert_int_equal(create(a), TEE_SUCCESS);
}

void optee_end(struct application *a)
{
    assert_int_equal(dlclose(a->library), 0);
    *a = (struct application){0};
}
