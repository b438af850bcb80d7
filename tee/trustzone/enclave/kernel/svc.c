/* SPDX-License-Identifier: MIT */
/*
 * Implementation notes.  A call's buffers stand in its row of the table; all are looked up in the
 * module's space before its function begins, which sees the kernel's addresses alone.
 */
#include "sdk/rt.h"
#include "tee/trustzone/enclave/console.h"
#include "tee/trustzone/enclave/kernel/device.h"
#include "tee/trustzone/enclave/kernel/inside.h"
#include "tee/trustzone/enclave/kernel/service.h"

#define RANDOM_MAX 256u
#define LOG_MAX 256u

enum { BUFFERS = 3 };

struct call {
    struct cw_tz_module *module;
    const uint64_t *x;     /* arguments, four */
    uint8_t *at[BUFFERS];  /* its buffers     */
};

struct buffer {
    enum { NONE, READ, WRITE } use;
    uint8_t argument;    /* that has its address */
    uint8_t len_argument; /* that has its length, or LEN_FIXED */
    uint32_t len;        /* LEN_FIXED: bytes; else: the most */
};
#define LEN_FIXED 0xffu

struct row {
    uint64_t (*serve)(const struct call *c); /* x0 */
    struct buffer buffers[BUFFERS];
};

static uint64_t serve_random(const struct call *c)
{
    cw_tz_random(c->at[0], c->x[1]);
    return CW_OK;
}

static uint64_t serve_evidence(const struct call *c)
{
    static uint8_t token[CW_TZ_TOKEN_MAX];
    const size_t cap = c->x[2] < sizeof token ? c->x[2] : sizeof token;
    uint8_t report[32];
    size_t len = 0;
    memcpy(report, c->at[0], sizeof report);
    const cw_status status = cw_tz_token(&c->module->identity, report, token, cap, &len);
    if (status == CW_OK) {
        const uint32_t len_out = (uint32_t)len;
        memcpy(c->at[1], token, len);
        memcpy(c->at[2], &len_out, sizeof len_out);
    }
    return status;
}

static uint64_t serve_seal_versions(const struct call *c)
{
    cw_tz_seal_versions(&c->module->identity, c->at[0]);
    return CW_OK;
}

static uint64_t serve_seal_key(const struct call *c)
{
    uint8_t versions[CW_SEALED_VERSIONS_LEN];
    uint8_t id[CW_SEALED_ID_LEN];
    uint8_t key[CW_KEY_LEN] = {0};
    memcpy(versions, c->at[0], sizeof versions);
    memcpy(id, c->at[1], sizeof id);
    const uint32_t sealing = c->x[0] <= UINT32_MAX ? (uint32_t)c->x[0] : 0;
    const cw_status status = cw_tz_seal_key(&c->module->identity, sealing, versions, id, key);
    memcpy(c->at[2], key, sizeof key);
    memset(key, 0, sizeof key);
    return status;
}

static uint64_t serve_counter(const struct call *c)
{
    uint64_t count = 0;
    const cw_status status = cw_tz_journal_counter(&c->module->identity, c->x[0] == 1, &count);
    memcpy(c->at[0], &count, sizeof count);
    return status;
}

static uint64_t serve_log(const struct call *c)
{
    if (!c->module->identity.is_debug || cw_tz_device_is_taken(CW_TZ_DEVICE_UART)) {
        return CW_E_DENIED;
    }
    char text[LOG_MAX + 1];
    for (size_t i = 0; i < c->x[1]; i++) {
        const uint8_t byte = c->at[0][i];
        text[i] = (char)(byte == '\n' || (byte >= ' ' && byte < 0x7f) ? byte : '?');
    }
    text[c->x[1]] = 0;
    cw_console_say(text);
    return CW_OK;
}

static const struct row rows[] = {
        [CW_TZ_SVC_RANDOM] = {serve_random, {{WRITE, 0, 1, RANDOM_MAX}}},
        [CW_TZ_SVC_EVIDENCE] = {serve_evidence,
                {{READ, 0, LEN_FIXED, 32}, {WRITE, 1, 2, UINT32_MAX}, {WRITE, 3, LEN_FIXED, 4}}},
        [CW_TZ_SVC_SEAL_VERSIONS] = {serve_seal_versions,
                {{WRITE, 0, LEN_FIXED, CW_SEALED_VERSIONS_LEN}}},
        [CW_TZ_SVC_SEAL_KEY] = {serve_seal_key,
                {{READ, 1, LEN_FIXED, CW_SEALED_VERSIONS_LEN},
                        {READ, 2, LEN_FIXED, CW_SEALED_ID_LEN}, {WRITE, 3, LEN_FIXED, CW_KEY_LEN}}},
        [CW_TZ_SVC_COUNTER] = {serve_counter, {{WRITE, 1, LEN_FIXED, 8}}},
        [CW_TZ_SVC_LOG] = {serve_log, {{READ, 0, 1, LOG_MAX}}},
};

static bool find_buffers(const struct row *row, struct call *c)
{
    for (size_t i = 0; i < BUFFERS && row->buffers[i].use != NONE; i++) {
        const struct buffer *b = &row->buffers[i];
        const uint64_t len = b->len_argument == LEN_FIXED ? b->len : c->x[b->len_argument];
        c->at[i] = len <= b->len ? cw_tz_space_find(&c->module->space, c->x[b->argument], len,
                                           b->use == WRITE)
                                 : NULL;
        if (c->at[i] == NULL) {
            return false;
        }
    }
    return true;
}

/* Those of a device need no memory, but an owner. */
static cw_tz_step serve_device(struct cw_tz_module *m, bool is_write)
{
    uint64_t *const x = m->context.x;
    const cw_tz_device device = (cw_tz_device)m->identity.device;
    if (device == CW_TZ_DEVICE_NONE || x[0] > UINT8_MAX) {
        return CW_TZ_STEP_KILL;
    }
    if (is_write) {
        cw_tz_device_write(device, (uint8_t)x[0], (uint8_t)x[1]);
        x[0] = CW_OK;
    } else {
        x[0] = cw_tz_device_read(device, (uint8_t)x[0]);
    }
    return CW_TZ_STEP_ON;
}

cw_tz_step cw_tz_svc_serve(struct cw_tz_module *m)
{
    uint64_t *const x = m->context.x;
    const uint64_t number = x[8];
    if (number == CW_TZ_SVC_LEAVE) {
        return CW_TZ_STEP_LEFT;
    }
    if (number == CW_TZ_SVC_DEVICE_READ || number == CW_TZ_SVC_DEVICE_WRITE) {
        return serve_device(m, number == CW_TZ_SVC_DEVICE_WRITE);
    }
    struct call c = {.module = m, .x = x};
    if (number >= sizeof rows / sizeof *rows || rows[number].serve == NULL ||
            !find_buffers(&rows[number], &c)) {
        return CW_TZ_STEP_KILL; /* CW_TZ_SVC_ABORT too */
    }
    x[0] = rows[number].serve(&c);
    return CW_TZ_STEP_ON;
}
