/* SPDX-License-Identifier: MIT */
/*
 * The secure world by the driver of the Linux that the node runs in, and libteec.
 *
 * libteec's calls block, so they are made in a thread of the loop's pool, one at a time.  The driver
 * tells nobody of CW_TZ_ATTENTION_INTERRUPT: while a module that its device may enter is loaded,
 * the owner is told to look every POLL_MS.
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/wire/reader.h"
#include "tee/trustzone/node/link.h"

#include <tee_client_api.h>

#define POLL_MS 20u

struct session {
    TEEC_Session teec;
    bool is_open;
    bool has_device;
};

struct cw_tz_link {
    struct cw_tz_link_owner owner;
    uv_loop_t *loop;
    uv_timer_t timer; /* first: up; then: attention */
    bool is_up;
    TEEC_Context context;
    TEEC_SharedMemory in, out; /* registered once: that is what costs */
    struct session sessions[CW_TZ_SESSIONS];

    struct cw_tz_ask asked; /* without its bytes: they are in `in` */
    cw_tz_answered_fn answered; /* NULL: nothing is under way */
    struct cw_tz_answer answer;
    uv_work_t work;

    bool is_timer_closed;
    cw_tz_closed_fn closed;
};

/* --- in the pool's thread -------------------------------------------------------------------------- */

static TEEC_UUID our_uuid(void)
{
    static const uint8_t octets[16] = CW_TZ_UUID;
    struct cw_reader r = cw_reader_over(octets, sizeof octets);
    TEEC_UUID uuid = {0};
    uint8_t b[8];
    for (size_t i = 0; i < sizeof b; i++) {
        b[i] = cw_reader_u8(&r);
    }
    uuid.timeLow = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
    uuid.timeMid = (uint16_t)(b[4] << 8 | b[5]);
    uuid.timeHiAndVersion = (uint16_t)(b[6] << 8 | b[7]);
    for (size_t i = 0; i < sizeof uuid.clockSeqAndNode; i++) {
        uuid.clockSeqAndNode[i] = cw_reader_u8(&r);
    }
    return uuid;
}

static void open_session(struct cw_tz_link *link)
{
    const TEEC_UUID uuid = our_uuid();
    uint32_t i = 0;
    while (i < CW_TZ_SESSIONS && link->sessions[i].is_open) {
        i++;
    }
    if (i == CW_TZ_SESSIONS) {
        link->answer.ret = TEE_ERROR_OUT_OF_MEMORY;
        return;
    }
    struct session *session = &link->sessions[i];
    uint32_t origin = 0;
    link->answer.ret = TEEC_OpenSession(&link->context, &session->teec, &uuid, TEEC_LOGIN_PUBLIC,
            NULL, NULL, &origin);
    session->is_open = link->answer.ret == TEE_SUCCESS;
    session->has_device = false;
    link->answer.session = i + 1;
}

static void close_session(struct session *session)
{
    TEEC_CloseSession(&session->teec);
    *session = (struct session){.is_open = false};
}

/* The parameters that the calls of abi.h have. */
static uint32_t types_of(uint32_t function)
{
    switch (function) {
    case CW_TZ_LOAD:
        return TEEC_PARAM_TYPES(TEEC_VALUE_INPUT, TEEC_MEMREF_PARTIAL_INPUT, TEEC_NONE, TEEC_NONE);
    case CW_TZ_ENTER:
        return TEEC_PARAM_TYPES(TEEC_VALUE_INOUT, TEEC_MEMREF_PARTIAL_INPUT,
                TEEC_MEMREF_PARTIAL_OUTPUT, TEEC_NONE);
    case CW_TZ_FETCH:
        return TEEC_PARAM_TYPES(TEEC_VALUE_OUTPUT, TEEC_NONE, TEEC_MEMREF_PARTIAL_OUTPUT, TEEC_NONE);
    case CW_TZ_INFO:
        return TEEC_PARAM_TYPES(TEEC_NONE, TEEC_MEMREF_PARTIAL_OUTPUT, TEEC_NONE, TEEC_NONE);
    case CW_TZ_PING:
        return TEEC_PARAM_TYPES(TEEC_VALUE_INOUT, TEEC_NONE, TEEC_NONE, TEEC_NONE);
    default:
        return 0;
    }
}

