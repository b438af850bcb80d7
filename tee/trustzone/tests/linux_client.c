/* SPDX-License-Identifier: MIT */
/*
 * linux_client.c - a client of the secure world inside the normal world's Linux, on libteec: what
 * linux.sh calls there.
 *
 *   trustzone-client info            what the secure world says of itself
 *   trustzone-client ping N          N invocations with value parameters
 *   trustzone-client memory N        N invocations with registered memory
 *   trustzone-client refused         what must be refused, and how
 *   trustzone-client hold N          open N sessions, say so, and wait to be killed
 *   trustzone-client fill            open sessions until there is none left; how many there were
 *   trustzone-client many P N        P processes at once: open, N invocations, close, over and over
 *   trustzone-client endless         invocations until it is killed
 *
 * Exit status 0: all was as it must be.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tee/trustzone/abi.h"

#include <tee_client_api.h>

static const uint8_t uuid_octets[16] = CW_TZ_UUID;

static TEEC_UUID our_uuid(void)
{
    const uint8_t *u = uuid_octets;
    TEEC_UUID uuid = {
            .timeLow = (uint32_t)u[0] << 24 | (uint32_t)u[1] << 16 | (uint32_t)u[2] << 8 | u[3],
            .timeMid = (uint16_t)(u[4] << 8 | u[5]),
            .timeHiAndVersion = (uint16_t)(u[6] << 8 | u[7]),
    };
    memcpy(uuid.clockSeqAndNode, u + 8, 8);
    return uuid;
}

static void check(bool holds, const char *what, TEEC_Result result, uint32_t origin)
{
    if (!holds) {
        fprintf(stderr, "%s: result %#" PRIx32 ", origin %" PRIu32 "\n", what, result, origin);
        exit(1);
    }
}

static void begin(TEEC_Context *context)
{
    const TEEC_Result result = TEEC_InitializeContext(NULL, context);
    check(result == TEEC_SUCCESS, "cannot reach the driver", result, 0);
}

static TEEC_Result open_session(TEEC_Context *context, TEEC_Session *session, uint32_t *origin)
{
    const TEEC_UUID uuid = our_uuid();
    return TEEC_OpenSession(context, session, &uuid, TEEC_LOGIN_PUBLIC, NULL, NULL, origin);
}

static void must_open(TEEC_Context *context, TEEC_Session *session)
{
    uint32_t origin = 0;
    const TEEC_Result result = open_session(context, session, &origin);
    check(result == TEEC_SUCCESS, "cannot open a session", result, origin);
}

static double now_s(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void say_rate(const char *what, unsigned count, double began)
{
    const double took = now_s() - began;
    printf("%s: %u in %.3f s, %.0f a second, %.1f us each\n", what, count, took, count / took,
            took / count * 1e6);
}

static void ping(TEEC_Session *session, uint32_t n)
{
    TEEC_Operation operation = {
            .paramTypes = TEEC_PARAM_TYPES(TEEC_VALUE_INOUT, TEEC_NONE, TEEC_NONE, TEEC_NONE),
            .params[0].value = {.a = n, .b = ~n},
    };
    uint32_t origin = 0;
    const TEEC_Result result = TEEC_InvokeCommand(session, CW_TZ_PING, &operation, &origin);
    check(result == TEEC_SUCCESS && operation.params[0].value.a == n + 1
                    && operation.params[0].value.b == ~n,
            "PING", result, origin);
}

/* memory: registered, at least a struct cw_tz_info */
static TEEC_Result ask_info(TEEC_Session *session, TEEC_SharedMemory *memory, size_t size,
        TEEC_Operation *operation, uint32_t *origin)
{
    *operation = (TEEC_Operation){
            .paramTypes = TEEC_PARAM_TYPES(TEEC_NONE, TEEC_MEMREF_PARTIAL_OUTPUT, TEEC_NONE,
                    TEEC_NONE),
            .params[1].memref = {.parent = memory, .size = size},
    };
    return TEEC_InvokeCommand(session, CW_TZ_INFO, operation, origin);
}

static void allocate(TEEC_Context *context, TEEC_SharedMemory *memory, size_t size)
{
    *memory = (TEEC_SharedMemory){.size = size, .flags = TEEC_MEM_INPUT | TEEC_MEM_OUTPUT};
    const TEEC_Result result = TEEC_AllocateSharedMemory(context, memory);
    check(result == TEEC_SUCCESS, "cannot share memory", result, 0);
}

