/* SPDX-License-Identifier: MIT */
/*
 * Modules as trusted applications of OP-TEE, from tools/optee-ta, on a TEE in software: what they
 * do, and what a hostile client, another instance or a broken platform cannot make them do.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <ucontext.h>
#include <unistd.h>

#include <cmocka.h>
#include <dlfcn.h>

#include "core/channel/channel.h"
#include "core/crypto/hash.h"
#include "core/crypto/suite.h"
#include "core/module/endpoint.h"
#include "core/wire/frame.h"
#include "core/wire/sealed.h"
#include "deploy/manager.h"
#include "tee/trustzone/enclave/optee/optee.h"
#include "tee/trustzone/tests/optee_double.h"
#include "tests/support/channel.h"

#define ENTERS                                                                                   \
    TEE_PARAM_TYPES(TEE_PARAM_TYPE_VALUE_INOUT, TEE_PARAM_TYPE_MEMREF_INPUT,                     \
            TEE_PARAM_TYPE_MEMREF_OUTPUT, TEE_PARAM_TYPE_NONE)
#define PINGS TEE_PARAM_TYPES(TEE_PARAM_TYPE_VALUE_INOUT, 0, 0, 0)
#define OUT_CAP 2048u
#define MODULE 7u

static char folder[] = "/tmp/optee-test-XXXXXX";
static const uint8_t deployment[CW_DEPLOYMENT_LEN] = {1, 2, 3, 4, 5, 6, 7, 8};
static const uint8_t owner_secret[CW_DH_LEN] = {0x77, 1};
static const uint8_t share_secret[CW_DH_LEN] = {0x55, 2};

/* The X25519 public key of owner_secret. */
static const char owner[] = "const uint8_t cw_owner_key[CW_DH_LEN] = {"
                            "0x23, 0xe7, 0xaa, 0x0d, 0x74, 0xe0, 0x7c, 0xd3, "
                            "0x5f, 0xa7, 0x1f, 0xfb, 0x2a, 0x6d, 0xc1, 0xf1, "
                            "0x1b, 0x9b, 0x27, 0xa9, 0x76, 0x83, 0x8e, 0x6a, "
                            "0x1a, 0x5a, 0xac, 0x8e, 0xd1, 0x4b, 0xb8, 0x17};\n";

static const char *file_of(const char *name)
{
    static char path[160];
    (void)snprintf(path, sizeof path, "%s/%s.so", folder, name);
    return path;
}

static int make(const char *source, const char *name, unsigned version)
{
    char command[640];
    (void)snprintf(command, sizeof command,
            "tools/optee-ta %s --name %s --owner %s/owner_key.c --version %u --channels 8 "
            "--uuid 01020304-0506-0708-090a-0b0c0d0e0f10 --out %s/%s --host %s",
            source, name, folder, version, folder, name, file_of(name));
    return system(command);
}

static int start(void **state)
{
    (void)state;
    char path[160];
    if (access("build/enclave-aarch64/lib/liboptee.a", R_OK) != 0) {
        (void)printf("no compiler or library for AArch64 (./run setup)\n");
        exit(77);
    }
    if (mkdtemp(folder) == NULL) {
        return -1;
    }
    (void)snprintf(path, sizeof path, "%s/owner_key.c", folder);
    FILE *file = fopen(path, "w");
    if (file == NULL || fputs(owner, file) < 0 || fclose(file) != 0) {
        return -1;
    }
    return make("tee/trustzone/tests/modules/application.c", "subject", 2) != 0 ||
            make("tee/trustzone/tests/modules/application.c", "older", 1) != 0 ||
            make("examples/hello/hello.c", "hello", 1) != 0 ||
            make("examples/button-led/controller.c", "controller", 1) != 0;
}

