/* SPDX-License-Identifier: MIT */
/*
 * From an enclave to the owner's verdict, through the program causeway-sgx as a host meets it: an
 * enclave reports, the CPU's quoting enclave quotes, its collateral is issued, the owner verifies.
 * And what must outlive a restart of the CPU does.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "posix/file.h"
#include "posix/proc.h"
#include "silicon/sgx/client.h"
#include "silicon/sgx/cpu.h"
#include "silicon/sgx/qe.h"
#include "silicon/sgx/tests/cell_support.h"
#include "tee/sgx/owner/verify.h"
#include "tests/support/folder.h"

#define ARENA_LEN 65536u
#define PATIENCE_MS 60000

/* Of the arena: what goes in and what comes out. */
#define IN 0u
#define OUT 4096u

static struct cw_proc cpu;
static char socket_path[64];

static char *in_folder(const char *name)
{
    static char path[96];
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void start_cpu(const char *state_name, const char *mode)
{
    char state_folder[96];
    char log[96];
    char program[4096];
    (void)snprintf(program, sizeof program, "%s", test_jail());
    program[strlen(program) - strlen("-jail")] = '\0';
    (void)snprintf(state_folder, sizeof state_folder, "%s", in_folder(state_name));
    (void)snprintf(log, sizeof log, "%s", in_folder("log"));
    (void)snprintf(socket_path, sizeof socket_path, "%s/socket", folder);
    const char *const arguments[] = {program, "--listen", socket_path, "--state", state_folder,
            "--mode", mode, NULL};
    assert_int_equal(cw_proc_start(&cpu, arguments, log, log), CW_OK);
    for (int i = 0; i < 6000 && !cw_file_exists(socket_path) && cw_proc_is_running(&cpu); i++) {
        (void)usleep(10000);
    }
}

static void stop_cpu(void)
{
    cw_proc_stop(&cpu, PATIENCE_MS);
}

static void connect_to_cpu(struct cw_client *client)
{
    for (int i = 0; i < 6000; i++) {
        if (cw_client_connect(client, socket_path)) {
            return;
        }
        (void)usleep(10000);
    }
    fail_msg("nobody listens at %s", socket_path);
}

/* An enclave of enclaves.S, loaded, with what it reads in its arena. */
static void load(struct cw_client *client, const uint8_t *entry, const char *signer,
        uint64_t attributes)
{
    struct test_image image = TEST_IMAGE(entry);
    struct sgx_stream stream;
    uint8_t sigstruct[SGX_SIGSTRUCT_LEN];
    image.identity.attributes |= attributes;
    test_image_stream(&image, &stream);
    sgx_sign(&stream, &image.identity, signer, sigstruct);
    int fd = cw_client_image(sigstruct, sizeof sigstruct, stream.bytes, stream.len);
    sgx_stream_free(&stream);
    assert_true(fd >= 0);
    connect_to_cpu(client);
    if (cw_client_load(client, fd, -1, 0, ARENA_LEN) != SGX_OK) {
        fail_msg("%s", client->loaded.text);
    }
    (void)close(fd);
}

static struct cw_sgx_mailbox *enter(struct cw_client *client)
{
    struct cw_sgx_mailbox *m = cw_client_mailbox(client, 0);
    m->function = SGX_EENTER;
    m->rflags = 0x202;
    m->mxcsr = 0x1f80;
    m->fcw = 0x37f;
    m->gpr[CW_SGX_RDI] = client->loaded.arena + IN;
    m->gpr[CW_SGX_RSI] = client->loaded.arena + OUT;
    assert_int_equal(cw_client_enter(client, 0, 0, PATIENCE_MS), CW_OK);
    assert_int_equal(m->function, SGX_EEXIT);
    return m;
}

static void ask(struct cw_client *client, uint32_t type, const void *bytes, size_t len,
        void *ret_bytes, size_t *ret_len)
{
    assert_int_equal(cw_client_ask(client, type, bytes, len, ret_bytes, ret_len), SGX_OK);
}

/* --- evidence --------------------------------------------------------------------------------------- */

struct evidence {
    uint8_t report[SGX_REPORT_LEN];
    uint8_t data[SGX_REPORTDATA_LEN];
    uint8_t mrenclave[SGX_HASH_LEN];
    uint8_t mrsigner[SGX_HASH_LEN];
    uint8_t quote[CW_QE_QUOTE_MAX];
    size_t quote_len;
    struct cw_dcap_collateral *collateral;
    uint8_t platform[CW_DCAP_HASH_LEN];
};

static void report_of(struct cw_client *client, struct evidence *e)
{
    size_t len = SGX_TARGETINFO_LEN;
    uint8_t *arena = cw_client_arena(client);
    ask(client, CW_SGX_TARGET, NULL, 0, arena + IN, &len);
    assert_int_equal(len, SGX_TARGETINFO_LEN);
    for (unsigned i = 0; i < sizeof e->data; i++) {
        e->data[i] = (uint8_t)(0xa0 + i);
    }
    memcpy(arena + IN + SGX_TARGETINFO_LEN, e->data, sizeof e->data);
    (void)enter(client);
    memcpy(e->report, arena + OUT, sizeof e->report);
    memcpy(e->mrenclave, client->loaded.mrenclave, SGX_HASH_LEN);
    memcpy(e->mrsigner, client->loaded.mrsigner, SGX_HASH_LEN);
}

static void quote_of(struct cw_client *client, struct evidence *e)
{
    e->quote_len = sizeof e->quote;
    ask(client, CW_SGX_QUOTE, e->report, sizeof e->report, e->quote, &e->quote_len);
}

static void collateral_of(struct cw_client *client, struct evidence *e)
{
    static uint8_t json[CW_SGX_PACKET_MAX];
    char why[CW_DCAP_WHY_CAP];
    size_t len = sizeof json;
    ask(client, CW_SGX_COLLATERAL, NULL, 0, json, &len);
    cw_dcap_collateral_free(e->collateral);
    e->collateral = NULL;
    if (cw_dcap_collateral_json(json, len, &e->collateral, why) != CW_OK) {
        fail_msg("%s", why);
    }
}

static void platform_of(struct cw_client *client, struct evidence *e)
{
    char text[2048];
    size_t len = sizeof text;
    ask(client, CW_SGX_INFO, NULL, 0, text, &len);
    json_t *info = json_loadb(text, len, 0, NULL);
    assert_non_null(info);
    assert_true(json_is_true(json_object_get(info, "emulated")));
    const char *hex = json_string_value(json_object_get(info, "platform"));
    assert_non_null(hex);
    assert_int_equal(strlen(hex), 2 * sizeof e->platform);
    for (size_t i = 0; i < sizeof e->platform; i++) {
        unsigned byte = 0;
        assert_int_equal(sscanf(hex + 2 * i, "%2x", &byte), 1);
        e->platform[i] = (uint8_t)byte;
    }
    json_decref(info);
}

static cw_status verify(const struct evidence *e, const uint8_t *root,
        struct cw_dcap_verdict *ret_verdict)
{
    struct cw_dcap_policy policy = {.root_key_hash = root, .allow_emulated = true,
            .mrenclave = e->mrenclave, .mrsigner = e->mrsigner, .has_prodid = true, .prodid = 7,
            .min_svn = 3, .report_data = e->data, .xfrm_allowed = SGX_XFRM_LEGACY};
    return cw_dcap_verify(e->quote, e->quote_len, e->collateral, (int64_t)time(NULL), &policy,
            ret_verdict);
}

static void accepted(const struct evidence *e)
{
    struct cw_dcap_verdict verdict;
    if (verify(e, e->platform, &verdict) != CW_OK) {
        fail_msg("%s: %s", cw_dcap_step_name(verdict.failed), verdict.reason);
    }
    assert_true(verdict.emulated && !verdict.is_protected);
    assert_int_equal(verdict.status, CW_DCAP_EMULATED);
}

static void what_an_enclave_reports_its_owner_can_verify(void **state)
{
    static const char *const modes[] = {"proc", "traced"};
    struct evidence e = {0};
    struct cw_client client;
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        start_cpu("state", modes[i]);
        load(&client, cw_enclave_report, SGX_SIGNER, 0);
        report_of(&client, &e);
        quote_of(&client, &e);
        collateral_of(&client, &e);
        platform_of(&client, &e);
        accepted(&e);
        e.data[63] ^= 1;
        struct cw_dcap_verdict verdict;
        assert_int_equal(verify(&e, e.platform, &verdict), CW_E_DENIED);
        cw_client_close(&client);
        stop_cpu();
    }
    cw_dcap_collateral_free(e.collateral);
}

