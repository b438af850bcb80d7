/* SPDX-License-Identifier: MIT */
/*
 * An application of tools/optee-ta on AArch64, by an emulated CPU: linked with a main and the few
 * functions of a TEE that it calls here.  What C keeps, switch.S keeps.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tee_internal_api.h>

#include "core/module/endpoint.h"
#include "core/wire/frame.h"
#include "tee/trustzone/enclave/optee/optee.h"

#define ENTERS                                                                                   \
    TEE_PARAM_TYPES(TEE_PARAM_TYPE_VALUE_INOUT, TEE_PARAM_TYPE_MEMREF_INPUT,                     \
            TEE_PARAM_TYPE_MEMREF_OUTPUT, TEE_PARAM_TYPE_NONE)

extern const struct cw_endpoint __start_cw_endpoints[];
extern const struct cw_endpoint cw_endpoint_greet;

static unsigned passed, failed;

static void check(const char *name, bool is_good)
{
    passed += is_good;
    failed += !is_good;
    (void)printf("%s: %s\n", is_good ? "ok" : "FAIL", name);
}

/* --- a TEE ---------------------------------------------------------------------------------------- */

void TEE_Panic(TEE_Result code)
{
    (void)printf("FAIL: it panics: 0x%08x\n", code);
    exit(1);
}

void TEE_GenerateRandom(void *bytes, size_t len)
{
    memset(bytes, 0x5a, len);
}

TEE_Result TEE_CheckMemoryAccessRights(uint32_t flags, void *buffer, size_t size)
{
    (void)buffer;
    (void)size;
    return (flags & TEE_MEMORY_ACCESS_ANY_OWNER) != 0 ? TEE_SUCCESS : TEE_ERROR_ACCESS_DENIED;
}

TEE_Result TEE_OpenTASession(const TEE_UUID *to, uint32_t timeout, uint32_t types,
        TEE_Param params[TEE_NUM_PARAMS], TEE_TASessionHandle *ret_session, uint32_t *ret_origin)
{
    (void)to, (void)timeout, (void)types, (void)params, (void)ret_session, (void)ret_origin;
    return TEE_ERROR_ITEM_NOT_FOUND;
}

TEE_Result TEE_InvokeTACommand(TEE_TASessionHandle session, uint32_t timeout, uint32_t command,
        uint32_t types, TEE_Param params[TEE_NUM_PARAMS], uint32_t *ret_origin)
{
    (void)session, (void)timeout, (void)command, (void)types, (void)params, (void)ret_origin;
    return TEE_ERROR_GENERIC;
}

void TEE_CloseTASession(TEE_TASessionHandle session)
{
    (void)session;
}

/* --- the switch ----------------------------------------------------------------------------------- */

static _Alignas(16) uint8_t stack[16384];
static void *here, *there;
static unsigned turns;

/* Spoils all that a function has to keep. */
static void other(void)
{
    for (;;) {
        turns++;
        __asm__ volatile("mov x19, #-1\n\tmov x20, #-1\n\tmov x21, #-1\n\tmov x22, #-1\n\t"
                         "mov x23, #-1\n\tmov x24, #-1\n\tmov x25, #-1\n\tmov x26, #-1\n\t"
                         "mov x27, #-1\n\tmov x28, #-1\n\tmovi v8.16b, #255\n\tmovi v9.16b, #255\n\t"
                         "movi v10.16b, #255\n\tmovi v11.16b, #255\n\tmovi v12.16b, #255\n\t"
                         "movi v13.16b, #255\n\tmovi v14.16b, #255\n\tmovi v15.16b, #255"
                         :
                         :
                         : "x19", "x20", "x21", "x22", "x23", "x24", "x25", "x26", "x27", "x28",
                         "v8", "v9", "v10", "v11", "v12", "v13", "v14", "v15");
        cw_optee_switch(&there, here);
    }
}