static int stop(void **state)
{
    (void)state;
    char command[128];
    (void)snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

static int fresh(void **state)
{
    (void)state;
    optee_reset();
    return 0;
}

static int done(void **state)
{
    (void)state;
    optee_shared_free();
    return optee_device.sessions_open != 0 || optee_device.objects_open != 0;
}

/* --- a client ------------------------------------------------------------------------------------- */

static uint8_t items[OUT_CAP];
static size_t items_len;

static void instance(const char *name, struct application *ret_application)
{
    optee_instance(file_of(name), ret_application);
    assert_int_equal(optee_open(ret_application, 0, NULL), TEE_SUCCESS);
}

/* ENTER with memory of a client of these sizes; what it left is in items. */
static TEE_Result try_enter(struct application *a, uint32_t entry, const void *bytes, size_t len,
        size_t cap, cw_result *ret_result)
{
    uint8_t *in = optee_shared(len, false);
    uint8_t *out = optee_shared(cap, true);
    TEE_Param params[TEE_NUM_PARAMS] = {{.value = {entry, 0}}, {.memref = {in, len}},
            {.memref = {out, cap}}};
    memcpy(in, bytes, len);
    const TEE_Result result = optee_invoke(a, CW_OPTEE_ENTER, ENTERS, params);
    if (result == TEE_SUCCESS) {
        items_len = params[2].memref.size;
        assert_int_equal(items_len, params[0].value.a & 0xffffffu);
        assert_true(items_len <= cap);
        memcpy(items, out, items_len);
        *ret_result = (cw_result)(params[0].value.a >> 24);
    }
    optee_shared_free();
    return result;
}

static cw_result enter(struct application *a, uint32_t entry, const void *bytes, size_t len)
{
    cw_result result = CW_RESULT_REFUSED;
    assert_int_equal(try_enter(a, entry, bytes, len, OUT_CAP, &result), TEE_SUCCESS);
    return result;
}

/* The item at its place, which must be of that type. */
static uint8_t *item_at(size_t at, uint8_t type, size_t *ret_len)
{
    struct cw_link_header header;
    assert_true(items_len >= at + CW_LINK_HEADER_LEN);
    assert_int_equal(cw_link_header_decode(items + at, &header), CW_OK);
    assert_int_equal(header.type, type);
    *ret_len = header.len;
    return items + at + CW_LINK_HEADER_LEN;
}

static uint8_t *item(uint8_t type, size_t *ret_len)
{
    return item_at(0, type, ret_len);
}

/* Rows lie in one table; which is the first one says the lowest address. */
static uint16_t index_of(const struct application *a, const char *name)
{
    static const char *const names[] = {"shout", "question", "hear", "echo", "ask", "keep", "give",
            "overflow", "greet", "count", "toggle_led", "increment_presses", "button_pressed"};
    char symbol[64];
    uintptr_t first = UINTPTR_MAX;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        (void)snprintf(symbol, sizeof symbol, "cw_endpoint_%s", names[i]);
        const uintptr_t at = (uintptr_t)dlsym(a->library, symbol);
        first = at != 0 && at < first ? at : first;
    }
    (void)snprintf(symbol, sizeof symbol, "cw_endpoint_%s", name);
    const uintptr_t at = (uintptr_t)dlsym(a->library, symbol);
    assert_true(at >= first);
    return (uint16_t)((at - first) / sizeof(struct cw_endpoint));
}

static size_t call_of(const struct application *a, const char *entry, const void *bytes, size_t len,
        uint8_t *ret_in)
{
    const uint8_t head[4] = {(uint8_t)index_of(a, entry)};
    memcpy(ret_in, head, sizeof head);
    memcpy(ret_in + sizeof head, bytes, len);
    return sizeof head + len;
}

static cw_result call(struct application *a, const char *entry, const void *bytes, size_t len)
{
    uint8_t in[512];
    return enter(a, CW_ENTRY_CALL, in, call_of(a, entry, bytes, len, in));
}

static void says(struct application *a, const char *entry, const char *argument, const char *answer)
{
    size_t len;
    assert_int_equal(call(a, entry, argument, strlen(argument)), CW_RESULT_DONE);
    const uint8_t *reply = item(CW_FRAME_REPLY, &len);
    assert_int_equal(len, strlen(answer));
    assert_memory_equal(reply, answer, len);
}

/* --- its owner ------------------------------------------------------------------------------------ */

static void report_name(const uint8_t report[32], uint8_t ret_nonce[CW_SHA256_LEN])
{
    static const uint8_t who[20] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 2};
    struct cw_sha256 hash;
    cw_sha256_init(&hash);
    cw_sha256_update(&hash, "cw1.opt", 8);
    cw_sha256_update(&hash, report, 32);
    cw_sha256_update(&hash, who, sizeof who);
    cw_sha256_out(&hash, ret_nonce);
}

static void attest(struct application *a, struct cw_manager *m, uint8_t nonce,
        uint8_t ret_report[32], const uint8_t **ret_proof, size_t *ret_proof_len)
{
    const uint8_t number[CW_NONCE_LEN] = {nonce};
    uint8_t message[CW_ATTEST_LEN];
    size_t len;
    cw_manager_begin(m, true, number, message);
    assert_int_equal(enter(a, CW_ENTRY_ATTEST, message, sizeof message), CW_RESULT_DONE);
    const uint8_t *reply = item(CW_FRAME_REPLY, &len);
    assert_int_equal(cw_manager_evidence(m, reply, len, ret_report, ret_proof, ret_proof_len), CW_OK);
}

