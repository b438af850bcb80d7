/* SPDX-License-Identifier: MIT */
/*
 * The port of OP-TEE: a module between the entry points of a trusted application.
 *
 * Implementation notes.  The module runs on a stack of its own: it leaves by a switch back to the
 * stack of the TEE, in the middle of a call as well as at its end.  The TEE enters an instance
 * once at a time.  An application cannot take a page away, so a stack that overflows is seen when
 * the module leaves: what lies behind the marks may have been written by then.
 */
#include <tee_internal_api.h>

#include "sdk/many.h"
#include "sdk/run.h"
#include "tee/trustzone/enclave/optee/optee.h"

#define STACK_LEN 36864u
#define MARK 0x63776d61726b2121u
#define MARKS 512u /* a page at the end of the stack: one that is gone says that it overflowed */

#define NONE TEE_PARAM_TYPE_NONE
#define PLAIN TEE_PARAM_TYPES(NONE, NONE, NONE, NONE)
#define PINGS TEE_PARAM_TYPES(TEE_PARAM_TYPE_VALUE_INOUT, NONE, NONE, NONE)
#define ENTERS                                                                                   \
    TEE_PARAM_TYPES(TEE_PARAM_TYPE_VALUE_INOUT, TEE_PARAM_TYPE_MEMREF_INPUT,                     \
            TEE_PARAM_TYPE_MEMREF_OUTPUT, NONE)

static union {
    uint64_t marks[MARKS];
    _Alignas(16) uint8_t bytes[STACK_LEN];
} stack;
static void *inside;  /* where the module goes on */
static void *outside; /* where the TEE does       */
static struct cw_call asked;
static cw_return answer;
static bool has_session;

static cw_return serve(struct cw_call *call)
{
    if ((call->entry & CW_OPTEE_MANY) == 0) {
        return cw_run(call);
    }
    call->entry &= (uint16_t)~CW_OPTEE_MANY;
    return cw_many_run(call);
}

void cw_enclave_leave(cw_return value, struct cw_call *ret_next)
{
    answer = value;
    cw_optee_switch(&inside, outside);
    *ret_next = asked;
}

static void live(void)
{
    struct cw_call call = asked;
    for (;;) {
        cw_enclave_leave(serve(&call), &call);
    }
}

static void enter(void)
{
    if (inside == NULL) {
        for (size_t i = 0; i < MARKS; i++) {
            stack.marks[i] = MARK;
        }
        inside = cw_optee_stack(stack.bytes + sizeof stack.bytes, live);
    }
    cw_optee_switch(&outside, inside);
    for (size_t i = 0; i < MARKS; i++) {
        if (stack.marks[i] != MARK) {
            cw_enclave_abort();
        }
    }
}

/* The client's for this access, and no byte of it the module's own. */
static bool is_clients(uint32_t access, void *buffer, size_t len)
{
    return len == 0 || (buffer != NULL && len <= UINTPTR_MAX - (uintptr_t)buffer &&
            TEE_CheckMemoryAccessRights(access | TEE_MEMORY_ACCESS_ANY_OWNER, buffer, len) ==
                    TEE_SUCCESS &&
            TEE_CheckMemoryAccessRights(access, buffer, len) != TEE_SUCCESS);
}

static TEE_Result command_enter(TEE_Param params[TEE_NUM_PARAMS])
{
    const uint32_t entry = params[0].value.a;
    void *in = params[1].memref.buffer;
    const size_t in_len = params[1].memref.size;
    void *out = params[2].memref.buffer;
    const size_t out_cap = params[2].memref.size;
    uint32_t served;
    if (entry > UINT16_MAX || params[0].value.b != 0 ||
            !is_clients(TEE_MEMORY_ACCESS_READ, in, in_len) ||
            !is_clients(TEE_MEMORY_ACCESS_WRITE, out, out_cap)) {
        return TEE_ERROR_BAD_PARAMETERS;
    }
    asked = (struct cw_call){
            .in_far = (cw_far)in,
            .in_len = in_len,
            .out_far = (cw_far)out,
            .out_cap = out_cap,
            .entry = (uint16_t)entry,
    };
    cw_optee_window(asked.in_far, in_len, asked.out_far, out_cap);
    enter();
    cw_optee_window(0, 0, 0, 0);
    (void)cw_many_close(answer, &answer, &served);
    params[0].value.a = answer;
    params[0].value.b = served;
    params[2].memref.size = answer & 0xffffffu;
    return TEE_SUCCESS;
}

TEE_Result TA_CreateEntryPoint(void)
{
    return TEE_SUCCESS;
}

void TA_DestroyEntryPoint(void) {}

/* One in a life: who comes later meets neither what the first left, nor its keys. */
TEE_Result TA_OpenSessionEntryPoint(uint32_t types, TEE_Param params[TEE_NUM_PARAMS],
        void **ret_context)
{
    (void)params;
    if (types != PLAIN) {
        return TEE_ERROR_BAD_PARAMETERS;
    }
    if (has_session) {
        return TEE_ERROR_BUSY;
    }
    has_session = true;
    *ret_context = NULL;
    return TEE_SUCCESS;
}

void TA_CloseSessionEntryPoint(void *context)
{
    (void)context;
}

TEE_Result TA_InvokeCommandEntryPoint(void *context, uint32_t command, uint32_t types,
        TEE_Param params[TEE_NUM_PARAMS])
{
    (void)context;
    if (command != CW_OPTEE_ENTER && command != CW_OPTEE_PING) {
        return TEE_ERROR_NOT_SUPPORTED;
    }
    if (types != (command == CW_OPTEE_ENTER ? ENTERS : PINGS)) {
        return TEE_ERROR_BAD_PARAMETERS;
    }
    if (command == CW_OPTEE_ENTER) {
        return command_enter(params);
    }
    params[0].value.a++;
    return TEE_SUCCESS;
}

cw_status cw_enclave_random(uint8_t *ret_bytes, size_t len)
{
    TEE_GenerateRandom(ret_bytes, len);
    return CW_OK;
}

/* An instance that was started anew is another life: its keys do not come back. */
uint8_t cw_enclave_start(uint8_t ret_start[static CW_START_LEN])
{
    TEE_GenerateRandom(ret_start, CW_START_LEN);
    return CW_FRESH_RANDOM;
}

/* The owner cannot compute a key of the chip's: nothing linked here asks for one. */
void cw_enclave_derive(const uint8_t *context, size_t context_len,
        uint8_t ret_key[static CW_KEY_LEN])
{
    (void)context;
    (void)context_len;
    (void)ret_key;
    cw_enclave_abort();
}

/* The TEE ends the instance, and says so to whoever calls it. */
void cw_enclave_abort(void)
{
    TEE_Panic(TEE_ERROR_SECURITY);
}
