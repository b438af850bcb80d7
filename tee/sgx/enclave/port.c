/* SPDX-License-Identifier: MIT */
/* The port of SGX: one thread, which looks for requests in the arena (tee/sgx/abi.h). */
#include "sdk/many.h"
#include "sdk/run.h"
#include "tee/sgx/enclave/inside.h"
#include "tee/sgx/enclave/state.h"

#define R_X86_64_NONE 0u
#define R_X86_64_RELATIVE 8u

_Static_assert((int)CW_SGX_ASM_EXIT_REFUSED == (int)CW_SGX_EXIT_REFUSED &&
                (int)CW_SGX_ASM_EXIT_FAULT == (int)CW_SGX_EXIT_FAULT &&
                (int)CW_SGX_ASM_EXIT_DEAD == (int)CW_SGX_EXIT_DEAD,
        "entry.S says what abi.h says");

/* Requests that were answered: the word RESPONSE, as the host cannot change it. */
static uint64_t answered;

/* The host chose the base; nothing that needs an address from memory ran before this. */
static void relocate(void)
{
    const uint64_t base = (uint64_t)__cw_tcs;
    const uint64_t start = (uint64_t)__cw_data_start - base;
    const uint64_t end = (uint64_t)__cw_data_end - base;
    for (const struct cw_sgx_relocation *r = __cw_rela_start; r < __cw_rela_end; r++) {
        if (r->type == R_X86_64_NONE) {
            continue;
        }
        if (r->type != R_X86_64_RELATIVE || r->offset < start || r->offset > end - 8 ||
                r->offset % 8 != 0) {
            cw_enclave_abort();
        }
        *(uint64_t *)(base + r->offset) = base + r->addend;
    }
}

/* Once: entry.S asks again only after false, and then nothing has changed. */
bool cw_sgx_start(cw_far arena_far, size_t arena_len)
{
    if (!cw_arena_open(arena_far, arena_len)) {
        return false;
    }
    relocate();
    return cw_enclave_random((uint8_t *)&__cw_tls[5], sizeof __cw_tls[5]) == CW_OK;
}

static bool is_asked(void)
{
    return cw_arena_word(CW_SGX_WORD_REQUEST) == answered + 1;
}

static bool is_asked_soon(void)
{
    const uint64_t wanted = cw_arena_word(CW_SGX_WORD_SPIN);
    for (uint64_t left = wanted < CW_SGX_SPIN_MAX ? wanted : CW_SGX_SPIN_MAX; left > 0; left--) {
        if (is_asked()) {
            return true;
        }
        __asm__ volatile("pause");
    }
    return is_asked();
}

static void receive(struct cw_call *ret_call)
{
    while (!is_asked_soon()) {
        cw_sgx_leave(CW_SGX_EXIT_IDLE);
    }
    __asm__ volatile("lfence" : : : "memory");
    *ret_call = (struct cw_call){
            .in_far = cw_arena_place() + CW_SGX_IN,
            .in_len = cw_arena_word(CW_SGX_WORD_IN_LEN),
            .out_far = cw_arena_place() + CW_SGX_OUT,
            .out_cap = CW_SGX_OUT_LEN,
            .entry = (uint16_t)cw_arena_word(CW_SGX_WORD_ENTRY),
    };
}

static void answer(cw_return value)
{
    uint32_t served;
    (void)cw_many_close(value, &value, &served);
    if (cw_sgx_state != CW_SGX_STATE_RUNNING) {
        cw_enclave_abort();
    }
    cw_arena_set(CW_SGX_WORD_RESULT, value);
    cw_arena_set(CW_SGX_WORD_SERVED, served);
    cw_arena_set(CW_SGX_WORD_RESPONSE, ++answered);
    __asm__ volatile("mfence" : : : "memory");
    if (cw_arena_word(CW_SGX_WORD_SLEEPS) != 0) {
        cw_sgx_leave(CW_SGX_EXIT_WAKE);
    }
}

static cw_return serve(struct cw_call *call)
{
    if ((call->entry & CW_SGX_MANY) == 0) {
        return cw_run(call);
    }
    call->entry &= (uint16_t)~CW_SGX_MANY;
    return cw_many_run(call);
}

void cw_sgx_main(void)
{
    for (;;) {
        struct cw_call call;
        receive(&call);
        answer(serve(&call));
    }
}

void cw_enclave_leave(cw_return value, struct cw_call *ret_next)
{
    answer(value);
    receive(ret_next);
}

uint8_t cw_enclave_start(uint8_t ret_start[static CW_START_LEN])
{
    return cw_enclave_random(ret_start, CW_START_LEN) == CW_OK ? CW_FRESH_RANDOM : CW_FRESH_NONE;
}