static size_t open_message(struct cw_manager *m, uint8_t ret_message[CW_MANAGER_MESSAGE_MAX])
{
    size_t len;
    assert_int_equal(cw_manager_open(m, 1, deployment, MODULE, NULL, owner_secret, share_secret,
                             ret_message, &len),
            CW_OK);
    return len;
}

static void claim(struct application *a, struct cw_manager *m)
{
    uint8_t message[CW_MANAGER_MESSAGE_MAX];
    uint8_t report[32];
    const uint8_t *proof;
    size_t len;
    attest(a, m, 1, report, &proof, &len);
    len = open_message(m, message);
    assert_int_equal(enter(a, CW_ENTRY_MANAGE, message, len), CW_RESULT_DONE);
    const uint8_t *opened = item(CW_FRAME_REPLY, &len);
    assert_int_equal(cw_manager_opened(m, opened, len), CW_OK);
}

/* The module's end by SETCONN, and the other one here. */
static struct cw_channel connect_to(struct application *a, struct cw_manager *m, const char *endpoint,
        bool is_source, uint8_t mode)
{
    static uint32_t number = 16;
    uint8_t body[CW_SETCONN_LEN];
    uint8_t message[CW_MANAGER_MESSAGE_MAX];
    uint8_t check[CW_CHECK_LEN];
    struct cw_answer answer;
    struct cw_channel here = {0};
    size_t len;
    number++;
    const struct cw_setconn s = {
            .identity = {.conn = number, .epoch = 1, .src_module = is_source ? MODULE : 0,
                    .dst_module = is_source ? 0 : MODULE, .cipher = CW_CIPHER_AES, .mode = mode},
            .channel = number,
            .event_max = 64,
            .window = 4,
            .local = index_of(a, endpoint),
            .limit = UINT64_C(1) << 32,
            .start = CW_SETCONN_CUT,
            .key = {(uint8_t)number},
    };
    cw_setconn_bytes(&s, body);
    assert_int_equal(cw_manager_command(m, CW_MANAGE_SETCONN, body, sizeof body, message, &len), CW_OK);
    assert_int_equal(enter(a, CW_ENTRY_MANAGE, message, len), CW_RESULT_DONE);
    uint8_t *reply = item(CW_FRAME_REPLY, &len);
    assert_int_equal(cw_manager_answer(m, CW_MANAGE_SETCONN, reply, len, &answer), CW_OK);
    assert_int_equal(answer.status, CW_OK);
    cw_channel_install(&here, &s, deployment, !is_source, check);
    assert_memory_equal(answer.check, check, sizeof check);
    return here;
}

static size_t seal(struct cw_channel *c, const char *text, uint8_t ret_frame[256])
{
    size_t len;
    assert_int_equal(cw_test_wrap(c, (const uint8_t *)text, strlen(text), ret_frame, 256, &len),
            CW_OK);
    return len;
}

/* --- modules -------------------------------------------------------------------------------------- */

static void a_whole_module_is_called(void **state)
{
    (void)state;
    struct application a;
    instance("hello", &a);
    says(&a, "greet", "Ada", "Hello, Ada!");
    says(&a, "greet", "", "Hello, world!");
    optee_end(&a);
}

static void owner_connects_a_module_and_an_event_goes_through_it(void **state)
{
    (void)state;
    struct application a;
    struct cw_manager m;
    uint8_t frame[256];
    uint32_t gap;
    size_t len;
    instance("controller", &a);
    claim(&a, &m);
    struct cw_channel button = connect_to(&a, &m, "button_pressed", false, CW_MODE_STRICT);
    struct cw_channel light = connect_to(&a, &m, "toggle_led", true, CW_MODE_STRICT);
    struct cw_channel presses = connect_to(&a, &m, "increment_presses", true, CW_MODE_STRICT);
    const size_t frame_len = seal(&button, "", frame);
    assert_int_equal(enter(&a, CW_ENTRY_EVENT, frame, frame_len), CW_RESULT_DONE);
    uint8_t *first = item(CW_FRAME_EVENT, &len);
    assert_int_equal(cw_channel_unwrap(&light, first, len, &len, &gap), CW_OK);
    uint8_t *second = item_at(CW_LINK_HEADER_LEN + CW_FRAME_LEN(0), CW_FRAME_EVENT, &len);
    assert_int_equal(cw_channel_unwrap(&presses, second, len, &len, &gap), CW_OK);
    /* And not once more. */
    assert_int_equal(enter(&a, CW_ENTRY_EVENT, frame, frame_len), CW_RESULT_REFUSED);
    assert_int_equal(items_len, 0);
    optee_end(&a);
}