static void evidence_outlives_a_restart_of_the_cpu(void **state)
{
    struct evidence e = {0};
    uint8_t platform[CW_DCAP_HASH_LEN];
    struct cw_client client;
    (void)state;
    start_cpu("state", "proc");
    load(&client, cw_enclave_report, SGX_SIGNER, 0);
    report_of(&client, &e);
    quote_of(&client, &e);
    platform_of(&client, &e);
    cw_client_close(&client);
    stop_cpu();
    memcpy(platform, e.platform, sizeof platform);

    start_cpu("state", "proc");
    connect_to_cpu(&client);
    collateral_of(&client, &e);
    platform_of(&client, &e);
    assert_memory_equal(platform, e.platform, sizeof platform);
    accepted(&e);
    quote_of(&client, &e); /* of the report of before */
    accepted(&e);
    cw_client_close(&client);
    stop_cpu();
    cw_dcap_collateral_free(e.collateral);
}

static void another_cpu_is_another_platform(void **state)
{
    struct evidence e = {0};
    struct cw_dcap_verdict verdict;
    struct cw_client client;
    uint8_t platform[CW_DCAP_HASH_LEN];
    (void)state;
    start_cpu("state", "proc");
    load(&client, cw_enclave_report, SGX_SIGNER, 0);
    report_of(&client, &e);
    quote_of(&client, &e);
    platform_of(&client, &e);
    cw_client_close(&client);
    stop_cpu();
    memcpy(platform, e.platform, sizeof platform);

    start_cpu("other", "proc");
    connect_to_cpu(&client);
    collateral_of(&client, &e);
    platform_of(&client, &e);
    assert_memory_not_equal(platform, e.platform, sizeof platform);
    assert_int_equal(verify(&e, platform, &verdict), CW_E_AUTH);
    assert_int_equal(verify(&e, e.platform, &verdict), CW_E_AUTH);
    uint8_t quote[CW_QE_QUOTE_MAX];
    size_t len = sizeof quote;
    assert_int_not_equal(cw_client_ask(&client, CW_SGX_QUOTE, e.report, sizeof e.report, quote, &len),
            SGX_OK);
    cw_client_close(&client);
    stop_cpu();
    cw_dcap_collateral_free(e.collateral);
}