static void invoke(struct cw_tz_link *link, struct session *session)
{
    const struct cw_tz_ask *ask = &link->asked;
    TEEC_Operation operation = {.paramTypes = types_of(ask->function)};
    TEEC_Parameter *out = NULL;
    uint32_t origin = 0;
    for (unsigned i = 0; i < 4; i++) {
        TEEC_Parameter *parameter = &operation.params[i];
        switch (TEEC_PARAM_TYPE_GET(operation.paramTypes, i)) {
        case TEEC_VALUE_INPUT:
        case TEEC_VALUE_INOUT:
            parameter->value.a = (uint32_t)ask->a;
            parameter->value.b = (uint32_t)ask->b;
            break;
        case TEEC_MEMREF_PARTIAL_INPUT:
            parameter->memref = (TEEC_RegisteredMemoryReference){
                    .parent = &link->in, .size = ask->in_len};
            break;
        case TEEC_MEMREF_PARTIAL_OUTPUT:
            parameter->memref = (TEEC_RegisteredMemoryReference){
                    .parent = &link->out, .size = ask->room};
            out = parameter;
            break;
        default:
            break;
        }
    }
    link->answer.ret = TEEC_InvokeCommand(&session->teec, ask->function, &operation, &origin);
    if (TEEC_PARAM_TYPE_GET(operation.paramTypes, 0) != TEEC_NONE) {
        link->answer.a = operation.params[0].value.a;
        link->answer.b = operation.params[0].value.b;
    }
    if (out != NULL && link->answer.ret == TEE_SUCCESS && out->memref.size <= ask->room) {
        link->answer.out = link->out.buffer;
        link->answer.out_len = out->memref.size;
    }
}

static void work(uv_work_t *request)
{
    struct cw_tz_link *link = request->data;
    const struct cw_tz_ask *ask = &link->asked;
    link->answer = (struct cw_tz_answer){.ret = TEE_ERROR_BAD_PARAMETERS};
    if (ask->command == OPTEE_OPEN_SESSION) {
        open_session(link);
        return;
    }
    if (ask->session == 0 || ask->session > CW_TZ_SESSIONS
            || !link->sessions[ask->session - 1].is_open) {
        return;
    }
    if (ask->command == OPTEE_CLOSE_SESSION) {
        close_session(&link->sessions[ask->session - 1]);
        link->answer.ret = TEE_SUCCESS;
    } else if (ask->command == OPTEE_INVOKE) {
        invoke(link, &link->sessions[ask->session - 1]);
    }
}

/* --- on the loop ---------------------------------------------------------------------------------------- */

static void end(struct cw_tz_link *link)
{
    if (link->closed == NULL || !link->is_timer_closed || link->answered != NULL) {
        return;
    }
    for (size_t i = 0; i < CW_TZ_SESSIONS; i++) {
        if (link->sessions[i].is_open) {
            close_session(&link->sessions[i]);
        }
    }
    TEEC_ReleaseSharedMemory(&link->out);
    TEEC_ReleaseSharedMemory(&link->in);
    TEEC_FinalizeContext(&link->context);
    cw_tz_closed_fn closed = link->closed;
    void *ctx = link->owner.ctx;
    free(link);
    closed(ctx);
}

static void turn(uv_timer_t *timer)
{
    struct cw_tz_link *link = timer->data;
    if (!link->is_up) {
        link->is_up = true;
        link->owner.up(link->owner.ctx);
    } else {
        link->owner.attention(link->owner.ctx);
    }
}

static void watch_devices(struct cw_tz_link *link)
{
    bool is_needed = false;
    for (size_t i = 0; i < CW_TZ_SESSIONS; i++) {
        is_needed |= link->sessions[i].is_open && link->sessions[i].has_device;
    }
    if (!is_needed) {
        (void)uv_timer_stop(&link->timer);
    } else if (!uv_is_active((uv_handle_t *)&link->timer)) {
        (void)uv_timer_start(&link->timer, turn, POLL_MS, POLL_MS);
    }
}