static void many_inputs_come_by_one_call(void **state)
{
    (void)state;
    struct application a;
    struct cw_manager m;
    uint8_t in[512];
    size_t at = 0;
    instance("subject", &a);
    claim(&a, &m);
    struct cw_channel source = connect_to(&a, &m, "hear", false, CW_MODE_STRICT);
    for (unsigned i = 0; i < 3; i++) {
        const uint32_t len = (uint32_t)seal(&source, "hey", in + at + 4);
        memcpy(in + at, &len, sizeof len);
        at += sizeof len + len;
    }
    TEE_Param params[TEE_NUM_PARAMS] = {{.value = {CW_ENTRY_EVENT | CW_OPTEE_MANY, 0}},
            {.memref = {optee_shared(at, false), at}},
            {.memref = {optee_shared(OUT_CAP, true), OUT_CAP}}};
    memcpy(params[1].memref.buffer, in, at);
    assert_int_equal(optee_invoke(&a, CW_OPTEE_ENTER, ENTERS, params), TEE_SUCCESS);
    assert_int_equal(params[0].value.a >> 24, CW_RESULT_DONE);
    assert_int_equal(params[0].value.b, 2);
    optee_end(&a);
}

static void request_leaves_in_the_middle_of_a_call_and_comes_back(void **state)
{
    (void)state;
    struct application a;
    struct cw_manager m;
    uint8_t frame[256];
    uint8_t heard[256];
    uint32_t gap;
    size_t len;
    size_t heard_len;
    instance("subject", &a);
    claim(&a, &m);
    struct cw_channel sink = connect_to(&a, &m, "question", true, CW_MODE_REQUEST);
    assert_int_equal(call(&a, "ask", "why", 3), CW_RESULT_PENDING);
    const uint8_t *request = item(CW_FRAME_REQUEST, &heard_len);
    memcpy(heard, request, heard_len);
    assert_int_equal(cw_channel_unwrap(&sink, heard, heard_len, &len, &gap), CW_OK);
    assert_int_equal(len, 3);
    /* Another call is not served in between, and a wrong answer is none. */
    assert_int_equal(call(&a, "echo", "x", 1), CW_RESULT_AGAIN);
    memset(frame, 0x11, sizeof frame);
    assert_int_equal(enter(&a, CW_ENTRY_RESPONSE, frame, 64), CW_RESULT_REFUSED);
    const size_t frame_len = seal(&sink, "because", frame);
    assert_int_equal(enter(&a, CW_ENTRY_RESPONSE, frame, frame_len), CW_RESULT_DONE);
    const uint8_t *reply = item(CW_FRAME_REPLY, &len);
    assert_int_equal(len, 8);
    assert_memory_equal(reply, "\0because", 8);
    /* One that is given up. */
    assert_int_equal(call(&a, "ask", "why", 3), CW_RESULT_PENDING);
    assert_int_equal(enter(&a, CW_ENTRY_CANCEL, "", 0), CW_RESULT_DONE);
    reply = item(CW_FRAME_REPLY, &len);
    assert_int_equal(reply[0], CW_E_STATE);
    says(&a, "echo", "on", "on");
    optee_end(&a);
}

/* --- a hostile client ----------------------------------------------------------------------------- */

static void other_types_than_the_right_ones_enter_nothing(void **state)
{
    (void)state;
    struct application a;
    instance("subject", &a);
    TEE_Param params[TEE_NUM_PARAMS] = {{.value = {CW_ENTRY_ATTEST, 0}},
            {.memref = {optee_shared(64, true), 64}}, {.memref = {optee_shared(OUT_CAP, true), OUT_CAP}}};
    for (uint32_t types = 0; types < 1u << 17; types++) {
        if (types != ENTERS) {
            assert_int_equal(optee_invoke(&a, CW_OPTEE_ENTER, types, params), TEE_ERROR_BAD_PARAMETERS);
        }
        if (types != PINGS) {
            assert_int_equal(optee_invoke(&a, CW_OPTEE_PING, types, NULL), TEE_ERROR_BAD_PARAMETERS);
        }
    }
    for (uint32_t command = 0; command < 256; command++) {
        if (command != CW_OPTEE_ENTER && command != CW_OPTEE_PING) {
            assert_int_equal(optee_invoke(&a, command, ENTERS, params), TEE_ERROR_NOT_SUPPORTED);
        }
    }
    params[0].value.a = CW_ENTRY_CALL | 0x10000u;
    assert_int_equal(optee_invoke(&a, CW_OPTEE_ENTER, ENTERS, params), TEE_ERROR_BAD_PARAMETERS);
    params[0] = (TEE_Param){.value = {CW_ENTRY_CALL, 1}};
    assert_int_equal(optee_invoke(&a, CW_OPTEE_ENTER, ENTERS, params), TEE_ERROR_BAD_PARAMETERS);
    assert_int_equal(optee_device.randoms, 0); /* the module's life did not begin */
    params[0] = (TEE_Param){.value = {41, 42}};
    assert_int_equal(optee_invoke(&a, CW_OPTEE_PING, PINGS, params), TEE_SUCCESS);
    assert_int_equal(params[0].value.a, 42);
    assert_int_equal(params[0].value.b, 42);
    optee_end(&a);
}