/* --- sealing ---------------------------------------------------------------------------------------- */

/* A SEAL key of an enclave on a CPU. */
static void seal_key(const char *state_name, const char *mode, const char *signer,
        uint64_t attributes, uint16_t policy, uint8_t ret_key[SGX_KEY_LEN])
{
    struct cw_client client;
    start_cpu(state_name, mode);
    load(&client, cw_enclave_key, signer, attributes);
    uint8_t *request = cw_client_arena(&client) + IN;
    memset(request, 0, SGX_KEYREQUEST_LEN);
    request[SGX_KEYREQ_KEYNAME] = SGX_KEYNAME_SEAL;
    request[SGX_KEYREQ_KEYPOLICY] = (uint8_t)policy;
    request[SGX_KEYREQ_ISVSVN] = 3;
    memcpy(request + SGX_KEYREQ_CPUSVN, cw_sgx_cpusvn, SGX_CPUSVN_LEN);
    memset(request + SGX_KEYREQ_KEYID, 0x42, SGX_KEYID_LEN);
    const struct cw_sgx_mailbox *m = enter(&client);
    assert_int_equal(m->gpr[CW_SGX_R8], SGX_OK);
    memcpy(ret_key, cw_client_arena(&client) + OUT, SGX_KEY_LEN);
    cw_client_close(&client);
    stop_cpu();
}

static void a_seal_key_outlives_a_restart_and_is_nobody_elses(void **state)
{
    uint8_t first[SGX_KEY_LEN];
    uint8_t key[SGX_KEY_LEN];
    (void)state;
    seal_key("state", "proc", SGX_SIGNER, 0, SGX_KEYPOLICY_MRSIGNER, first);
    seal_key("state", "proc", SGX_SIGNER, 0, SGX_KEYPOLICY_MRSIGNER, key);
    assert_memory_equal(first, key, sizeof key);
    seal_key("state", "traced", SGX_SIGNER, 0, SGX_KEYPOLICY_MRSIGNER, key);
    assert_memory_equal(first, key, sizeof key);

    static const struct {
        const char *state;
        const char *signer;
        uint64_t attributes;
        uint16_t policy;
    } others[] = {
            {"other", SGX_SIGNER, 0, SGX_KEYPOLICY_MRSIGNER},
            {"state", SGX_OTHER_SIGNER, 0, SGX_KEYPOLICY_MRSIGNER},
            {"state", SGX_SIGNER, SGX_ATTR_DEBUG, SGX_KEYPOLICY_MRSIGNER},
            {"state", SGX_SIGNER, 0, SGX_KEYPOLICY_MRENCLAVE},
    };
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        seal_key(others[i].state, "proc", others[i].signer, others[i].attributes, others[i].policy,
                key);
        assert_memory_not_equal(first, key, sizeof key);
    }
}

static int end(void **state)
{
    (void)state;
    stop_cpu();
    return 0;
}

int main(void)
{
#define CASE(name) cmocka_unit_test_teardown(name, end)
    const struct CMUnitTest tests[] = {
            CASE(what_an_enclave_reports_its_owner_can_verify),
            CASE(evidence_outlives_a_restart_of_the_cpu),
            CASE(another_cpu_is_another_platform),
            CASE(a_seal_key_outlives_a_restart_and_is_nobody_elses),
    };
    return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
