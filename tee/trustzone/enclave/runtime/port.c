/* SPDX-License-Identifier: MIT */
/*
 * The port of TrustZone: a program at S-EL0, entered and left by the kernel beneath it.
 *
 * Implementation notes.  The kernel sets the stack pointer and clears all other registers, keeps
 * those of a module that left, and enters it once at a time, so nothing here is assembly and nothing
 * counts entries.
 */
#include "core/crypto/aarch64/cpu.h"
#include "sdk/many.h"
#include "sdk/rt.h"
#include "sdk/run.h"
#include "tee/trustzone/enclave/runtime/svc.h"

#define RANDOM_MAX 256u /* bytes of one SVC */

_Static_assert(CW_TZ_CPU_AES == CW_CPU_AES, "what the kernel says is what the library reads");

_Noreturn void cw_tz_start(uint64_t entry, uint64_t in_len, uint64_t cpu);

static void receive(uint64_t entry, uint64_t in_len, struct cw_call *ret_call)
{
    *ret_call = (struct cw_call){
            .in_far = CW_TZ_IN_AT,
            .in_len = in_len,
            .out_far = CW_TZ_OUT_AT,
            .out_cap = CW_TZ_OUT_LEN,
            .entry = (uint16_t)entry,
    };
}

static void leave(cw_return value, struct cw_call *ret_next)
{
    uint32_t served;
    (void)cw_many_close(value, &value, &served);
    const struct cw_svc_result next = cw_svc_call(CW_TZ_SVC_LEAVE, value, served, 0, 0);
    receive(next.x0, next.x1, ret_next);
}

static cw_return serve(struct cw_call *call)
{
    if ((call->entry & CW_TZ_MANY) == 0) {
        return cw_run(call);
    }
    call->entry &= (uint16_t)~CW_TZ_MANY;
    return cw_many_run(call);
}

/* The first of text: where the kernel begins. */
__attribute__((section(".text.cw_entry"))) void cw_tz_start(uint64_t entry, uint64_t in_len,
        uint64_t cpu)
{
    struct cw_call call;
    cw_cpu = (uint32_t)cpu;
    if (cw_enclave_random((uint8_t *)&__stack_chk_guard, sizeof __stack_chk_guard) != CW_OK) {
        cw_enclave_abort();
    }
    receive(entry, in_len, &call);
    for (;;) {
        leave(serve(&call), &call);
    }
}

void cw_enclave_leave(cw_return value, struct cw_call *ret_next)
{
    leave(value, ret_next);
}

uint8_t cw_enclave_start(uint8_t ret_start[static CW_START_LEN])
{
    if (cw_enclave_random(ret_start, CW_START_LEN) != CW_OK) {
        cw_enclave_abort();
    }
    return CW_FRESH_RANDOM;
}

static cw_status status_of(struct cw_svc_result result)
{
    return (cw_status)(uint32_t)result.x0;
}

cw_status cw_enclave_random(uint8_t *ret_bytes, size_t len)
{
    cw_status status = CW_OK;
    while (len > 0 && status == CW_OK) {
        const size_t count = len < RANDOM_MAX ? len : RANDOM_MAX;
        status = status_of(cw_svc_call(CW_TZ_SVC_RANDOM, (uintptr_t)ret_bytes, count, 0, 0));
        ret_bytes += count;
        len -= count;
    }
    return status;
}

cw_status cw_enclave_evidence(const uint8_t report[static 32], uint8_t *ret_evidence, size_t cap,
        size_t *ret_len)
{
    uint32_t len = 0;
    const cw_status status = status_of(cw_svc_call(CW_TZ_SVC_EVIDENCE, (uintptr_t)report,
            (uintptr_t)ret_evidence, cap, (uintptr_t)&len));
    *ret_len = len;
    return status;
}

void cw_enclave_seal_versions(uint8_t ret_versions[static CW_SEALED_VERSIONS_LEN])
{
    (void)cw_svc_call(CW_TZ_SVC_SEAL_VERSIONS, (uintptr_t)ret_versions, 0, 0, 0);
}

cw_status cw_enclave_seal_key(cw_sealing sealing,
        const uint8_t versions[static CW_SEALED_VERSIONS_LEN],
        const uint8_t id[static CW_SEALED_ID_LEN], uint8_t ret_key[static CW_KEY_LEN])
{
    return status_of(cw_svc_call(CW_TZ_SVC_SEAL_KEY, sealing, (uintptr_t)versions, (uintptr_t)id,
            (uintptr_t)ret_key));
}

cw_status cw_enclave_counter(bool advance, uint64_t *ret_count)
{
    uint64_t count = 0;
    const cw_status status = status_of(
            cw_svc_call(CW_TZ_SVC_COUNTER, advance, (uintptr_t)&count, 0, 0));
    if (status == CW_OK) {
        *ret_count = count;
    }
    return status;
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

void cw_enclave_abort(void)
{
    for (;;) {
        (void)cw_svc_call(CW_TZ_SVC_ABORT, 0, 0, 0, 0);
    }
}