static void memory_that_is_not_the_clients_is_refused(void **state)
{
    (void)state;
    struct application a;
    instance("subject", &a);
    uint8_t *good = optee_shared(256, true);
    uint8_t *fixed = optee_shared(256, false);
    uint8_t *secret = dlsym(a.library, "cw_run_module");
    assert_non_null(secret);
    const struct {
        TEE_Param in, out;
    } wrong[] = {
            {{.memref = {NULL, 1}}, {.memref = {good, 256}}},
            {{.memref = {good, 64}}, {.memref = {NULL, 64}}},
            {{.memref = {good, 257}}, {.memref = {good, 256}}},           /* ends behind it  */
            {{.memref = {good - 1, 64}}, {.memref = {good, 256}}},        /* begins before   */
            {{.memref = {good, 64}}, {.memref = {good + 200, 57}}},
            {{.memref = {good, SIZE_MAX}}, {.memref = {good, 256}}},      /* wraps           */
            {{.memref = {good, SIZE_MAX - (uintptr_t)good + 1}}, {.memref = {good, 256}}},
            {{.memref = {good, 64}}, {.memref = {good, SIZE_MAX}}},
            {{.memref = {good, 64}}, {.memref = {fixed, 256}}},           /* not to be written */
            {{.memref = {secret, 64}}, {.memref = {good, 256}}},          /* the module's own */
            {{.memref = {good, 64}}, {.memref = {secret, 64}}},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        TEE_Param params[TEE_NUM_PARAMS] = {{.value = {CW_ENTRY_CALL, 0}}, wrong[i].in, wrong[i].out};
        if (optee_invoke(&a, CW_OPTEE_ENTER, ENTERS, params) != TEE_ERROR_BAD_PARAMETERS) {
            fail_msg("row %zu", i);
        }
    }
    assert_int_equal(optee_device.randoms, 0);
    says(&a, "echo", "on", "on");
    optee_end(&a);
}

static void nothing_and_too_little_room_harm_nobody(void **state)
{
    (void)state;
    struct application a;
    cw_result result;
    uint8_t in[64];
    instance("subject", &a);
    TEE_Param params[TEE_NUM_PARAMS] = {{.value = {CW_ENTRY_CALL, 0}}};
    assert_int_equal(optee_invoke(&a, CW_OPTEE_ENTER, ENTERS, params), TEE_SUCCESS);
    assert_int_equal(params[0].value.a, CW_RESULT_REFUSED << 24);
    const size_t len = call_of(&a, "echo", "four", 4, in);
    for (size_t cap = 0; cap < CW_LINK_HEADER_LEN + 4; cap++) {
        assert_int_equal(try_enter(&a, CW_ENTRY_CALL, in, len, cap, &result), TEE_SUCCESS);
        assert_int_equal(result, CW_RESULT_AGAIN);
        assert_int_equal(items_len, 0);
    }
    assert_int_equal(try_enter(&a, CW_ENTRY_CALL, in, len, CW_LINK_HEADER_LEN + 4, &result), TEE_SUCCESS);
    assert_int_equal(result, CW_RESULT_DONE);
    /* More than any message of this module: refused before it is read. */
    uint8_t *big = calloc(1, 1u << 20);
    assert_non_null(big);
    assert_int_equal(try_enter(&a, CW_ENTRY_CALL, big, 1u << 20, OUT_CAP, &result), TEE_SUCCESS);
    assert_int_equal(result, CW_RESULT_REFUSED);
    free(big);
    optee_end(&a);
}

/* Each access of the input: its page is taken away but for one instruction. */
static uint8_t *watched;
static unsigned touched[4096];

static void on_fault(int signal, siginfo_t *info, void *context)
{
    ucontext_t *at = context;
    const uintptr_t offset = (uintptr_t)info->si_addr - (uintptr_t)watched;
    if (signal == SIGSEGV) {
        if (offset >= 4096) {
            abort();
        }
        touched[offset]++;
        (void)mprotect(watched, 4096, PROT_READ);
        at->uc_mcontext.gregs[REG_EFL] |= 0x100;
    } else {
        (void)mprotect(watched, 4096, PROT_NONE);
        at->uc_mcontext.gregs[REG_EFL] &= ~0x100;
    }
}