static void get_info(TEEC_Session *session, TEEC_SharedMemory *memory, struct cw_tz_info *ret_info)
{
    TEEC_Operation operation;
    uint32_t origin = 0;
    memset(memory->buffer, 0xa5, memory->size);
    const TEEC_Result result = ask_info(session, memory, memory->size, &operation, &origin);
    check(result == TEEC_SUCCESS && operation.params[1].memref.size == sizeof *ret_info, "INFO",
            result, origin);
    memcpy(ret_info, memory->buffer, sizeof *ret_info);
    const uint8_t *behind = memory->buffer;
    check(memory->size == sizeof *ret_info || behind[sizeof *ret_info] == 0xa5,
            "INFO wrote behind its end", 0, 0);
    check(ret_info->version == 1, "INFO's version", ret_info->version, 0);
}

static int info(TEEC_Context *context)
{
    TEEC_Session session;
    TEEC_SharedMemory memory;
    struct cw_tz_info i;
    must_open(context, &session);
    allocate(context, &memory, 4096);
    get_info(&session, &memory, &i);
    printf("info: %" PRIu32 " sessions free, boot %" PRIu64 ", %" PRIu64 " KiB free, device %.32s\n",
            i.sessions_free, i.boot, i.memory_free >> 10, (const char *)i.name);
    TEEC_ReleaseSharedMemory(&memory);
    TEEC_CloseSession(&session);
    return 0;
}

static int ping_many(TEEC_Context *context, unsigned count)
{
    TEEC_Session session;
    must_open(context, &session);
    ping(&session, 0xffffffffu); /* wraps, and warms up */
    const double began = now_s();
    for (unsigned i = 0; i < count; i++) {
        ping(&session, i);
    }
    say_rate("ping", count, began);
    TEEC_CloseSession(&session);
    return 0;
}

static int memory_many(TEEC_Context *context, unsigned count)
{
    TEEC_Session session;
    TEEC_SharedMemory memory;
    struct cw_tz_info i;
    must_open(context, &session);
    allocate(context, &memory, 8192);
    const double began = now_s();
    for (unsigned n = 0; n < count; n++) {
        get_info(&session, &memory, &i);
    }
    say_rate("memory", count, began);
    TEEC_ReleaseSharedMemory(&memory);
    TEEC_CloseSession(&session);
    return 0;
}

static void must_be(TEEC_Result result, TEEC_Result wanted, const char *what, uint32_t origin)
{
    check(result == wanted, what, result, origin);
}

static int refused(TEEC_Context *context)
{
    TEEC_Session session;
    TEEC_SharedMemory memory;
    TEEC_Operation operation = {.paramTypes = 0};
    struct cw_tz_info i;
    uint32_t origin = 0;

    TEEC_UUID other = our_uuid();
    other.timeLow ^= 1;
    must_be(TEEC_OpenSession(context, &session, &other, TEEC_LOGIN_PUBLIC, NULL, NULL, &origin),
            TEE_ERROR_ITEM_NOT_FOUND, "a session of another program", origin);
    must_be((TEEC_Result)origin, TEE_ORIGIN_TEE, "its origin", origin);

    must_open(context, &session);
    allocate(context, &memory, CW_TZ_OUT_LEN);
    must_be(TEEC_InvokeCommand(&session, 0x7777, &operation, &origin), TEE_ERROR_NOT_SUPPORTED,
            "an unknown command", origin);
    must_be(TEEC_InvokeCommand(&session, CW_TZ_PING, &operation, &origin),
            TEE_ERROR_BAD_PARAMETERS, "PING without its parameter", origin);
    must_be(ask_info(&session, &memory, sizeof i - 1, &operation, &origin),
            TEE_ERROR_SHORT_BUFFER, "INFO without room", origin);
    check(operation.params[1].memref.size == sizeof i, "the room that INFO needs",
            (TEEC_Result)operation.params[1].memref.size, 0);
    operation = (TEEC_Operation){
            .paramTypes = TEEC_PARAM_TYPES(TEEC_VALUE_INOUT, TEEC_MEMREF_PARTIAL_INPUT,
                    TEEC_MEMREF_PARTIAL_OUTPUT, TEEC_NONE),
            .params[1].memref = {.parent = &memory, .size = 16},
            .params[2].memref = {.parent = &memory, .size = CW_TZ_OUT_LEN},
    };
    must_be(TEEC_InvokeCommand(&session, CW_TZ_ENTER, &operation, &origin), TEE_ERROR_BAD_STATE,
            "ENTER without a module", origin);
    operation = (TEEC_Operation){
            .paramTypes = TEEC_PARAM_TYPES(TEEC_VALUE_INPUT, TEEC_MEMREF_PARTIAL_INPUT, TEEC_NONE,
                    TEEC_NONE),
            .params[0].value = {.a = 0, .b = 4096},
            .params[1].memref = {.parent = &memory, .size = 4096},
    };
    memset(memory.buffer, 0x55, 4096);
    must_be(TEEC_InvokeCommand(&session, CW_TZ_LOAD, &operation, &origin), TEE_ERROR_BAD_FORMAT,
            "LOAD of what is no image", origin);
    get_info(&session, &memory, &i); /* and the session lives on */
    TEEC_ReleaseSharedMemory(&memory);
    TEEC_CloseSession(&session);
    printf("refused: all\n");
    return 0;
}