/* Fills them, goes there and back, and gives what they are then. */
static void there_and_back(uint64_t ret_kept[20])
{
    register void **from __asm__("x0") = &here;
    register void *to __asm__("x1") = there;
    register uint64_t *out __asm__("x2") = ret_kept;
    __asm__ volatile("str x2, [sp, #-16]!\n\t"
                     "mov x19, #1\n\tmov x20, #2\n\tmov x21, #3\n\tmov x22, #4\n\tmov x23, #5\n\t"
                     "mov x24, #6\n\tmov x25, #7\n\tmov x26, #8\n\tmov x27, #9\n\tmov x28, #10\n\t"
                     "fmov d8, x19\n\tfmov d9, x20\n\tfmov d10, x21\n\tfmov d11, x22\n\t"
                     "fmov d12, x23\n\tfmov d13, x24\n\tfmov d14, x25\n\tfmov d15, x26\n\t"
                     "bl cw_optee_switch\n\t"
                     "ldr x2, [sp], #16\n\t"
                     "stp x19, x20, [x2]\n\tstp x21, x22, [x2, #16]\n\tstp x23, x24, [x2, #32]\n\t"
                     "stp x25, x26, [x2, #48]\n\tstp x27, x28, [x2, #64]\n\t"
                     "stp d8, d9, [x2, #80]\n\tstp d10, d11, [x2, #96]\n\t"
                     "stp d12, d13, [x2, #112]\n\tstp d14, d15, [x2, #128]"
                     : "+r"(from), "+r"(to), "+r"(out)
                     :
                     : "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14",
                     "x15", "x16", "x17", "x19", "x20", "x21", "x22", "x23", "x24", "x25", "x26",
                     "x27", "x28", "x30", "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8",
                     "v9", "v10", "v11", "v12", "v13", "v14", "v15", "v16", "v17", "v18", "v19",
                     "v20", "v21", "v22", "v23", "v24", "v25", "v26", "v27", "v28", "v29", "v30",
                     "v31", "cc", "memory");
}

static void switch_keeps_what_a_function_keeps(void)
{
    bool is_kept = true;
    there = cw_optee_stack(stack + sizeof stack, other);
    for (unsigned turn = 1; turn <= 3; turn++) {
        uint64_t kept[20] = {0};
        there_and_back(kept);
        for (uint64_t i = 0; i < 18; i++) {
            is_kept = is_kept && kept[i] == (i < 10 ? i + 1 : i - 9);
        }
        is_kept = is_kept && turns == turn;
    }
    check("switch_keeps_what_a_function_keeps", is_kept);
}

/* --- the application ------------------------------------------------------------------------------ */

static size_t call(uint32_t entry, const void *in, size_t len, uint8_t ret_out[256],
        cw_result *ret_result)
{
    static uint8_t bytes[64];
    memcpy(bytes, in, len);
    TEE_Param params[TEE_NUM_PARAMS] = {{.value = {entry, 0}}, {.memref = {bytes, len}},
            {.memref = {ret_out, 256}}};
    const TEE_Result result = TA_InvokeCommandEntryPoint(NULL, CW_OPTEE_ENTER, ENTERS, params);
    *ret_result = (cw_result)(params[0].value.a >> 24);
    return result == TEE_SUCCESS ? params[2].memref.size : 0;
}

static void application_answers(void)
{
    uint8_t out[256];
    cw_result result;
    void *context;
    check("a session opens", TA_CreateEntryPoint() == TEE_SUCCESS &&
                    TA_OpenSessionEntryPoint(0, NULL, &context) == TEE_SUCCESS);
    for (unsigned i = 0; i < 3; i++) {
        const uint8_t greet[] = {(uint8_t)(&cw_endpoint_greet - __start_cw_endpoints), 0, 0, 0, 'A',
                'd', 'a'};
        const size_t len = call(CW_ENTRY_CALL, greet, sizeof greet, out, &result);
        check("hello answers", result == CW_RESULT_DONE && len == CW_LINK_HEADER_LEN + 11 &&
                        memcmp(out + CW_LINK_HEADER_LEN, "Hello, Ada!", 11) == 0);
    }
    static const uint8_t attest[20] = {1, 1};
    check("without a service there is no evidence",
            call(CW_ENTRY_ATTEST, attest, sizeof attest, out, &result) == 0 &&
                    result == CW_RESULT_REFUSED);
}

int main(void)
{
    switch_keeps_what_a_function_keeps();
    application_answers();
    (void)printf("%u passed, %u failed, 0 skipped\n", passed, failed);
    return failed != 0;
}