static void each_byte_of_the_input_is_read_once(void **state)
{
    (void)state;
    struct application a;
    struct cw_manager m;
    uint8_t frame[256];
    instance("subject", &a);
    claim(&a, &m);
    struct cw_channel source = connect_to(&a, &m, "hear", false, CW_MODE_STRICT);
    const size_t len = seal(&source, "a ciphertext in shared memory", frame);
    uint8_t *page = optee_shared(4096, true);
    TEE_Param params[TEE_NUM_PARAMS] = {{.value = {CW_ENTRY_EVENT, 0}}, {.memref = {page, len}},
            {.memref = {optee_shared(OUT_CAP, true), OUT_CAP}}};
    memcpy(page, frame, len);
    watched = page;
    memset(touched, 0, sizeof touched);
    struct sigaction old[2];
    const struct sigaction watch = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
    assert_int_equal(sigaction(SIGSEGV, &watch, &old[0]) + sigaction(SIGTRAP, &watch, &old[1]), 0);
    assert_int_equal(mprotect(page, 4096, PROT_NONE), 0);
    const TEE_Result result = optee_invoke(&a, CW_OPTEE_ENTER, ENTERS, params);
    (void)sigaction(SIGSEGV, &old[0], NULL);
    (void)sigaction(SIGTRAP, &old[1], NULL);
    assert_int_equal(result, TEE_SUCCESS);
    assert_int_equal(params[0].value.a >> 24, CW_RESULT_DONE);
    for (size_t i = 0; i < sizeof touched / sizeof touched[0]; i++) {
        assert_int_equal(touched[i], i < len);
    }
    optee_end(&a);
}

/* --- instances and lives -------------------------------------------------------------------------- */

static void panic_ends_one_instance_for_good_and_no_other(void **state)
{
    (void)state;
    struct application a;
    struct application b;
    uint8_t in[64];
    cw_result result;
    TEE_Param params[TEE_NUM_PARAMS] = {{.value = {1, 0}}};
    instance("subject", &a);
    instance("subject", &b);
    says(&a, "echo", "a", "a");
    const size_t len = call_of(&a, "overflow", "", 0, in);
    assert_int_equal(try_enter(&a, CW_ENTRY_CALL, in, len, OUT_CAP, &result), TEE_ERROR_TARGET_DEAD);
    assert_int_equal(a.panic, TEE_ERROR_SECURITY);
    assert_int_equal(try_enter(&a, CW_ENTRY_CALL, in, len, OUT_CAP, &result), TEE_ERROR_TARGET_DEAD);
    assert_int_equal(optee_invoke(&a, CW_OPTEE_PING, PINGS, params), TEE_ERROR_TARGET_DEAD);
    says(&b, "echo", "b", "b");
    optee_end(&a);
    optee_end(&b);
}

static void an_instance_has_one_session(void **state)
{
    (void)state;
    struct application a;
    optee_instance(file_of("subject"), &a);
    for (uint32_t types = 1; types < 1u << 17; types++) {
        assert_int_equal(optee_open(&a, types, NULL), TEE_ERROR_BAD_PARAMETERS);
    }
    assert_int_equal(optee_open(&a, 0, NULL), TEE_SUCCESS);
    assert_int_equal(optee_open(&a, 0, NULL), TEE_ERROR_BUSY);
    optee_end(&a);
}

static void another_start_is_another_life_with_other_keys(void **state)
{
    (void)state;
    struct application a;
    struct cw_manager first;
    struct cw_manager second;
    uint8_t message[CW_MANAGER_MESSAGE_MAX];
    uint8_t report[2][32];
    const uint8_t *proof;
    size_t proof_len;
    instance("subject", &a);
    attest(&a, &first, 1, report[0], &proof, &proof_len);
    const size_t len = open_message(&first, message);
    assert_int_equal(enter(&a, CW_ENTRY_MANAGE, message, len), CW_RESULT_DONE);
    assert_int_equal(enter(&a, CW_ENTRY_MANAGE, message, len), CW_RESULT_REFUSED); /* again */
    optee_end(&a);
    instance("subject", &a);
    attest(&a, &second, 1, report[1], &proof, &proof_len);
    assert_memory_not_equal(first.evidence.start, second.evidence.start, CW_START_LEN);
    assert_memory_not_equal(first.share, second.share, CW_DH_LEN);
    assert_memory_not_equal(report[0], report[1], 32);
    assert_int_equal(enter(&a, CW_ENTRY_MANAGE, message, len), CW_RESULT_REFUSED);
    optee_end(&a);
}

/* --- evidence ------------------------------------------------------------------------------------- */