static void worked(uv_work_t *request, int status)
{
    struct cw_tz_link *link = request->data;
    cw_tz_answered_fn answered = link->answered;
    (void)status;
    link->answered = NULL;
    if (link->closed != NULL) {
        end(link);
        return;
    }
    watch_devices(link);
    answered(link->owner.ctx, &link->answer);
}

/* Does the image that begins here say that a device enters it? */
static bool has_device(const struct cw_tz_ask *ask)
{
    const size_t at = offsetof(struct cw_tz_image, on_interrupt);
    return ask->in_len >= CW_TZ_IMAGE_HEADER_LEN
            && (ask->in[at] != 0xff || ask->in[at + 1] != 0xff);
}

static void teec_ask(struct cw_tz_link *link, const struct cw_tz_ask *ask, cw_tz_answered_fn answered)
{
    link->asked = *ask;
    link->asked.in = NULL;
    if (ask->in_len > 0 && ask->in_len <= link->in.size) {
        (void)memcpy(link->in.buffer, ask->in, ask->in_len);
    }
    if (ask->command == OPTEE_INVOKE && ask->function == CW_TZ_LOAD && ask->a == 0
            && ask->session - 1 < CW_TZ_SESSIONS) {
        link->sessions[ask->session - 1].has_device = has_device(ask);
    }
    link->answered = answered;
    link->work.data = link;
    (void)uv_queue_work(link->loop, &link->work, work, worked);
}

static bool share(struct cw_tz_link *link, TEEC_SharedMemory *memory, size_t size, uint32_t flags)
{
    *memory = (TEEC_SharedMemory){.size = size, .flags = flags};
    return TEEC_AllocateSharedMemory(&link->context, memory) == TEEC_SUCCESS;
}

/* NULL, or why the secure world cannot be reached. */
static const char *reach(struct cw_tz_link *link)
{
    if (TEEC_InitializeContext(NULL, &link->context) != TEEC_SUCCESS) {
        return "the driver of the secure world is not there: modprobe optee; may this user open "
               "/dev/tee0?";
    }
    if (share(link, &link->in, CW_TZ_IN_LEN, TEEC_MEM_INPUT)) {
        if (share(link, &link->out, CW_TZ_OUT_LEN, TEEC_MEM_OUTPUT)) {
            return NULL;
        }
        TEEC_ReleaseSharedMemory(&link->in);
    }
    TEEC_FinalizeContext(&link->context);
    return "the driver of the secure world gives no memory to share with it";
}

static cw_status teec_open(uv_loop_t *loop, const char *value, const struct cw_tz_link_owner *owner,
        struct cw_tz_link **ret_link, char *ret_why, size_t why_cap)
{
    if (strcmp(value, "optee") != 0) {
        (void)snprintf(ret_why, why_cap, "--platform driver=%s: the driver's name is optee", value);
        return CW_E_FORM;
    }
    struct cw_tz_link *link = calloc(1, sizeof *link);
    const char *why = link != NULL ? reach(link) : "no memory";
    if (why != NULL) {
        (void)snprintf(ret_why, why_cap, "%s", why);
        free(link);
        return CW_E_SYSTEM;
    }
    link->loop = loop;
    link->owner = *owner;
    (void)uv_timer_init(loop, &link->timer);
    link->timer.data = link;
    (void)uv_timer_start(&link->timer, turn, 0, 0);
    *ret_link = link;
    return CW_OK;
}

static void timer_closed(uv_handle_t *handle)
{
    struct cw_tz_link *link = handle->data;
    link->is_timer_closed = true;
    end(link);
}

static void teec_close(struct cw_tz_link *link, cw_tz_closed_fn closed)
{
    link->closed = closed;
    uv_close((uv_handle_t *)&link->timer, timer_closed);
}

static const struct cw_tz_transport teec = {
        .option = "driver",
        .is_emulated = false,
        .open = teec_open,
        .ask = teec_ask,
        .close = teec_close,
};

const struct cw_tz_transport *const cw_tz_transports[] = {
        &teec,
        NULL,
};