_Noreturn static void hold(TEEC_Context *context, unsigned count)
{
    static TEEC_Session sessions[CW_TZ_SESSIONS];
    for (unsigned i = 0; i < count && i < CW_TZ_SESSIONS; i++) {
        must_open(context, &sessions[i]);
    }
    printf("holding %u\n", count);
    (void)fflush(stdout);
    for (;;) {
        (void)pause();
    }
}

static int fill(TEEC_Context *context)
{
    static TEEC_Session sessions[CW_TZ_SESSIONS + 1];
    unsigned count = 0;
    uint32_t origin = 0;
    TEEC_Result result = TEEC_SUCCESS;
    while (count <= CW_TZ_SESSIONS) {
        result = open_session(context, &sessions[count], &origin);
        if (result != TEEC_SUCCESS) {
            break;
        }
        count++;
    }
    check(result == TEE_ERROR_OUT_OF_MEMORY || result == TEE_ERROR_BUSY,
            "one session too many", result, origin);
    for (unsigned i = 0; i < count; i++) {
        TEEC_CloseSession(&sessions[i]);
    }
    printf("fill: %u sessions\n", count);
    return 0;
}

/* One of many: the secure world may have no session left for it, then it tries again. */
static void visit(unsigned count)
{
    TEEC_Context context;
    TEEC_Session session;
    uint32_t origin = 0;
    begin(&context);
    for (unsigned round = 0; round < 5; round++) {
        TEEC_Result result = TEEC_ERROR_BUSY;
        const double began = now_s();
        while (result != TEEC_SUCCESS && now_s() - began < 20) {
            result = open_session(&context, &session, &origin);
            if (result != TEEC_SUCCESS) {
                check(result == TEE_ERROR_OUT_OF_MEMORY || result == TEE_ERROR_BUSY,
                        "a session, one of many", result, origin);
                (void)usleep(2000);
            }
        }
        check(result == TEEC_SUCCESS, "a session within 20 s", result, origin);
        for (unsigned i = 0; i < count; i++) {
            ping(&session, i);
        }
        TEEC_CloseSession(&session);
    }
    TEEC_FinalizeContext(&context);
}

static int many(unsigned processes, unsigned count)
{
    int status = 0, failed = 0;
    const double began = now_s();
    for (unsigned i = 0; i < processes; i++) {
        const pid_t pid = fork();
        if (pid == 0) {
            visit(count);
            _exit(0);
        }
        failed += pid < 0;
    }
    while (wait(&status) > 0) {
        failed += status != 0;
    }
    say_rate("many", processes * count * 5, began);
    return failed == 0 ? 0 : 1;
}

_Noreturn static void endless(TEEC_Context *context)
{
    TEEC_Session session;
    must_open(context, &session);
    for (uint32_t i = 0;; i++) {
        ping(&session, i);
    }
}

int main(int argc, char **argv)
{
    TEEC_Context context;
    const char *verb = argc > 1 ? argv[1] : "";
    const unsigned n = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 0;
    if (strcmp(verb, "many") == 0 && argc == 4) {
        return many(n, (unsigned)strtoul(argv[3], NULL, 10));
    }
    begin(&context);
    int status = 2;
    if (strcmp(verb, "info") == 0) {
        status = info(&context);
    } else if (strcmp(verb, "ping") == 0 && n > 0) {
        status = ping_many(&context, n);
    } else if (strcmp(verb, "memory") == 0 && n > 0) {
        status = memory_many(&context, n);
    } else if (strcmp(verb, "refused") == 0) {
        status = refused(&context);
    } else if (strcmp(verb, "hold") == 0 && n > 0) {
        hold(&context, n);
    } else if (strcmp(verb, "fill") == 0) {
        status = fill(&context);
    } else if (strcmp(verb, "endless") == 0) {
        endless(&context);
    } else {
        fprintf(stderr, "wrong use: see tee/trustzone/tests/linux_client.c\n");
    }
    TEEC_FinalizeContext(&context);
    return status;
}