static void evidence_is_the_services_for_this_life_and_challenge(void **state)
{
    (void)state;
    struct application a;
    struct cw_manager m;
    uint8_t report[32];
    uint8_t name[2][CW_SHA256_LEN];
    const uint8_t *proof;
    size_t len;
    instance("subject", &a);
    attest(&a, &m, 1, report, &proof, &len);
    report_name(report, name[0]);
    assert_true(optee_verify(name[0], sizeof name[0], proof, len));
    attest(&a, &m, 2, report, &proof, &len);
    report_name(report, name[1]);
    assert_true(optee_verify(name[1], sizeof name[1], proof, len));
    assert_false(optee_verify(name[0], sizeof name[0], proof, len));
    optee_end(&a);
}

static void without_evidence_attest_fails(void **state)
{
    (void)state;
    struct application a;
    struct cw_manager m;
    uint8_t message[CW_ATTEST_LEN];
    const uint8_t nonce[CW_NONCE_LEN] = {3};
    instance("subject", &a);
    cw_manager_begin(&m, true, nonce, message);
    optee_device.attestation = TEE_ERROR_ITEM_NOT_FOUND;
    assert_int_equal(enter(&a, CW_ENTRY_ATTEST, message, sizeof message), CW_RESULT_REFUSED);
    assert_int_equal(items_len, 0);
    optee_device.attestation = TEE_SUCCESS;
    optee_device.signing = TEE_ERROR_GENERIC; /* all else as if it were well */
    assert_int_equal(enter(&a, CW_ENTRY_ATTEST, message, sizeof message), CW_RESULT_REFUSED);
    assert_int_equal(items_len, 0);
    optee_device.signing = TEE_SUCCESS;
    assert_int_equal(enter(&a, CW_ENTRY_ATTEST, message, sizeof message), CW_RESULT_DONE);
    optee_end(&a);
}

/* --- sealing -------------------------------------------------------------------------------------- */

/* Sealed bytes of "plan", as cw_seal makes them for its signer. */
static size_t kept(struct application *a, uint8_t ret_sealed[192])
{
    static const uint8_t wish[] = {CW_SEAL_SIGNER, 'p', 'l', 'a', 'n'};
    size_t len;
    assert_int_equal(call(a, "keep", wish, sizeof wish), CW_RESULT_DONE);
    const uint8_t *reply = item(CW_FRAME_REPLY, &len);
    memcpy(ret_sealed, reply, len);
    return len;
}

static cw_status given(struct application *a, const uint8_t *sealed, size_t sealed_len)
{
    size_t len;
    assert_int_equal(call(a, "give", sealed, sealed_len), CW_RESULT_DONE);
    const uint8_t *reply = item(CW_FRAME_REPLY, &len);
    if (reply[0] == CW_OK) {
        assert_int_equal(len, 5);
        assert_memory_equal(reply + 1, "plan", 4);
    }
    return (cw_status)reply[0];
}

static void sealed_bytes_are_for_later_lives_on_this_device(void **state)
{
    (void)state;
    struct application a;
    uint8_t sealed[192];
    uint8_t once_more[192];
    instance("older", &a);
    const size_t len = kept(&a, sealed);
    assert_int_equal(len, CW_SEALED_LEN(4));
    assert_int_equal(kept(&a, once_more), len);
    assert_memory_not_equal(sealed + CW_SEALED_HEADER_LEN, once_more + CW_SEALED_HEADER_LEN, 4);
    optee_end(&a);
    instance("subject", &a); /* a newer version of it */
    assert_int_equal(given(&a, sealed, len), CW_OK);
    for (size_t i = 0; i < len * 8; i++) {
        sealed[i / 8] ^= (uint8_t)(1u << i % 8);
        assert_int_not_equal(given(&a, sealed, len), CW_OK);
        sealed[i / 8] ^= (uint8_t)(1u << i % 8);
    }
    optee_reset(); /* another device */
    assert_int_equal(given(&a, sealed, len), CW_E_AUTH);
    optee_end(&a);
}

static void an_older_version_does_not_unseal_a_newer_ones(void **state)
{
    (void)state;
    struct application a;
    uint8_t sealed[192];
    instance("subject", &a);
    const size_t len = kept(&a, sealed);
    optee_end(&a);
    instance("older", &a);
    assert_int_equal(given(&a, sealed, len), CW_E_DENIED);
    optee_end(&a);
}

static void there_is_no_key_of_the_image_alone(void **state)
{
    (void)state;
    struct application a;
    static const uint8_t wish[] = {CW_SEAL_IMAGE, 'x'};
    size_t len;
    instance("subject", &a);
    assert_int_equal(call(&a, "keep", wish, sizeof wish), CW_RESULT_DONE);
    (void)item(CW_FRAME_REPLY, &len);
    assert_int_equal(len, 0);
    optee_end(&a);
}

static void damaged_storage_is_never_replaced(void **state)
{
    (void)state;
    struct application a;
    uint8_t sealed[192];
    instance("subject", &a);
    const size_t len = kept(&a, sealed);
    optee_device.is_corrupt = true;
    assert_int_equal(given(&a, sealed, len), CW_E_DENIED);
    optee_device.is_corrupt = false;
    optee_device.cut = 1;
    assert_int_equal(given(&a, sealed, len), CW_E_DENIED);
    optee_device.cut = 0;
    assert_int_equal(given(&a, sealed, len), CW_OK);
    optee_end(&a);
}

static void two_instances_agree_on_the_secret_that_was_first(void **state)
{
    (void)state;
    struct application a;
    struct application b;
    uint8_t sealed[192];
    instance("subject", &a);
    instance("subject", &b);
    optee_device.is_raced = true;
    const size_t len = kept(&a, sealed);
    assert_false(optee_device.is_raced);
    assert_int_equal(given(&b, sealed, len), CW_OK);
    optee_end(&a);
    optee_end(&b);
}

/* --- the double itself ---------------------------------------------------------------------------- */

static TEE_ObjectHandle an_object(void)
{
    TEE_ObjectHandle object;
    (void)TEE_CreatePersistentObject(TEE_STORAGE_PRIVATE, "id", 2, 0, TEE_HANDLE_NULL, "x", 1, &object);
    return object;
}

static void close_twice(void)
{
    const TEE_ObjectHandle object = an_object();
    TEE_CloseObject(object);
    TEE_CloseObject(object);
}

static void read_what_was_opened_for_nothing(void)
{
    static uint8_t byte;
    size_t count;
    const TEE_ObjectHandle object = an_object();
    optee_device.objects_open--;
    (void)TEE_ReadObjectData(object, &byte, 1, &count);
}

static void read_after_close(void)
{
    static uint8_t byte;
    size_t count;
    const TEE_ObjectHandle object = an_object();
    TEE_CloseObject(object);
    (void)TEE_ReadObjectData(object, &byte, 1, &count);
}

static void use_an_unknown_session(void)
{
    TEE_Param params[TEE_NUM_PARAMS] = {{{NULL, 0}}};
    uint32_t origin;
    (void)TEE_InvokeTACommand((TEE_TASessionHandle)99, TEE_TIMEOUT_INFINITE, 2, 0, params, &origin);
}

static void use_an_unknown_flag(void)
{
    (void)TEE_CheckMemoryAccessRights(8, NULL, 0);
}

static void use_a_long_name(void)
{
    static const uint8_t name[TEE_OBJECT_ID_MAX_LEN + 1];
    TEE_ObjectHandle object;
    (void)TEE_OpenPersistentObject(TEE_STORAGE_PRIVATE, name, sizeof name, 1, &object);
}

static void close_nothing(void)
{
    TEE_CloseObject(TEE_HANDLE_NULL);
    TEE_CloseTASession(TEE_HANDLE_NULL);
}

static void whoever_breaks_the_rules_panics(void **state)
{
    (void)state;
    static void (*const wrong[])(void) = {close_twice, read_what_was_opened_for_nothing,
            read_after_close, use_an_unknown_session, use_an_unknown_flag, use_a_long_name};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        optee_reset();
        if (!optee_panics(wrong[i])) {
            fail_msg("row %zu", i);
        }
    }
    assert_false(optee_panics(close_nothing));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, fresh, done)

int main(void)
{
    const struct CMUnitTest tests[] = {
            CASE(a_whole_module_is_called),
            CASE(owner_connects_a_module_and_an_event_goes_through_it),
            CASE(many_inputs_come_by_one_call),
            CASE(request_leaves_in_the_middle_of_a_call_and_comes_back),
            CASE(other_types_than_the_right_ones_enter_nothing),
            CASE(memory_that_is_not_the_clients_is_refused),
            CASE(nothing_and_too_little_room_harm_nobody),
            CASE(each_byte_of_the_input_is_read_once),
            CASE(panic_ends_one_instance_for_good_and_no_other),
            CASE(an_instance_has_one_session),
            CASE(another_start_is_another_life_with_other_keys),
            CASE(evidence_is_the_services_for_this_life_and_challenge),
            CASE(without_evidence_attest_fails),
            CASE(sealed_bytes_are_for_later_lives_on_this_device),
            CASE(an_older_version_does_not_unseal_a_newer_ones),
            CASE(there_is_no_key_of_the_image_alone),
            CASE(damaged_storage_is_never_replaced),
            CASE(two_instances_agree_on_the_secret_that_was_first),
            CASE(whoever_breaks_the_rules_panics),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
